#pragma once
// Tensors whose memory is a server's: read and written over the network. A host's is used in place.

#include <ggml.h>

#include <vector>

namespace llmx::engine {

/// The memory is a server's: `data` is an address there.
bool is_remote(const ggml_tensor* tensor);

/// All of a tensor's bytes, ggml_nbytes of them: its own memory, or `fetched` with what the server has.
const void* read_bytes(const ggml_tensor* tensor, std::vector<char>& fetched);

void store_bytes(ggml_tensor* tensor, const std::vector<char>& bytes);

/// `change(char*)` gets all of a tensor's bytes, and may write to them.
template <class Change>
void change_bytes(ggml_tensor* tensor, const Change& change) {
    if (!is_remote(tensor)) return change(static_cast<char*>(tensor->data));
    std::vector<char> bytes;
    read_bytes(tensor, bytes);
    change(bytes.data());
    store_bytes(tensor, bytes);
}

}  // namespace llmx::engine

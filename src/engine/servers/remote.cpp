#include "engine/servers/remote.hpp"

#include <ggml-backend.h>

namespace llmx::engine {

bool is_remote(const ggml_tensor* tensor) {
    ggml_backend_buffer_t buffer = tensor->view_src != nullptr ? tensor->view_src->buffer : tensor->buffer;
    return buffer != nullptr && !ggml_backend_buffer_is_host(buffer);
}

const void* read_bytes(const ggml_tensor* tensor, std::vector<char>& fetched) {
    if (!is_remote(tensor)) return tensor->data;
    fetched.resize(ggml_nbytes(tensor));
    ggml_backend_tensor_get(tensor, fetched.data(), 0, fetched.size());
    return fetched.data();
}

void store_bytes(ggml_tensor* tensor, const std::vector<char>& bytes) {
    ggml_backend_tensor_set(tensor, bytes.data(), 0, bytes.size());
}

}  // namespace llmx::engine

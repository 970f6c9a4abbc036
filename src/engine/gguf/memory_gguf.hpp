#pragma once
// A GGUF file that exists in memory only.

#include <cstdio>
#include <functional>
#include <memory>
#include <string>

#include "engine/gguf/content.hpp"

namespace llmx::engine {

/// A GGUF file without a name, of a Content's keys and tensors; the tensors are zero until `fill`.
/// llama.cpp maps it, so that the weights exist once.
/// (llama_model_init_from_user would create every optional tensor of an architecture, filled or not:
/// output matrices beside tied embeddings, norms and biases that the model does not have.)
class MemoryGguf {
public:
    /// Throws Error{model} where there is no room, or for tensors that no GGUF can hold; `what` starts
    /// its messages.
    MemoryGguf(const Content& content, const std::string& what);
    ~MemoryGguf();
    MemoryGguf(const MemoryGguf&) = delete;
    MemoryGguf& operator=(const MemoryGguf&) = delete;

    /// Open at its beginning; closed with this object.
    [[nodiscard]] std::FILE* file() const { return file_; }

    /// Lets every tensor of the same Content write its values. `progress` gets the part that is done;
    /// false ends it, and then the return value is false.
    bool fill(const Content& content, const std::function<bool(double done)>& progress);

private:
    std::string what_;
    std::FILE* file_ = nullptr;
    std::size_t data_ = 0;              // where the tensors begin
    std::vector<std::size_t> offsets_;  // from there
};

}  // namespace llmx::engine

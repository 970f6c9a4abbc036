#pragma once
// Keeps llama.cpp from printing, and from aborting on input that it does not accept.

#include <stdexcept>
#include <string>

namespace llmx::engine {

/// Initialises llama.cpp once for the process and turns its printing off. Called before anything else.
void init_llama();

/// While one exists on this thread, errors that llama.cpp reports are collected, and a failed assertion of
/// ggml on this thread becomes LlamaAbort instead of the end of the process. Only for loading, tokenising and
/// the like: during a pass, assertions may fail on other threads.
class LlamaGuard {
public:
    LlamaGuard();
    ~LlamaGuard();
    LlamaGuard(const LlamaGuard&) = delete;
    LlamaGuard& operator=(const LlamaGuard&) = delete;

    /// The first error that llama.cpp reported in this scope, in one line; `otherwise` if none.
    [[nodiscard]] std::string reason(const std::string& otherwise = "llama.cpp gave no reason") const;
};

/// A failed assertion of ggml; what() is in one line.
class LlamaAbort : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Text from elsewhere as one line: runs of white space become one space, at most `limit` bytes.
std::string one_line(const std::string& text, std::size_t limit = 300);

}  // namespace llmx::engine

#pragma once
// The library's only exception type. Public functions throw nothing else (except std::bad_alloc); the library
// never aborts, exits or prints.

#include <stdexcept>
#include <string>

#include <llmx/export.hpp>

namespace llmx {

/// Kinds of errors. The numbers are the command line's exit codes.
enum class ErrorCode {
    usage = 2,             ///< an argument, option or key is unknown or not allowed
    input = 3,             ///< an input text, list or file cannot be used
    model = 4,             ///< the model file is missing, broken, or lacks what was asked of it
    unsupported = 5,       ///< the model runs, but cannot be explained: unsupported operation or architecture
    context_overflow = 6,  ///< prompt and answer do not fit the context
    output = 7,            ///< a result could not be written; an existing file is untouched
    cancelled = 8,         ///< stopped by the caller
    internal = 9,          ///< a bug in this library or in llama.cpp
};

/// Message form: `what: what was got; what was expected or would work`, lower case, one line. Keys of a
/// request are in backticks: "`top_k`: got -1; expected 0 (all tokens) or more".
class LLMX_API Error : public std::runtime_error {
public:
    Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
    [[nodiscard]] ErrorCode code() const noexcept { return code_; }
    /// The request key at fault: the first one in the message before its "; ". Empty if there is none.
    [[nodiscard]] std::string key() const;

private:
    ErrorCode code_;
};

}  // namespace llmx

#pragma once
// The one exception type of the library. Every public function may throw it and nothing else
// (std::bad_alloc apart); the library never aborts, exits or prints.

#include <stdexcept>
#include <string>

#include <llmx/export.hpp>

namespace llmx {

/// What kind of thing went wrong. The command line's exit codes are these numbers.
enum class ErrorCode {
    usage = 2,             ///< an argument, option or key that is not known or not allowed
    input = 3,             ///< a text, list or file given as input cannot be used
    model = 4,             ///< the model file is missing, broken, or lacks what is asked of it
    unsupported = 5,       ///< the model runs, but an operation or architecture has no rule here
    context_overflow = 6,  ///< prompt plus answer do not fit the context
    output = 7,            ///< a result could not be written; what was there is untouched
    cancelled = 8,         ///< stopped at the caller's wish
    internal = 9,          ///< a broken promise inside this library or llama.cpp
};

/// Message form: `what: what was got; what was expected or would work`, lower case, one line.
class LLMX_API Error : public std::runtime_error {
public:
    Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
    [[nodiscard]] ErrorCode code() const noexcept { return code_; }

private:
    ErrorCode code_;
};

}  // namespace llmx

#pragma once
// What goes wrong, as an HTTP status and a JSON body.

#include <exception>
#include <llmx/error.hpp>
#include <optional>
#include <string>

namespace llmx::serve {

/// A request that is answered by an error.
struct HttpError : std::exception {
    int status = 500;
    std::string type;             ///< "busy", "forbidden", ...; of an llmx::Error the name of its code
    std::string message;          ///< of an llmx::Error: its own, as on the command line
    std::optional<int> code;      ///< of an llmx::Error: the command line's exit code
    int retry_after = 0;          ///< seconds; 0: not said
    std::string allowed_methods;  ///< of a 405

    HttpError(int s, std::string t, std::string m, int retry = 0)
        : status(s), type(std::move(t)), message(std::move(m)), retry_after(retry) {}
    explicit HttpError(const Error& error);
    /// Of an error that the worker met.
    HttpError(int exit_code, const std::string& what);

    [[nodiscard]] const char* what() const noexcept override { return message.c_str(); }
    /// {"error": {"message", "type", "code"}}
    [[nodiscard]] std::string body() const;
};

}  // namespace llmx::serve

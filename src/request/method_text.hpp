#pragma once
// Methods as text: NAME[:OPTION=VALUE...]; and the options that several methods share.

#include <llmx/explainer.hpp>
#include <map>
#include <string>
#include <vector>

#include "request/field.hpp"

namespace llmx::request {

/// An option, and the methods that have it.
struct SharedOption {
    MethodOption option;
    std::vector<std::string> methods;
    std::string default_value;  ///< its default in words: methods may differ
};
const std::vector<SharedOption>& shared_options();

/// The names of all methods, "all" and "automatic".
const std::vector<std::string>& method_names();

/// Throws Error{usage} for a name that is not known.
Method parse_method(const std::string& text);
/// As `parse_method` reads it.
std::string spelled(const Method& method);

/// The methods as they are carried out: "all" is replaced by every method (context_reliance only where
/// `has_context`), and each gets those of `options` that it has and its own text does not set. Throws
/// Error{usage} for an option that no method has.
std::vector<Method> resolved(const std::vector<Method>& methods,
                             const std::map<std::string, std::string>& options, bool has_context);

}  // namespace llmx::request

#pragma once
// Methods on the command line: NAME[:OPTION=VALUE...], and one flag for every option that a method declares.

#include <CLI/CLI.hpp>
#include <llmx/methods.hpp>
#include <map>
#include <string>
#include <vector>

namespace llmx::cli {

/// Declares a flag for every option of every method, of those that `app` has not already. Parsing fills
/// `given`, by the options' names, which must outlive it.
void declare_method_options(CLI::App& app, std::map<std::string, std::string>& given);

/// The methods that were asked for. An option in `given` goes to every method that has it, one in a method's
/// own text goes before. Throws Error{usage} for what no method takes.
std::vector<Method> read_methods(const std::vector<std::string>& texts,
                                 const std::map<std::string, std::string>& given);

/// A method as the command line spells it, with the options that it was given.
std::string spelled(const Method& method);

}  // namespace llmx::cli

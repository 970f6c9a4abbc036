#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace llmx::cli {

/// The long options of a command without their dashes and without --help, in order of declaration.
std::vector<std::string> option_names(const CLI::App& app);

}  // namespace llmx::cli

#pragma once
// The flags of a request: one for each row, and its file, as CLI11 reads them.

#include <CLI/CLI.hpp>
#include <string>

#include "request/field.hpp"

namespace llmx::cli {

/// Declares a flag for each field. Parsing puts what the command line gives into `given`, by key; it must
/// outlive the app. Throws Error{usage} while parsing for a number that is none.
void declare_flags(CLI::App& app, const request::Fields& fields, request::Json& given);

/// `lower`, where `higher` has no value for a key.
request::Json merged(request::Json lower, const request::Json& higher);

/// "max_new_tokens" as the command line has it: --max-new-tokens.
std::string flag_of(std::string key);

}  // namespace llmx::cli

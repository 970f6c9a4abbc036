#pragma once

#include <string>
#include <vector>

namespace llmx::cli {

/// One record of RFC 4180 with its line end: fields that hold a comma, a quote or a line end are quoted.
std::string csv_record(const std::vector<std::string>& fields);

}  // namespace llmx::cli

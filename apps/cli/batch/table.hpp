#pragma once
// The scores of a batch as one table.

#include <string>

#include "batch/results.hpp"

namespace llmx::cli {

/// CSV (RFC 4180): a row for each request, method, target and unit, with the columns of Python's
/// `Result.to_pandas` behind id and line. A failed request has one row, with its error.
std::string scores_csv(const std::vector<BatchRequest>& requests, const BatchResults& results);

}  // namespace llmx::cli

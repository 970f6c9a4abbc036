#pragma once
// docs/architectures.md: a row for each architecture, made from what was verified.

#include <string>
#include <vector>

#include "verify.hpp"

namespace llmx::test {

/// The page with the rows of these models written anew; the others' stay as they are.
std::string updated(const std::string& page, const std::vector<Verdict>& verdicts);

/// Empty if the page has a row for each of these models and no other, and agrees with the verdicts; otherwise
/// the first difference. The error figures are bounds with some margin, as rounding differs between machines.
std::string difference(const std::string& page, const std::vector<std::string>& models,
                       const std::vector<Verdict>& verdicts);
/// The same of one model's row.
std::string difference(const std::string& page, const Verdict& verdict);

}  // namespace llmx::test

#pragma once
// docs/architectures.md: a row for each architecture, made from what was verified.

#include <string>
#include <vector>

#include "verify.hpp"

namespace llmx::test {

/// The page with the rows of these models written anew; the others' stay as they are.
std::string updated(const std::string& page, const std::vector<Verdict>& verdicts);

/// Empty where the page has a row for each of these models and for no other, and says of each that was
/// verified what was found; else the first thing that is not so. The error figures are bounds with room, for
/// another machine rounds otherwise: a page holds as long as they do.
std::string difference(const std::string& page, const std::vector<std::string>& models,
                       const std::vector<Verdict>& verdicts);
/// The same of one model's row.
std::string difference(const std::string& page, const Verdict& verdict);

}  // namespace llmx::test

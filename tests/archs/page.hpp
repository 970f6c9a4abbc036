#pragma once
// docs/architectures.md: one row per architecture, generated from what the tests verified.

#include <string>
#include <vector>

#include "verify.hpp"

namespace llmx::test {

/// The page with the rows of these models updated; the others are unchanged.
std::string updated(const std::string& page, const std::vector<Verdict>& verdicts);

/// Empty if the page agrees with what was verified, otherwise the first difference. The page states error
/// bounds with some room, because other machines round differently; it is correct as long as they hold.
std::string difference(const std::string& page, const std::vector<Verdict>& verdicts);
/// The same for one model's row.
std::string difference(const std::string& page, const Verdict& verdict);

}  // namespace llmx::test

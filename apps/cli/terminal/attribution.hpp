#pragma once

#include <llmx/result.hpp>
#include <ostream>

namespace llmx::cli {

/// The attributions of a result: the sources coloured by each method's scores (summed over the targets), and
/// the units that matter most by the first of them.
void print_attributions(std::ostream& out, const Explanation& result, bool color);

}  // namespace llmx::cli

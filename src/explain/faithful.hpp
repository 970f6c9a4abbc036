#pragma once

#include "explain/attributions.hpp"

namespace llmx {

/// Refuses an absence that does not go with the model, and too few random rankings.
void require_check(const Check& check, const Model& model);

/// Request::check: fills in the faithfulness of every map of the result, by one game for all of them. Throws
/// Error{unsupported} where the model does not do without units in this way.
void measure_faithfulness(const Request& request, const Model& model, AttributionRun& explained,
                          Explanation& result);

}  // namespace llmx

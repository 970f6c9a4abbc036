#pragma once

#include "explain/attributions.hpp"
#include "faithfulness/maps.hpp"

namespace llmx {

/// A map's scores of the units, summed over targets. Of the original's maps, aggregated; sources other than
/// the prompt's tokens have none.
faithfulness::Map of_units(const faithfulness::MethodMap& map, const Request& request,
                           const method::AttributionContext& scene);

/// Refuses an absence that does not go with the model, and too few random rankings.
void require_check(const Check& check, const Model& model);

/// Request::check: fills in the faithfulness of every map of the result, by one game for all of them. Throws
/// Error{unsupported} where the model does not do without units in this way.
void measure_faithfulness(const Request& request, const Model& model, AttributionRun& explained,
                          Explanation& result);

/// Request::rationale: fills in the plausibility of every map of the result; nothing without one.
void measure_plausibility(const Request& request, const AttributionRun& explained, Explanation& result);

}  // namespace llmx

#pragma once
// Plausibility of unit scores: agreement with the units that a person holds to be the reasons (definitions 5;
// the ERASER benchmark, DeYoung et al. 2020).

#include <llmx/result.hpp>
#include <vector>

#include "faithfulness/faithfulness.hpp"

namespace llmx::faithfulness {

/// F1 of the k units of highest score against the k units that are marked; as many are chosen as are marked,
/// so that precision, recall and F1 are one number, from 0 to 1. Among equal scores the earlier unit comes
/// first. `marked` has one entry a unit, at least one of them true.
double token_f1(const Map& scores, const std::vector<bool>& marked);

/// Σ over thresholds of (recall - recall at the threshold above) * precision, from 0 to 1: a threshold for
/// every different score, so that units of equal score are chosen together (scikit-learn's
/// average_precision_score).
double average_precision(const Map& scores, const std::vector<bool>& marked);

/// The mean of `average_precision` over all rankings without ties of `units`, of which `marked` are marked.
double expected_average_precision(std::size_t units, std::size_t marked);

/// Throws Error{usage} for a map whose size is not that of `marked`, and where nothing is marked.
Plausibility plausibility(const Map& scores, const std::vector<bool>& marked);

}  // namespace llmx::faithfulness

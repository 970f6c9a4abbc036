#pragma once
// What of a record that was read must fit together. Throws Error{input} that names the place.

#include <llmx/result.hpp>

#include "view/json_place.hpp"

namespace llmx::view {

/// Most records say nothing of each other's sizes.
template <class Record>
void require_fitting(const Place&, Record&) {}

void require_fitting(const Place& place, Attribution& attribution);
void require_fitting(const Place& place, AttentionMaps& maps);
void require_fitting(const Place& place, NeuronGroup& group);
void require_fitting(const Place& place, LogitLens& lens);
void require_fitting(const Place& place, Why& why);
/// The original's scores: one a token of the prompt.
void require_fitting(const Place& place, Explanation& explanation);

}  // namespace llmx::view

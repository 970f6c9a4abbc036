#pragma once
// The words of enums that requests name, in the order in which help lists them.

#include <llmx/request.hpp>
#include <optional>

#include "request/rows.hpp"

namespace llmx::request {

const Words<std::optional<Task>>& task_words();
const Words<Objective>& objective_words();
const Words<Measure>& measure_words();
const Words<UnitKind>& unit_words();
const Words<Aggregation>& aggregation_words();
const Words<FixedTokens>& fixed_words();
const Words<Absence>& absence_words();

}  // namespace llmx::request

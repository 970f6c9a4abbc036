#pragma once
// A text with rows taken out.

#include <map>

#include "engine/pass/pass.hpp"

namespace llmx::method {

/// The pass without the rows that are `absent`: what follows moves up. Of some of them, tokens take the place
/// (`instead`, by row). What an output predicted is predicted
/// by the last row that is left in front of it; where none is left, `neutral` stands there. An output may
/// come twice. Not for encoders, whose outputs are the rows themselves.
engine::PassInput without_rows(const engine::PassInput& text, const std::vector<bool>& absent, Token neutral,
                               const std::map<int, Tokens>& instead = {});

}  // namespace llmx::method

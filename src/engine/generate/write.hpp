#pragma once
// Writing one text token by token: greedy or sampled, with or without drafts.

#include "engine/generate/request.hpp"

namespace llmx::engine {

Generation write(const Model& model, const Beginning& beginning, const GenerateOptions& options);

}  // namespace llmx::engine

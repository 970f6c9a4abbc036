#pragma once
// Beam search, with the scores and the stopping rules of Hugging Face's transformers.

#include "engine/generate/request.hpp"

namespace llmx::engine {

Generation beam_search(const Model& model, const Beginning& beginning, const GenerateOptions& options);

}  // namespace llmx::engine

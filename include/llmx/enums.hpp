#pragma once
// Enumerations of requests and results, and their names in JSON.

#include <string>

#include <llmx/export.hpp>
#include <llmx/model.hpp>

namespace llmx {

/// What the model is asked to do.
enum class Task {
    question_answering,
    translation,
    summarization,
    generative_text_chat,
    generative_text_chat_assistant,
};
/// What the gradient differentiates. `aligned`: loss of the label's tokens against the generated answer's
/// logits, row by row; `teacher`: log-probability of the label, replayed; `generated`: log-probability of the
/// answer; `automatic`: aligned with a label, generated without.
enum class Objective { automatic, aligned, teacher, generated };
/// Type of the operands in the reverse pass's products with weights. Sums are always float32.
enum class Products { float32, bfloat16 };

/// The value of a target, computed from its tokens: Σ log p; product of p; Σ logit; Σ entropy of their rows;
/// Σ KL divergence of their rows from the model's without the context (docs/definitions.md, section 5).
enum class Measure { logprob, probability, logit, entropy, kl };

LLMX_API std::string to_string(ModelKind);  ///< "decoder", "encoder", "encoder-decoder"
/// The name in JSON.
LLMX_API std::string to_string(Task);
/// The name in JSON.
LLMX_API std::string to_string(Objective);
/// The name in JSON.
LLMX_API std::string to_string(Measure);
/// Parses a name. Throws Error{usage} that suggests the nearest known name.
LLMX_API Measure parse_measure(const std::string&);
/// Parses a name; also accepts "summarizations". Throws Error{usage} that suggests the nearest known name.
LLMX_API Task parse_task(const std::string&);
/// Parses a name. Throws Error{usage} that suggests the nearest known name.
LLMX_API Objective parse_objective(const std::string&);

}  // namespace llmx

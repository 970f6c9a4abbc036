#pragma once
// Words with a fixed set, and their names in requests and results.

#include <string>

#include <llmx/model.hpp>

namespace llmx {

enum class Task {
    question_answering,
    translation,
    summarization,
    generative_text_chat,
    generative_text_chat_assistant,
};
/// aligned: loss of the label's tokens against the generated answer's logits, row by row;
/// teacher: log-probability of the label, replayed; generated: log-probability of the answer.
enum class Objective { automatic, aligned, teacher, generated };
/// Type of the operands in the reverse pass's products with weights (sums are float32).
enum class Products { float32, bfloat16 };

/// What is measured of a target's tokens: Σ log p; product of p; Σ logit; Σ entropy of their rows;
/// Σ KL divergence of their rows from those that the model gives without the context (definitions 2 to 4).
enum class Measure { logprob, probability, logit, entropy, kl };

std::string to_string(ModelKind);  ///< "decoder", "encoder", "encoder-decoder"
std::string to_string(Task);
std::string to_string(Objective);
std::string to_string(Measure);
/// Parse a name; Error{usage} names the nearest known one.
Measure parse_measure(const std::string&);
/// "summarizations" is known too.
Task parse_task(const std::string&);
Objective parse_objective(const std::string&);

}  // namespace llmx

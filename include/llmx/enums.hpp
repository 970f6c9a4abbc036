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
/// answer; `automatic`: teacher with a label (aligned for an encoder), generated without.
enum class Objective { automatic, aligned, teacher, generated };
/// Type of the operands in the reverse pass's products with weights. Sums are always float32. `automatic`:
/// bfloat16 for a quantised model on a processor that multiplies it, else float32.
enum class MatmulPrecision { automatic, float32, bfloat16 };

/// The unit of text that gets one score. `regex`: each match of a pattern; `spans`: given ranges of
/// characters.
enum class UnitKind { token, word, sentence, line, paragraph, turn, role, regex, spans };
/// How the scores of a unit's tokens become the score of the unit. `max_abs`: the score of largest magnitude,
/// with its sign; `automatic`: sum for a method whose scores have signs, mean for others, whose sums grow
/// with a unit's length.
enum class Aggregation { automatic, sum, mean, max_abs };
/// Tokens that stay in every text and get no score. `special`: control tokens; `chat_template` ("template" in
/// JSON): also the tokens that the chat template adds; `automatic`: chat_template for a prompt made by one,
/// else none.
enum class FixedTokens { automatic, none, special, chat_template };
/// What takes the place of an absent unit's tokens. `token`: another token for each of them; `deletion`:
/// nothing, the text after them moves up; `attention_mask`: they stay, but no token attends to them.
enum class Absence { token, deletion, attention_mask };

/// The value of a target, computed from its tokens: Σ log p; the mean of log p, which compares texts of
/// different lengths; product of p; Σ logit; Σ entropy of their rows; Σ KL divergence of their rows from the
/// model's without the context (docs/definitions.md, section 5).
enum class Measure { logprob, mean_logprob, probability, logit, entropy, kl };

LLMX_API std::string to_string(ModelKind);  ///< "decoder", "encoder", "encoder-decoder"
/// The name in JSON.
LLMX_API std::string to_string(Task);
/// The name in JSON.
LLMX_API std::string to_string(Objective);
/// The name in JSON.
LLMX_API std::string to_string(Measure);
/// The name in JSON.
LLMX_API std::string to_string(UnitKind);
/// The name in JSON.
LLMX_API std::string to_string(Aggregation);
/// The name in JSON.
LLMX_API std::string to_string(FixedTokens);
/// The name in JSON.
LLMX_API std::string to_string(Absence);
/// Parses a name. Throws Error{usage} that suggests the nearest known name.
LLMX_API Measure parse_measure(const std::string&);
/// Parses a name; also accepts "summarizations". Throws Error{usage} that suggests the nearest known name.
LLMX_API Task parse_task(const std::string&);
/// Parses a name. Throws Error{usage} that suggests the nearest known name.
LLMX_API Objective parse_objective(const std::string&);
/// Parses a name. Throws Error{usage} that suggests the nearest known name.
LLMX_API Absence parse_absence(const std::string&);

}  // namespace llmx

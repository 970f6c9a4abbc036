#pragma once
// The answer of extractive question answering: the best span of context tokens.

#include <optional>
#include <span>
#include <vector>

namespace llmx::task {

/// Tokens [start, end], inclusive, by their positions in the pair.
struct TokenSpan {
    int start = 0;
    int end = 0;
    double score = 0;  ///< start logit + end logit
};

constexpr int best_logits = 20;   ///< starts and ends that are tried
constexpr int longest_span = 30;  ///< tokens

/// The span with the highest score among the 20 best starts and the 20 best ends of tokens [first, last),
/// start <= end, at most 30 tokens; the earlier one among equals. Empty if no start and end fit together.
std::optional<TokenSpan> best_span(std::span<const float> start_logits, std::span<const float> end_logits,
                                   int first, int last);

/// The result of one window.
struct WindowAnswer {
    std::optional<TokenSpan> span;
    double none = 0;  ///< score of the class token: no answer here
};

struct Choice {
    int window = 0;
    TokenSpan span;  ///< the class token if there is no answer
    bool no_answer = false;
};

/// The best span of all windows; no answer if there is none or, unless `must_answer`, the class token scores
/// higher even in the window where it scores lowest.
Choice choose(std::span<const WindowAnswer> windows, bool must_answer = false);

}  // namespace llmx::task

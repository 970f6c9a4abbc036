#include "task/extractive/best_span.hpp"

#include <algorithm>
#include <numeric>

namespace llmx::task {

namespace {

/// Positions of the largest logits in [first, last); among equals the earlier one first.
std::vector<int> best_places(std::span<const float> logits, int first, int last) {
    std::vector<int> places(static_cast<std::size_t>(last - first));
    std::iota(places.begin(), places.end(), first);
    std::stable_sort(places.begin(), places.end(), [&](int a, int b) {
        return logits[static_cast<std::size_t>(a)] > logits[static_cast<std::size_t>(b)];
    });
    places.resize(std::min<std::size_t>(places.size(), best_logits));
    return places;
}

}  // namespace

std::optional<TokenSpan> best_span(std::span<const float> start_logits, std::span<const float> end_logits,
                                   int first, int last) {
    std::optional<TokenSpan> best;
    const std::vector<int> ends = best_places(end_logits, first, last);
    for (const int start : best_places(start_logits, first, last)) {
        for (const int end : ends) {
            if (start > end || end - start + 1 > longest_span) continue;
            const double score = static_cast<double>(start_logits[static_cast<std::size_t>(start)]) +
                                 end_logits[static_cast<std::size_t>(end)];
            const bool earlier = best && score == best->score &&
                                 (start < best->start || (start == best->start && end < best->end));
            if (!best || score > best->score || earlier) best = {start, end, score};
        }
    }
    return best;
}

Choice choose(std::span<const WindowAnswer> windows, bool must_answer) {
    Choice best;
    int least = 0;
    bool found = false;
    for (std::size_t i = 0; i < windows.size(); ++i) {
        const WindowAnswer& window = windows[i];
        if (window.none < windows[static_cast<std::size_t>(least)].none) least = static_cast<int>(i);
        if (window.span && (!found || window.span->score > best.span.score)) {
            best = {static_cast<int>(i), *window.span, false};
            found = true;
        }
    }
    const double none = windows[static_cast<std::size_t>(least)].none;
    if (!found || (!must_answer && none > best.span.score)) return {least, {0, 0, none}, true};
    return best;
}

}  // namespace llmx::task

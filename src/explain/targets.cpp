#include "explain/targets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <llmx/error.hpp>
#include <numeric>

#include "engine/text/spelling.hpp"
#include "engine/text/vocabulary.hpp"
#include "text/utf8.hpp"
#include "text/words.hpp"

namespace llmx {

namespace {

using Range = std::pair<int, int>;

std::string text_of(const Model& model, const Tokens& tokens, Range range) {
    const auto part = std::span(tokens).subspan(range.first, range.second - range.first);
    return model.facts().kind == ModelKind::decoder ? engine::continued_text(model, part, /*special=*/true)
                                                    : utf8::replace_invalid(model.detokenize(part));
}

constexpr PlaceKey span_key{"target_span", "the answer", "tokens"};

bool has_span(const TargetChoice& choice) { return choice.span || !choice.span_text.empty(); }

/// The tokens that the choice names: a range, words that stand in the text once, or all.
Range span_of(const TargetChoice& choice, const Model& model, const Tokens& tokens) {
    const auto count = static_cast<int>(tokens.size());
    if (!has_span(choice)) return {0, count};
    std::string text;
    std::vector<std::size_t> ends;
    for (const Token id : tokens) {
        text += model.token_bytes(id);
        ends.push_back(text.size());
    }
    const auto [a, b] = choice.span.value_or(Range{});
    const bool fits = choice.span && a >= 0 && a < b && b <= count;
    const std::string& words = choice.span_text;
    if (choice.span && (words.empty() || is_range(span_key, text, words, *choice.span, fits))) {
        if (fits) return *choice.span;
        throw Error(ErrorCode::input,
                    fmt::format("`target_span`: got {}:{}; the answer has tokens 0 to {}", a, b, count - 1));
    }
    const std::size_t at = find_words(span_key, text, words);
    const auto first = std::upper_bound(ends.begin(), ends.end(), at) - ends.begin();
    const auto last = std::lower_bound(ends.begin(), ends.end(), at + words.size()) - ends.begin() + 1;
    return {static_cast<int>(first), static_cast<int>(last)};
}

bool ends(const Model& model, std::span<const Token> tokens) {
    return !tokens.empty() && engine::is_end(model, tokens.back());
}

/// The contrast, with an end token if the explained tokens have one, else without: like against like.
Tokens contrast_of(const TargetChoice& choice, const Model& model, const Tokens& tokens, Range span) {
    Tokens contrast = choice.contrast;
    if (contrast.empty()) return contrast;
    const auto explained = std::span(tokens).subspan(span.first, span.second - span.first);
    if (ends(model, explained) && !ends(model, contrast)) contrast.push_back(explained.back());
    if (!ends(model, explained) && ends(model, contrast) && contrast.size() > 1) contrast.pop_back();
    return contrast;
}

/// A token's text; bytes that are no characters as "<0xE6>".
std::string spelled(const std::string& bytes) {
    if (utf8::is_valid(bytes)) return bytes;
    std::string text;
    for (const char byte : bytes) text += fmt::format("<0x{:02X}>", static_cast<unsigned char>(byte));
    return text;
}

/// The `count` most probable tokens of a row, the most probable first.
Tokens most_probable(std::span<const float> logits, int count) {
    Tokens ids(logits.size());
    std::iota(ids.begin(), ids.end(), 0);
    const auto more = [&](Token a, Token b) {
        return logits[a] > logits[b] || (logits[a] == logits[b] && a < b);
    };
    std::partial_sort(ids.begin(), ids.begin() + count, ids.end(), more);
    ids.resize(static_cast<std::size_t>(count));
    return ids;
}

/// Collects targets of the text.
class Builder {
public:
    Builder(const Model& model, int prompt, bool mean) : model_(model), prompt_(prompt), mean_(mean) {}

    void add(std::string text, Range range, objective::Target target, std::optional<Token> id = {}) {
        found.facts.push_back({std::move(text), {prompt_ + range.first, prompt_ + range.second}, 0, id});
        found.output_rows.push_back(range);
        targets.push_back(std::move(target));
    }
    /// Every token of a range, in its own row.
    void add_range(const Tokens& tokens, Range range, const Tokens& contrast) {
        objective::Target target;
        const double weight = mean_ ? 1.0 / (range.second - range.first) : 1.0;
        for (int t = range.first; t < range.second; ++t)
            target.terms.push_back({0, {t, tokens[static_cast<std::size_t>(t)], weight}});
        // The contrast stands in the range's place, behind the same tokens.
        const double against = mean_ && !contrast.empty() ? 1.0 / static_cast<double>(contrast.size()) : 1.0;
        for (int t = 0; t < static_cast<int>(contrast.size()); ++t)
            target.terms.push_back({1, {range.first + t, contrast[static_cast<std::size_t>(t)], -against}});
        add(text_of(model_, tokens, range), range, std::move(target));
    }

    Targets found;
    std::vector<objective::Target> targets;

private:
    const Model& model_;
    int prompt_;
    bool mean_;  ///< of a target's log-probabilities, not their sum
};

void require_compatible(const TargetChoice& choice) {
    const auto refuse = [](const std::string& what) { throw Error(ErrorCode::usage, what); };
    if (choice.contrast.empty()) return;
    if (choice.each || choice.alternatives > 0)
        refuse("`contrast`: it explains a single difference; leave out `per_token` and `alternatives`");
    if (choice.all_sources)
        refuse("`contrast`: the two answers have only the prompt in common; expected `sources` prompt");
    if (choice.measure == Measure::kl || choice.measure == Measure::entropy)
        refuse(
            fmt::format("`contrast`: got `measure` {}; expected logprob, mean_logprob, probability or logit",
                        to_string(choice.measure)));
}

void require_span_target(const TargetChoice& choice) {
    if (choice.each || has_span(choice) || choice.alternatives > 0 || !choice.contrast.empty() ||
        choice.measure != Measure::logprob || choice.all_sources) {
        throw Error(ErrorCode::usage,
                    "target: an encoder finds one span; leave out `target_span`, `per_token`, "
                    "`alternatives`, `contrast`, `measure` and `sources`");
    }
}

}  // namespace

Tokens contrast_text(const TargetChoice& choice, const Model& model, const Tokens& tokens) {
    const Range span = span_of(choice, model, tokens);
    Tokens text(tokens.begin(), tokens.begin() + span.first);
    const Tokens contrast = contrast_of(choice, model, tokens, span);
    text.insert(text.end(), contrast.begin(), contrast.end());
    return text;
}

void require_targets(const Request& request, const Model& model) {
    if (model.facts().kind == ModelKind::encoder) {
        require_span_target(request.target);
    } else {
        require_compatible(request.target);
    }
}

namespace {

/// What the rows explain, and whether the token that ends the text counts.
std::string in_words(const Request& request, const Model& model, const Tokens& tokens, Range span) {
    const TargetChoice& choice = request.target;
    const std::string text = request.objective == Objective::teacher ? "label" : "answer";
    const std::string what =
        choice.alternatives > 0
            ? fmt::format("the {} most probable tokens at each place of the {}", choice.alternatives, text)
        : choice.each      ? fmt::format("each {} token", text)
        : has_span(choice) ? fmt::format("a span of the {}", text)
                           : "the " + text;
    const Tokens contrast = contrast_of(choice, model, tokens, span);
    const auto explained = std::span(tokens).subspan(span.first, span.second - span.first);
    const bool sum = choice.alternatives == 0 && !choice.each;
    return fmt::format("{} of {}{}{}", to_string(choice.measure), what,
                       sum && ends(model, explained) ? " and the token that ends it" : "",
                       contrast.empty()
                           ? ""
                           : fmt::format(" minus that of \"{}\"{}",
                                         text_of(model, contrast, {0, static_cast<int>(contrast.size())}),
                                         has_span(choice) ? " in its place" : ""));
}

}  // namespace

Targets targets_of(const Request& request, const Model& model, const Tokens& tokens, const Tensor& logits,
                   Tensor reference) {
    const TargetChoice& choice = request.target;
    require_compatible(choice);
    const Range span = span_of(choice, model, tokens);
    const bool mean = choice.measure == Measure::mean_logprob;
    Builder builder(model, static_cast<int>(request.input_ids.size()), mean);
    if (choice.alternatives > 0) {
        const int count = std::min(choice.alternatives, model.facts().vocabulary);
        for (int t = span.first; t < span.second; ++t) {
            for (const Token id : most_probable(logits.row(static_cast<std::size_t>(t)), count))
                builder.add(spelled(model.token_bytes(id)), {t, t + 1}, {{{0, {t, id, 1.0}}}}, id);
        }
    } else if (choice.each) {
        for (int t = span.first; t < span.second; ++t) builder.add_range(tokens, {t, t + 1}, {});
    } else {
        builder.add_range(tokens, span, contrast_of(choice, model, tokens, span));
    }
    objective::Target whole;
    for (int t = span.first; t < span.second; ++t)
        whole.terms.push_back(
            {0, {t, tokens[static_cast<std::size_t>(t)], 1.0 / (span.second - span.first)}});
    Targets found = std::move(builder.found);
    found.mean_logprob = objective::written_readout(Measure::logprob, {std::move(whole)});
    found.readout = objective::written_readout(mean ? Measure::logprob : choice.measure,
                                               std::move(builder.targets), std::move(reference));
    // The product of the tokens' probabilities falls with their logarithms; a sum of several does not.
    found.is_log_probability = choice.contrast.empty() && choice.alternatives == 0 &&
                               (choice.measure == Measure::logprob || mean ||
                                (choice.measure == Measure::probability && !choice.each));
    found.objective = in_words(request, model, tokens, span);
    return found;
}

Targets targets_of_span(const Request& request, const Model& model, const SpanTarget& span) {
    require_span_target(request.target);
    Targets found;
    found.readout = objective::span_readout(*model.qa_head(), span.start, span.end, span.factor);
    found.mean_logprob = objective::span_readout(*model.qa_head(), span.start, span.end, -1.0);
    found.is_log_probability = span.factor < 0;
    found.facts.push_back({"span", {span.start, span.end + 1}, 0});
    found.output_rows.push_back({span.start, span.end + 1});
    found.objective = fmt::format("{} of the span", to_string(request.objective));
    return found;
}

}  // namespace llmx

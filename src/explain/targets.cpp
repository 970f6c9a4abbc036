#include "explain/targets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <llmx/error.hpp>
#include <numeric>

#include "text/utf8.hpp"

namespace llmx {

namespace {

using Range = std::pair<int, int>;

std::string text_of(const Model& model, const Tokens& tokens, Range range) {
    const Tokens part(tokens.begin() + range.first, tokens.begin() + range.second);
    return utf8::replace_invalid(model.detokenize(part));
}

/// Tokens of the text that hold `words`, which must stand in it once.
Range find_words(const Model& model, const Tokens& tokens, const std::string& words) {
    std::string text;
    std::vector<std::size_t> ends;
    for (const Token id : tokens) {
        text += model.token_bytes(id);
        ends.push_back(text.size());
    }
    const std::size_t at = text.find(words);
    const auto refuse = [&](const char* how) {
        throw Error(ErrorCode::input, fmt::format("`target_span`: \"{}\" {}; expected words that occur in it "
                                                  "once, or a range of tokens such as 3:7",
                                                  words, how));
    };
    if (at == std::string::npos) refuse("is not in the answer");
    if (text.find(words, at + 1) != std::string::npos) refuse("is in the answer more than once");
    const auto first = std::upper_bound(ends.begin(), ends.end(), at) - ends.begin();
    const auto last = std::lower_bound(ends.begin(), ends.end(), at + words.size()) - ends.begin() + 1;
    return {static_cast<int>(first), static_cast<int>(last)};
}

Range span_of(const TargetChoice& choice, const Model& model, const Tokens& tokens) {
    if (!choice.span_text.empty()) return find_words(model, tokens, choice.span_text);
    const auto count = static_cast<int>(tokens.size());
    if (!choice.span) return {0, count};
    const auto [first, last] = *choice.span;
    if (first >= 0 && first < last && last <= count) return *choice.span;
    throw Error(ErrorCode::input, fmt::format("`target_span`: got {}:{}; the answer has tokens 0 to {}",
                                              first, last, count - 1));
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
    Builder(const Model& model, int prompt) : model_(model), prompt_(prompt) {}

    void add(std::string text, Range range, objective::Target target) {
        found.facts.push_back({std::move(text), {prompt_ + range.first, prompt_ + range.second}, 0});
        found.output_rows.push_back(range);
        targets.push_back(std::move(target));
    }
    /// Every token of a range, in its own row.
    void add_range(const Tokens& tokens, Range range, const Tokens& contrast) {
        objective::Target target;
        for (int t = range.first; t < range.second; ++t)
            target.terms.push_back({0, {t, tokens[static_cast<std::size_t>(t)], 1.0}});
        // The contrast stands in the range's place, behind the same tokens.
        for (int t = 0; t < static_cast<int>(contrast.size()); ++t)
            target.terms.push_back({1, {range.first + t, contrast[static_cast<std::size_t>(t)], -1.0}});
        add(text_of(model_, tokens, range), range, std::move(target));
    }

    Targets found;
    std::vector<objective::Target> targets;

private:
    const Model& model_;
    int prompt_;
};

void require_compatible(const TargetChoice& choice) {
    const auto refuse = [](const std::string& what) { throw Error(ErrorCode::usage, what); };
    if (choice.contrast.empty()) return;
    if (choice.each || choice.alternatives > 0)
        refuse("`contrast`: it explains a single difference; leave out `per_token` and `alternatives`");
    if (choice.all_sources)
        refuse("`contrast`: the two answers have only the prompt in common; expected `sources` prompt");
    if (choice.measure == Measure::kl || choice.measure == Measure::entropy)
        refuse(fmt::format("`contrast`: got `measure` {}; expected logprob, probability or logit",
                           to_string(choice.measure)));
}

void require_span_target(const TargetChoice& choice) {
    if (choice.each || choice.span || !choice.span_text.empty() || choice.alternatives > 0 ||
        !choice.contrast.empty() || choice.measure != Measure::logprob || choice.all_sources) {
        throw Error(ErrorCode::usage,
                    "target: an encoder finds one span; leave out `target_span`, `per_token`, "
                    "`alternatives`, `contrast`, `measure` and `sources`");
    }
}

}  // namespace

Tokens contrast_text(const TargetChoice& choice, const Model& model, const Tokens& tokens) {
    const Range span = span_of(choice, model, tokens);
    Tokens text(tokens.begin(), tokens.begin() + span.first);
    text.insert(text.end(), choice.contrast.begin(), choice.contrast.end());
    return text;
}

void require_targets(const Request& request, const Model& model) {
    if (model.facts().kind == ModelKind::encoder) {
        require_span_target(request.target);
    } else {
        require_compatible(request.target);
    }
}

Targets targets_of(const Request& request, const Model& model, const Tokens& tokens, const Tensor& logits,
                   Tensor reference) {
    const TargetChoice& choice = request.target;
    require_compatible(choice);
    const Range span = span_of(choice, model, tokens);
    Builder builder(model, static_cast<int>(request.input_ids.size()));
    if (choice.alternatives > 0) {
        const int count = std::min(choice.alternatives, model.facts().vocabulary);
        for (int t = span.first; t < span.second; ++t) {
            for (const Token id : most_probable(logits.row(static_cast<std::size_t>(t)), count))
                builder.add(utf8::replace_invalid(model.token_bytes(id)), {t, t + 1}, {{{0, {t, id, 1.0}}}});
        }
    } else if (choice.each) {
        for (int t = span.first; t < span.second; ++t) builder.add_range(tokens, {t, t + 1}, {});
    } else {
        builder.add_range(tokens, span, choice.contrast);
    }
    objective::Target mean;
    for (int t = span.first; t < span.second; ++t)
        mean.terms.push_back({0, {t, tokens[static_cast<std::size_t>(t)], 1.0 / (span.second - span.first)}});
    Targets found = std::move(builder.found);
    found.mean_logprob = objective::written_readout(Measure::logprob, {std::move(mean)});
    found.readout =
        objective::written_readout(choice.measure, std::move(builder.targets), std::move(reference));
    // The product of the tokens' probabilities falls with their logarithms; a sum of several does not.
    found.is_log_probability =
        choice.contrast.empty() && choice.alternatives == 0 &&
        (choice.measure == Measure::logprob || (choice.measure == Measure::probability && !choice.each));
    const std::string what = request.objective == Objective::teacher ? "label" : "answer";
    found.objective = fmt::format(
        "{} of {}{}", to_string(choice.measure),
        choice.alternatives > 0
            ? fmt::format("the {} most probable tokens at each place of the {}", choice.alternatives, what)
        : choice.each                              ? fmt::format("each {} token", what)
        : choice.span || !choice.span_text.empty() ? fmt::format("a span of the {}", what)
                                                   : "the " + what,
        choice.contrast.empty()
            ? ""
            : fmt::format(" minus that of \"{}\"{}", utf8::replace_invalid(model.detokenize(choice.contrast)),
                          choice.span || !choice.span_text.empty() ? " in its place" : ""));
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

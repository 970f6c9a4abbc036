// Which scores of two explanations can be compared.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <llmx/compare.hpp>
#include <llmx/error.hpp>

namespace llmx {
namespace {

std::vector<Unit> tokens_as_units(const std::vector<std::string>& tokens) {
    std::vector<Unit> units;
    units.reserve(tokens.size());
    for (const std::string& text : tokens) units.push_back({text, "token", {static_cast<int>(units.size())}});
    return units;
}

/// One number for each of the prompt's tokens.
Attribution of_prompt(const Explanation& result, std::string method, std::string objective,
                      std::vector<float> scores) {
    Attribution a;
    a.method = std::move(method);
    a.objective = std::move(objective);
    a.units = tokens_as_units(result.prompt);
    const int prompt = static_cast<int>(result.prompt.size());
    const int text = static_cast<int>(result.decode_output.size());
    a.targets = {{result.answer_text, {prompt, prompt + text}, result.objective_value}};
    a.scores = {{1, static_cast<std::int64_t>(scores.size())}, std::move(scores)};
    return a;
}

/// The softmax weights of the answer's rows to the prompt's tokens; of an encoder, the mean of its rows.
Attribution of_attention(const Explanation& result) {
    const Tensor& mean = result.original.attention->mean;
    const auto rows = static_cast<std::size_t>(mean.shape.front());
    const std::size_t prompt = result.prompt.size();
    const bool by_answer = rows == result.decode_output.size() && result.model.kind != ModelKind::encoder;
    Attribution a;
    a.method = "attention mean";
    a.objective = by_answer ? "weights of each answer token" : "weights, mean over the rows";
    a.units = tokens_as_units(result.prompt);
    const std::size_t targets = by_answer ? rows : 1;
    a.scores = Tensor::zero({static_cast<std::int64_t>(targets), static_cast<std::int64_t>(prompt)});
    for (std::size_t t = 0; t < rows; ++t) {
        const auto to = a.scores.row(by_answer ? t : 0);
        const float share = by_answer ? 1.0F : 1.0F / static_cast<float>(rows);
        for (std::size_t p = 0; p < prompt; ++p) to[p] += share * mean.row(t)[p];
    }
    for (std::size_t t = 0; t < targets; ++t) {
        const int at = static_cast<int>(prompt + t);
        a.targets.push_back({by_answer ? result.decode_output[t] : result.answer_text, {at, at + 1}, 0});
    }
    return a;
}

/// "…" around a place in a text, for messages.
std::string excerpt(const std::string& text, std::size_t at) {
    std::size_t first = at < 20 ? 0 : at - 20;
    const auto continues = [&](std::size_t i) {
        return i < text.size() && (static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80U;
    };
    while (first > 0 && continues(first)) --first;
    std::size_t last = std::min(at + 20, text.size());
    while (continues(last)) ++last;
    return text.substr(first, last - first);
}

void require_same_text(const char* what, const std::string& first, const std::string& second) {
    if (first == second) return;
    const auto at = static_cast<std::size_t>(
        std::mismatch(first.begin(), first.end(), second.begin(), second.end()).first - first.begin());
    throw Error(ErrorCode::input,
                fmt::format("{} differs at byte {}: \"{}\" in the first, \"{}\" in the second; expected "
                            "explanations of the same text, or `align` text",
                            what, at, excerpt(first, at), excerpt(second, at)));
}

bool same_question(const Attribution& a, const Attribution& b) {
    return a.method == b.method && a.objective == b.objective;
}

std::string spelled(const Attribution& a) {
    std::vector<std::string> parts = {a.method};
    for (const auto& [name, value] : a.options) parts.push_back(fmt::format("{}={}", name, value));
    return fmt::format("{} ({})", fmt::join(parts, ":"), a.objective);
}

using Partners = std::vector<std::size_t>;  // for each of the first: its partner in the second, or none
constexpr std::size_t none = static_cast<std::size_t>(-1);

Partners partners(const std::vector<Attribution>& first, const std::vector<Attribution>& second) {
    Partners found(first.size(), none);
    std::vector<bool> taken(second.size(), false);
    const auto take = [&](std::size_t i, std::size_t j) {
        found[i] = j;
        taken[j] = true;
    };
    for (std::size_t i = 0; i < first.size(); ++i) {
        for (std::size_t j = 0; j < second.size() && found[i] == none; ++j) {
            if (!taken[j] && same_question(first[i], second[j]) && first[i].options == second[j].options)
                take(i, j);
        }
    }
    for (std::size_t i = 0; i < first.size(); ++i) {
        const auto left_like = [&](std::size_t k) {
            return found[k] == none && same_question(first[i], first[k]);
        };
        std::size_t rivals = 0;
        for (std::size_t k = 0; k < first.size(); ++k) rivals += left_like(k) ? 1 : 0;
        std::vector<std::size_t> choices;
        for (std::size_t j = 0; j < second.size(); ++j) {
            if (!taken[j] && same_question(first[i], second[j])) choices.push_back(j);
        }
        if (left_like(i) && rivals == 1 && choices.size() == 1) take(i, choices.front());
    }
    return found;
}

}  // namespace

std::vector<Attribution> all_scores(const Explanation& result) {
    std::vector<Attribution> all;
    if (result.original.gradient) {
        all.push_back(of_prompt(result, "gradient saliency_map",
                                fmt::format("objective {}", to_string(result.objective)),
                                result.original.gradient->saliency_map));
    }
    if (result.original.attention && !result.original.attention->pair.attention.empty())
        all.push_back(
            of_prompt(result, "attention pair_result", "", result.original.attention->pair.attention));
    if (result.original.attention && !result.original.attention->mean.empty())
        all.push_back(of_attention(result));
    all.insert(all.end(), result.attributions.begin(), result.attributions.end());
    return all;
}

ExplanationComparison compare(const Explanation& first, const Explanation& second,
                              const CompareOptions& options) {
    if (!options.align_text) {
        require_same_text("prompt", first.prompt_text, second.prompt_text);
        require_same_text("answer", first.answer_text, second.answer_text);
    }
    const auto of_first = all_scores(first);
    const auto of_second = all_scores(second);
    const Partners found = partners(of_first, of_second);
    ExplanationComparison result;
    for (std::size_t i = 0; i < of_first.size(); ++i) {
        if (found[i] == none) {
            result.only_first.push_back(spelled(of_first[i]));
        } else {
            result.comparisons.push_back(compare(of_first[i], of_second[found[i]], options));
        }
    }
    for (std::size_t j = 0; j < of_second.size(); ++j) {
        if (std::find(found.begin(), found.end(), j) == found.end())
            result.only_second.push_back(spelled(of_second[j]));
    }
    if (!result.comparisons.empty()) return result;
    const auto listed = [](const std::vector<std::string>& names) {
        return names.empty() ? "nothing" : fmt::format("{}", fmt::join(names, ", "));
    };
    throw Error(ErrorCode::input, fmt::format("no method is in both: {} in the first, {} in the second; "
                                              "expected one with the same objective",
                                              listed(result.only_first), listed(result.only_second)));
}

}  // namespace llmx

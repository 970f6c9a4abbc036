#include "view/plot/map.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <llmx/error.hpp>

#include "core/suggest.hpp"
#include "view/pieces.hpp"

namespace llmx::view {
namespace {

std::vector<std::vector<double>> rows_of(const Tensor& matrix) {
    std::vector<std::vector<double>> rows;
    rows.reserve(static_cast<std::size_t>(matrix.shape[0]));
    for (std::int64_t r = 0; r < matrix.shape[0]; ++r) {
        const auto row = matrix.row(static_cast<std::size_t>(r));
        rows.emplace_back(row.begin(), row.end());
    }
    return rows;
}

ScoreMap from_attribution(const Explanation& result, const Attribution& entry) {
    ScoreMap map{.method = entry.method,
                 .objective = entry.objective,
                 .units = unit_labels(result, entry),
                 .targets = {},
                 .in_prompt = {},
                 .scores = rows_of(entry.scores),
                 .faithfulness = entry.faithfulness};
    for (const Unit& unit : entry.units)
        map.in_prompt.push_back(unit.tokens.front() < static_cast<int>(result.prompt.size()));
    for (const TargetFacts& target : entry.targets) map.targets.push_back(target.text);
    return map;
}

/// The prompt's tokens; those that share a character have it each.
std::vector<std::string> labels(const Explanation& result) {
    std::vector<std::string> all = token_labels(result);
    all.resize(result.prompt.size());
    return all;
}

/// One score for each token of the prompt.
ScoreMap of_prompt(const Explanation& result, std::string method, std::string objective,
                   const std::vector<float>& scores, const std::optional<Faithfulness>& faithfulness) {
    return {.method = std::move(method),
            .objective = std::move(objective),
            .units = labels(result),
            .targets = {result.answer_text},
            .in_prompt = std::vector<bool>(result.prompt.size(), true),
            .scores = {std::vector<double>(scores.begin(), scores.end())},
            .faithfulness = faithfulness};
}

ScoreMap from_weights(const Explanation& result) {
    const Tensor& mean = result.original.attention->mean;
    ScoreMap map{.method = "attention mean",
                 .objective = "softmax weights, mean over heads and blocks",
                 .units = labels(result),
                 .targets = result.model.kind == ModelKind::encoder ? result.prompt : result.decode_output,
                 .in_prompt = std::vector<bool>(result.prompt.size(), true),
                 .scores = rows_of(mean),
                 .faithfulness = {}};
    const auto columns = static_cast<std::size_t>(mean.shape[1]);
    for (std::size_t t = 0; map.units.size() < columns && t < result.decode_output.size(); ++t) {
        map.units.push_back(result.decode_output[t]);
        map.in_prompt.push_back(false);
    }
    if (map.units.size() != columns || map.targets.size() != map.scores.size()) {
        throw Error(ErrorCode::input,
                    fmt::format("plot: Attention.mean is {} x {}; the result's tokens are not as many",
                                map.scores.size(), columns));
    }
    return map;
}

}  // namespace

std::vector<std::string> map_names(const Explanation& result) {
    std::vector<std::string> names;
    for (const Attribution& entry : result.attributions) {
        if (!entry.units.empty() && !entry.targets.empty()) names.push_back(entry.method);
    }
    if (result.original.gradient && !result.original.gradient->saliency_map.empty())
        names.emplace_back("gradient");
    const auto& attention = result.original.attention;
    if (attention && !attention->pair.attention.empty()) names.emplace_back("attention");
    if (attention && !attention->mean.empty()) names.emplace_back("attention mean");
    return names;
}

ScoreMap find_map(const Explanation& result, const std::string& name) {
    const std::vector<std::string> names = map_names(result);
    if (names.empty())
        throw Error(ErrorCode::input, "plot: the result holds no scores; expected some method's");
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end())
        throw_unknown("method of the result", name, names);
    const std::string& wanted = name.empty() ? names.front() : name;
    for (const Attribution& entry : result.attributions) {
        if (entry.method == wanted && !entry.units.empty() && !entry.targets.empty())
            return from_attribution(result, entry);
    }
    if (wanted == "gradient") {
        const GradientResult& gradient = *result.original.gradient;
        return of_prompt(result, wanted, to_string(result.objective), gradient.saliency_map,
                         gradient.faithfulness);
    }
    if (wanted == "attention mean") return from_weights(result);
    const PairResult& pair = result.original.attention->pair;
    return of_prompt(result, wanted, "the prompt by itself (pair_result)", pair.attention, pair.faithfulness);
}

}  // namespace llmx::view

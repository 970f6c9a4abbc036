#include "method/bound_method.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <llmx/error.hpp>

#include "core/split.hpp"
#include "method/norm.hpp"
#include "method/replay_function.hpp"

namespace llmx::method {

namespace {

std::vector<std::string> values_of(const Method& method, const Option& option) {
    const auto given = method.options.find(std::string(option.name));
    if (!option.several || given == method.options.end()) return {};
    return split(given->second, joint);
}

/// The method with each combination of values. Only the baseline `token` reads `baseline_token`.
std::vector<Method> combinations(const Method& method, const std::vector<Option>& declared) {
    std::vector<Method> all{method};
    for (const Option& option : declared) {
        const std::vector<std::string> values = values_of(method, option);
        if (values.size() < 2) continue;
        std::vector<Method> more;
        for (const Method& single : all) {
            const auto baseline = single.options.find("baseline");
            const bool reads = option.name != "baseline_token" || baseline == single.options.end() ||
                               baseline->second == "token";
            for (const std::string& value : values) {
                if (!reads && value != values.front()) continue;
                more.push_back(single);
                more.back().options[std::string(option.name)] = value;
            }
        }
        all = std::move(more);
    }
    return all;
}

void require_different(const Method& method, const Option& option) {
    std::vector<std::string> all = values_of(method, option);
    std::sort(all.begin(), all.end());
    const auto twice = std::adjacent_find(all.begin(), all.end());
    if (twice == all.end()) return;
    throw Error(ErrorCode::usage, fmt::format("{}: `{}`: got \"{}\" twice; expected different values",
                                              method.name, option.name, *twice));
}

/// "baseline token, baseline_token 11": what tells a part from the others.
std::string name_of(const BoundMethod& part, const BoundMethod& whole) {
    std::string name;
    for (const Option& option : whole.definition->options) {
        const std::string& value = part.options.all().at(std::string(option.name));
        if (!option.several || value == whole.options.all().at(std::string(option.name))) continue;
        name += fmt::format("{}`{}` {}", name.empty() ? "" : ", ", option.name, value);
    }
    return name;
}

}  // namespace

BoundMethod bind(const Method& method) {
    const Definition& known = definition(method.name);
    for (const Option& option : known.options) require_different(method, option);
    const std::vector<Method> singles = combinations(method, known.options);
    BoundMethod bound{&known, Options(method.name, known.options, singles.front().options)};
    if (singles.size() == 1) return bound;
    for (const Method& single : singles)
        bound.several.push_back({&known, Options(single.name, known.options, single.options)});
    for (const Option& option : known.options) {
        if (values_of(method, option).size() > 1)
            bound.options =
                bound.options.shown_with(option.name, method.options.at(std::string(option.name)));
    }
    return bound;
}

Scores mean_over_parts(const BoundMethod& method,
                       const std::function<Scores(const BoundMethod& part)>& scored) {
    std::vector<Scores> all;
    for (const BoundMethod& part : method.parts()) {
        all.push_back(scored(part));
        if (method.several.empty()) continue;
        for (std::string& warning : all.back().warnings)
            warning = fmt::format("with {}: {}", name_of(part, method), warning);
    }
    return mean(std::move(all));
}

double evaluations(const BoundMethod& method, const Extent& extent) {
    double runs = 0;
    for (const BoundMethod& part : method.parts())
        runs += method.definition->evaluations(extent, part.options);
    return runs;
}

std::vector<replay::RequiredValue> reads(const BoundMethod& method, const replay::Replay& replay,
                                         int sources) {
    const auto& [definition, options, several] = method;
    if (definition->score_row != nullptr)
        return ReplayFunction::needs(replay, options.integer("layer"), sources);
    return definition->reads != nullptr ? definition->reads(replay) : std::vector<replay::RequiredValue>{};
}

std::vector<Scores> score_rows(Function& function, std::span<const BoundMethod* const> methods) {
    const Tensor& input = function.input();
    const auto targets = static_cast<std::int64_t>(function.targets());
    std::vector<Scores> found(methods.size(), Scores{Tensor::zero({targets, input.shape[0]})});
    function.gradients(input, [&](std::size_t target, const TensorView<const float>& gradient) {
        for (std::size_t m = 0; m < methods.size(); ++m) {
            const auto& [definition, options, several] = *methods[m];
            const std::span<float> scores = found[m].scores.row(target);
            for (std::size_t r = 0; r < scores.size(); ++r) {
                if (function.fixed()[r]) continue;
                const auto row = row_of(gradient, static_cast<std::int64_t>(r));
                scores[r] = static_cast<float>(definition->score_row(input.row(r), row, options));
            }
        }
    });
    return found;
}

Scores differentiate(Function& function, const BoundMethod& method) {
    if (method.definition->differentiate != nullptr) {
        return mean_over_parts(method, [&](const BoundMethod& part) {
            return part.definition->differentiate(function, part.options);
        });
    }
    return std::move(score_rows(function, std::array{&method}).front());
}

}  // namespace llmx::method

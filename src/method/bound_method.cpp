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

/// The method with each value of an option that was given several.
std::vector<Method> with_each(const Method& method, const Option& option) {
    const std::string name(option.name);
    const auto given = method.options.find(name);
    const bool is_list = option.several && given != method.options.end();
    std::vector<Method> each;
    for (const std::string& value : is_list ? split(given->second, joint) : std::vector<std::string>()) {
        each.push_back(method);
        each.back().options[name] = value;
    }
    return is_list ? each : std::vector{method};
}

void require_different(const Method& method, const Option& option, const std::string& values) {
    std::vector<std::string> all = split(values, joint);
    std::sort(all.begin(), all.end());
    const auto twice = std::adjacent_find(all.begin(), all.end());
    if (twice == all.end()) return;
    throw Error(ErrorCode::usage, fmt::format("{}: `{}`: got \"{}\" twice; expected different values",
                                              method.name, option.name, *twice));
}

}  // namespace

BoundMethod bind(const Method& method) {
    const Definition& known = definition(method.name);
    std::vector<Method> singles{method};
    for (const Option& option : known.options) {
        std::vector<Method> all;
        for (const Method& single : singles) {
            const std::vector<Method> each = with_each(single, option);
            all.insert(all.end(), each.begin(), each.end());
        }
        singles = std::move(all);
    }
    BoundMethod bound{&known, Options(method.name, known.options, singles.front().options)};
    if (singles.size() == 1) return bound;
    for (const Method& single : singles)
        bound.several.push_back({&known, Options(single.name, known.options, single.options)});
    for (const Option& option : known.options) {
        const auto given = method.options.find(std::string(option.name));
        if (!option.several || given == method.options.end()) continue;
        require_different(method, option, given->second);
        bound.options = bound.options.shown_with(option.name, given->second);
    }
    return bound;
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

#include "method/bound_method.hpp"

#include <array>

#include "method/norm.hpp"
#include "method/replay_function.hpp"

namespace llmx::method {

BoundMethod bind(const Method& method) {
    const Definition& known = definition(method.name);
    return {&known, Options(method.name, known.options, method.options)};
}

std::vector<replay::RequiredValue> reads(const BoundMethod& method, const replay::Replay& replay,
                                         int sources) {
    const auto& [definition, options] = method;
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
            const auto& [definition, options] = *methods[m];
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
    if (method.definition->differentiate != nullptr)
        return method.definition->differentiate(function, method.options);
    return std::move(score_rows(function, std::array{&method}).front());
}

}  // namespace llmx::method

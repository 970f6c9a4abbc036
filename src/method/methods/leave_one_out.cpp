// Leave-one-out (feature ablation): what the answer loses when one unit is taken away (definitions 4).

#include "method/definition.hpp"

namespace llmx::method {

namespace {

Scores run(Game& game, const Options&) {
    std::vector<Coalition> coalitions(game.units() + 1, Coalition(game.units(), 1));
    for (std::size_t u = 0; u < game.units(); ++u) coalitions[u + 1][u] = 0;
    const auto values = game.values(coalitions);
    Scores found{
        Tensor::zero({static_cast<std::int64_t>(game.targets()), static_cast<std::int64_t>(game.units())})};
    for (std::size_t u = 0; u < game.units(); ++u) {
        for (std::size_t t = 0; t < game.targets(); ++t)
            found.scores.row(t)[u] = static_cast<float>(values[0][t] - values[u + 1][t]);
    }
    return found;
}

}  // namespace

const Definition& leave_one_out() {
    static const Definition definition{
        .name = "leave_one_out",
        .help = "what the answer loses when one unit is taken away (feature ablation)",
        .source = "docs/definitions.md, section 4",
        .is_signed = true,
        .options = game_options({}),
        .evaluations = [](const Extent& extent,
                          const Options&) { return 1.0 + static_cast<double>(extent.units); },
        .perturb = run};
    return definition;
}

}  // namespace llmx::method

// Hierarchical: a walk down from documents to sentences (method/game/hierarchy).

#include <numeric>

#include "method/definition.hpp"
#include "method/game/coalitions.hpp"
#include "method/game/hierarchy.hpp"

namespace llmx::method {

namespace {

std::size_t runs_for(std::size_t units, const Options& options) {
    const int runs = options.integer("runs");
    return runs > 0 ? static_cast<std::size_t>(runs) : usual_runs(units);
}

Scores run(Game& game, const Options& options) {
    const Tree tree = tree_of(game.units(), game.levels(), most_children);
    HierarchyBounds bounds{.key = "runs", .runs = runs_for(game.units(), options), .groups = {}, .least = 0};
    bounds.groups.resize(game.targets());
    std::iota(bounds.groups.begin(), bounds.groups.end(), 0);
    const Hierarchy found = walk_down(game, tree, bounds);
    Scores result{
        Tensor::zero({static_cast<std::int64_t>(game.targets()), static_cast<std::int64_t>(game.units())})};
    std::size_t closed = 0;
    for (const TreePart& part : found.parts) {
        if (!part.children.empty()) continue;
        const std::vector<std::size_t>& units = tree.nodes[part.node].units;
        if (units.size() > 1) ++closed;
        for (const std::size_t unit : units) {
            for (std::size_t t = 0; t < game.targets(); ++t)
                result.scores.row(t)[unit] =
                    static_cast<float>(part.share[t] / static_cast<double>(units.size()));
        }
    }
    const auto as_eigen = [](const Numbers& numbers) {
        return Eigen::Map<const Eigen::VectorXd>(std::begin(numbers),
                                                 static_cast<Eigen::Index>(numbers.size()));
    };
    result.completeness = completeness_of(result.scores, as_eigen(found.all), as_eigen(found.none));
    result.notes["ran"] = std::to_string(found.runs);
    result.notes["closed_parts"] = std::to_string(closed);
    return result;
}

}  // namespace

const Definition& hierarchical() {
    static const Definition definition{
        .name = "hierarchical",
        .help = "leave-one-out down a tree of turns, paragraphs, sentences and words; opens what matters",
        .source = "docs/definitions.md, section 4; Owen 1977: Values of games with a priori unions",
        .is_signed = true,
        .options = game_options({{.name = "runs",
                                  .kind = Option::Kind::integer,
                                  .default_value = "0",
                                  .help = "texts to run at most; 0: 16 + 8 log2(units)",
                                  .low = 0,
                                  .high = 1e6}}),
        .evaluations =
            [](const Extent& extent, const Options& options) {
                return static_cast<double>(runs_for(extent.units, options));
            },
        .perturb = run};
    return definition;
}

}  // namespace llmx::method

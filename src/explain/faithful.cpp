#include "explain/faithful.hpp"

#include "faithfulness/faithfulness.hpp"
#include "method/replay_game.hpp"
#include "unit/split.hpp"

namespace llmx {

namespace {

/// Scores of units, summed over targets.
faithfulness::Map summed(const Tensor& scores) {
    const auto units = static_cast<std::size_t>(scores.shape.back());
    faithfulness::Map map(units, 0.0);
    for (std::size_t i = 0; i < scores.values.size(); ++i)
        map[i % units] += static_cast<double>(scores.values[i]);
    return map;
}

/// The original's scores of the prompt's tokens as scores of units; other sources have none.
faithfulness::Map of_units(const std::vector<float>& scores, const Request& request,
                           const method::AttributionContext& scene) {
    Tensor rows = Tensor::zero({1, scene.sources});
    std::copy(scores.begin(), scores.end(), rows.values.begin());
    return summed(unit::aggregate(rows, scene.units, request.units.aggregation));
}

}  // namespace

void measure_faithfulness(const Request& request, const Model& model, AttributionRun& explained,
                          Explanation& result) {
    const method::AttributionContext& scene = explained.scene();
    std::vector<faithfulness::Map> maps;
    std::vector<std::optional<Faithfulness>*> places;
    const auto add = [&](faithfulness::Map map, std::optional<Faithfulness>& place) {
        maps.push_back(std::move(map));
        places.push_back(&place);
    };
    if (result.original.attention && !result.original.attention->pair.attention.empty()) {
        PairResult& pair = result.original.attention->pair;
        add(of_units(pair.attention, request, scene), pair.faithfulness);
    }
    if (result.original.gradient) {
        add(of_units(result.original.gradient->saliency_map, request, scene),
            result.original.gradient->faithfulness);
    }
    for (Attribution& a : result.attributions) add(summed(a.scores), a.faithfulness);

    const Check& check = *request.check;
    method::AttributionContext answer = scene;
    answer.texts.resize(1);
    answer.readout = explained.mean_logprob();
    answer.tick = ticker(request.progress, "faithfulness",
                         faithfulness::evaluations(scene.units.size(), maps.size(), check.random_seeds));
    method::ReplayGame game(answer, method::removal(check.absence, check.absence_token, model));
    std::vector<Faithfulness> found = faithfulness::measure(game, maps, check.random_seeds, check.seed);
    for (std::size_t i = 0; i < found.size(); ++i) {
        found[i].absence = check.absence;
        *places[i] = std::move(found[i]);
    }
}

}  // namespace llmx

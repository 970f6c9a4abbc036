#include "explain/faithful.hpp"

#include "faithfulness/faithfulness.hpp"
#include "faithfulness/maps.hpp"
#include "method/replay_game.hpp"
#include "unit/split.hpp"

namespace llmx {

namespace {

/// Scores of units; of the original's maps, sources other than the prompt's tokens have none.
faithfulness::Map of_units(const faithfulness::MethodMap& map, const Request& request,
                           const method::AttributionContext& scene) {
    if (!map.of_prompt) return faithfulness::summed(map.scores, map.columns);
    Tensor rows = Tensor::zero({1, scene.sources});
    std::copy(map.scores.begin(), map.scores.end(), rows.values.begin());
    const Tensor scores = unit::aggregate(rows, scene.units, request.units.aggregation);
    return faithfulness::summed(scores.values, scene.units.size());
}

}  // namespace

void measure_faithfulness(const Request& request, const Model& model, AttributionRun& explained,
                          Explanation& result) {
    const method::AttributionContext& scene = explained.scene();
    std::vector<faithfulness::Map> maps;
    std::vector<std::optional<Faithfulness>*> places;
    faithfulness::for_each_map(result,
                               [&](const faithfulness::MethodMap& map, std::optional<Faithfulness>& place) {
                                   maps.push_back(of_units(map, request, scene));
                                   places.push_back(&place);
                               });

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

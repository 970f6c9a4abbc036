#include "explain/faithful.hpp"

#include <algorithm>

#include "engine/model/requirements.hpp"
#include "faithfulness/faithfulness.hpp"
#include "faithfulness/infidelity.hpp"
#include "faithfulness/plausibility.hpp"
#include "faithfulness/sensitivity.hpp"
#include "method/replay_game.hpp"
#include "unit/split.hpp"

namespace llmx {

faithfulness::Map of_units(const faithfulness::MethodMap& map, const Request& request,
                           const method::AttributionContext& scene) {
    if (!map.of_prompt) return faithfulness::summed(map.scores, map.columns);
    Tensor rows = Tensor::zero({1, scene.sources});
    std::copy(map.scores.begin(), map.scores.end(), rows.values.begin());
    const Tensor scores =
        unit::aggregate(rows, scene.units, unit::resolved(request.units.aggregation, /*is_signed=*/false));
    return faithfulness::summed(scores.values, scene.units.size());
}

namespace {

method::Removal removal_of(const Check& check, const Model& model) {
    return method::removal(check.absence, check.absence_token, model);
}

}  // namespace

void require_check(const Check& check, const Model& model) {
    if (check.absence == Absence::attention_mask) engine::require_hidden_rows(model);
    (void)removal_of(check, model);
    faithfulness::require_seeds(check.random_seeds);
    faithfulness::require_infidelity(check.infidelity);
    faithfulness::require_sensitivity(check.sensitivity);
}

namespace {

/// Maps that explain the same number.
struct Group {
    std::shared_ptr<const objective::Readout> readout;
    faithfulness::Scale scale = faithfulness::Scale::measure;
    std::string measure;    ///< Faithfulness::measure
    std::size_t texts = 1;  ///< that it is read off
    /// f, whose changes the scores should sum to, where that is not `readout`.
    std::shared_ptr<const objective::Readout> f = {};
    std::vector<faithfulness::Map> maps = {};
    std::vector<std::optional<Faithfulness>*> places = {};
};

/// The maps of a result, each with the others that explain the same.
class Groups {
public:
    Groups(const Request& request, const AttributionRun& explained)
        : request_(request), explained_(explained), scene_(explained.scene()) {}

    std::vector<Group> of(Explanation& result) {
        std::size_t entry = 0;
        faithfulness::for_each_map(
            result, [&](const faithfulness::MethodMap& map, std::optional<Faithfulness>& place, const auto&) {
                Group group = !map.of_prompt             ? of_entry(entry, result.attributions[entry])
                              : map.method == "gradient" ? objective()
                                                         : answer();
                if (!map.of_prompt) ++entry;
                add(std::move(group), of_units(map, request_, scene_), place);
            });
        return std::move(groups_);
    }

private:
    [[nodiscard]] Group answer() const {
        const Targets& targets = explained_.targets();
        return {.readout = targets.mean_logprob,
                .scale = faithfulness::Scale::probability,
                .measure = "probability",
                .f = targets.is_log_probability ? targets.readout : nullptr};
    }

    /// The original's gradient explains a label's loss: by the probability of its tokens, which falls with
    /// it.
    [[nodiscard]] Group objective() {
        if (request_.objective != Objective::aligned || request_.labels.empty()) return answer();
        if (!aligned_) {
            objective::Target target;
            for (objective::Term term :
                 objective::terms(Objective::aligned, request_.output.ids, request_.labels)) {
                term.weight = -term.weight;
                target.terms.push_back({0, term});
            }
            aligned_ = objective::written_readout(Measure::logprob, {std::move(target)});
        }
        return {aligned_, faithfulness::Scale::probability, "probability of the label's tokens"};
    }

    [[nodiscard]] Group of_entry(std::size_t i, const Attribution& a) const {
        if (explained_.own_readout(i))
            return {explained_.own_readout(i), faithfulness::Scale::measure, a.objective};
        if (explained_.targets().is_log_probability) return answer();
        return {explained_.targets().readout, faithfulness::Scale::measure, a.objective, scene_.texts.size()};
    }

    void add(Group group, faithfulness::Map map, std::optional<Faithfulness>& place) {
        const auto same = std::find_if(groups_.begin(), groups_.end(),
                                       [&](const Group& other) { return other.readout == group.readout; });
        Group& to = same == groups_.end() ? groups_.emplace_back(std::move(group)) : *same;
        to.maps.push_back(std::move(map));
        to.places.push_back(&place);
    }

    const Request& request_;
    const AttributionRun& explained_;
    const method::AttributionContext& scene_;
    std::shared_ptr<const objective::Readout> aligned_;
    std::vector<Group> groups_;
};

/// `scene`: with the group's texts and readout.
void measure_infidelity(method::AttributionContext& scene, const method::Removal& removal, const Check& check,
                        const Group& group) {
    if (check.infidelity == 0) return;
    if (group.f) scene.readout = group.f;
    method::ReplayGame game(scene, removal);
    const std::vector<Faithfulness::Infidelity> found =
        faithfulness::infidelity(game, group.maps, check.infidelity, check.random_seeds, check.seed);
    for (std::size_t i = 0; i < found.size(); ++i) (*group.places[i])->infidelity = found[i];
}

}  // namespace

void measure_faithfulness(const Request& request, const Model& model, AttributionRun& explained,
                          Explanation& result) {
    const method::AttributionContext& scene = explained.scene();
    const Check& check = *request.check;
    const method::Removal removal = removal_of(check, model);
    const std::vector<Group> groups = Groups(request, explained).of(result);
    const std::string absence = method::absence_warning(check.absence);
    if (!absence.empty()) result.warnings.push_back("faithfulness: " + absence);
    double planned = 0;
    for (const Group& group : groups)
        planned += faithfulness::evaluations(scene.units.size(), group.maps.size(), check.random_seeds) +
                   faithfulness::infidelity_evaluations(check.infidelity);
    method::AttributionContext explains = scene;
    explains.tick = ticker(request.progress, "faithfulness", planned);
    for (const Group& group : groups) {
        explains.texts = {scene.texts.begin(),
                          scene.texts.begin() + static_cast<std::ptrdiff_t>(group.texts)};
        explains.readout = group.readout;
        method::ReplayGame game(explains, removal);
        std::vector<Faithfulness> found =
            faithfulness::measure(game, group.maps, check.random_seeds, check.seed, group.scale);
        for (std::size_t i = 0; i < found.size(); ++i) {
            found[i].measure = group.measure;
            found[i].absence = check.absence;
            found[i].absence_token = method::absence_token(removal, model);
            *group.places[i] = std::move(found[i]);
        }
        measure_infidelity(explains, removal, check, group);
    }
}

void measure_plausibility(const Request& request, const AttributionRun& explained, Explanation& result) {
    if (request.rationale.empty()) return;
    faithfulness::for_each_map(
        result, [&](const faithfulness::MethodMap& map, const auto&, std::optional<Plausibility>& place) {
            place = faithfulness::plausibility(of_units(map, request, explained.scene()),
                                               explained.in_rationale());
        });
}

}  // namespace llmx

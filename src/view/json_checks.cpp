#include "view/json_checks.hpp"

namespace llmx::view {

void require_fitting(const Place& place, Attribution& a) {
    const Place scores = place.at("scores");
    const auto targets = static_cast<std::int64_t>(a.targets.size());
    const auto units = static_cast<std::int64_t>(a.units.size());
    if (a.scores.shape[0] != targets) scores.refuse(fmt::format("one row for each of {} targets", targets));
    if (targets == 0) a.scores.shape[1] = units;
    if (a.scores.shape[1] != units)
        require_numbers(scores.at(std::size_t{0}), static_cast<std::size_t>(a.scores.shape[1]),
                        a.units.size());
    if (!a.standard_errors.empty() && a.standard_errors.shape != a.scores.shape)
        place.at("standard_errors").refuse("as many as there are scores");
    if (!a.interactions.empty() && a.interactions.shape != std::vector<std::int64_t>{targets, units, units})
        place.at("interactions").refuse("one number for each pair of units and target");
    if (!a.completeness.empty() && a.completeness.size() != a.targets.size())
        place.at("completeness").refuse("one number a target");
    if (!a.cues.empty() && a.cues.size() != a.targets.size())
        place.at("cues").refuse("one list of tokens a target");
}

void require_fitting(const Place& place, AttentionMaps& maps) {
    if (maps.heads.size() != maps.blocks.size()) place.at("heads").refuse("one number a block");
    for (std::size_t i = 0; i < maps.maps.size(); ++i) {
        const AttentionMap& map = maps.maps[i];
        const Place own = place.at("maps").at(i);
        const int rows = own.at("rows").whole();
        if (map.first_row + rows > maps.rows) own.at("rows").refuse(fmt::format("rows of {}", maps.rows));
        require_numbers(own.at("steps"), map.steps.size(), static_cast<std::size_t>(rows));
        (void)unpack(map, maps.keys);  // as many weights as rows and keys say
    }
}

void require_fitting(const Place& place, NeuronGroup& group) {
    const std::int64_t heads = group.queries.shape[0];
    const std::int64_t rows = group.queries.shape[1];
    const std::int64_t keys = group.keys.shape[0];
    if (static_cast<std::int64_t>(group.visible.size()) != rows)
        place.at("visible").refuse(fmt::format("one range for each of {} rows", rows));
    for (const auto& [from, to] : group.visible) {
        if (from < 0 || to > keys || from > to) place.at("visible").refuse("ranges of keys");
    }
    if (!group.sinks.empty() && static_cast<std::int64_t>(group.sinks.size()) != heads)
        place.at("sinks").refuse("one number a head");
}

void require_fitting(const Place& place, LogitLens& lens) {
    const std::vector<std::int64_t>& shape = lens.probabilities.shape;
    if (shape[0] != static_cast<std::int64_t>(lens.blocks.size()))
        place.at("probabilities").refuse(fmt::format("a table for each of {} blocks", lens.blocks.size()));
    if (!lens.probabilities.empty() && shape[2] != lens.top)
        place.at("probabilities").refuse(fmt::format("{} numbers a place", lens.top));
    if (lens.ids.size() != lens.probabilities.values.size())
        place.at("ids").refuse("as many as there are probabilities");
    const std::vector<std::int64_t> places = {shape[0], shape[1]};
    if (lens.answer_probabilities.shape != places ||
        lens.answer_ranks.size() != lens.answer_probabilities.values.size())
        place.at("answer_ranks").refuse("one number a block and row");
}

void require_fitting(const Place& place, Why& why) {
    const auto passages = static_cast<int>(why.passages.size());
    const std::string expected = fmt::format("a number of one of {} passages", passages);
    const auto is_one = [&](int passage) { return passage >= 0 && passage < passages; };
    for (std::size_t s = 0; s < why.sentences.size(); ++s) {
        const std::vector<WhySource>& sources = why.sentences[s].sources;
        for (std::size_t i = 0; i < sources.size(); ++i) {
            if (!is_one(sources[i].passage))
                place.at("sentences").at(s).at("sources").at(i).at("passage").refuse(expected);
        }
    }
    for (std::size_t i = 0; i < why.substitutes.size(); ++i) {
        if (!is_one(why.substitutes[i])) place.at("substitutes").at(i).refuse(expected);
    }
    const std::vector<std::int64_t> shape = {static_cast<std::int64_t>(why.sentences.size()), passages};
    if (!why.sentences.empty() && why.strengths.shape != shape)
        place.at("strengths").refuse("one number for each sentence and passage");
}

void require_fitting(const Place& place, Explanation& e) {
    const auto check = [&](const char* key, std::size_t got) {
        if (got == e.prompt.size()) return;
        throw Error(ErrorCode::input, fmt::format("{}: {} has {} numbers; the prompt has {} tokens",
                                                  place.path(), key, got, e.prompt.size()));
    };
    if (e.original.gradient) check("Gradient.saliency_map", e.original.gradient->saliency_map.size());
    if (!e.original.attention) return;
    const std::vector<float>& pair = e.original.attention->pair.attention;
    if (!pair.empty()) check("Attention.pair_result.attention", pair.size());
    const Tensor& mean = e.original.attention->mean;  // keys may go on behind the prompt
    const auto keys = static_cast<std::size_t>(mean.shape.back());
    if (!mean.empty() && keys < e.prompt.size()) check("Attention.mean", keys);
}

}  // namespace llmx::view

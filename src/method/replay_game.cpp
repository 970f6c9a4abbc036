#include "method/replay_game.hpp"

#include <algorithm>
#include <iterator>
#include <llmx/error.hpp>

#include "engine/model/requirements.hpp"
#include "engine/text/vocabulary.hpp"
#include "method/deletion.hpp"

namespace llmx::method {

Removal removal(Absence absence, int token, const Model& model) {
    const Token replacement = token >= 0 ? token : engine::neutral_token(model);
    engine::require_tokens(model, std::span(&replacement, 1));
    if (absence == Absence::deletion && model.facts().kind == ModelKind::encoder) {
        throw Error(ErrorCode::unsupported,
                    "baseline deletion: an encoder's span would move; expected token or attention_mask");
    }
    return {absence, replacement};
}

Removal removal(const Options& options, const Model& model) {
    return removal(parse_absence(options.choice("baseline")), options.integer("baseline_token"), model);
}

ReplayGame::ReplayGame(AttributionContext& scene, Removal removal) : scene_(scene), removal_(removal) {
    if (removal.absence == Absence::attention_mask) engine::require_hidden_rows(scene.session.model());
    if (!scene.scorer) scene.scorer = std::make_shared<engine::Scorer>(scene.session);
    computed_before_ = scene.scorer->computed();
}

engine::PassInput ReplayGame::text_without(const engine::PassInput& text, const Coalition& kept) const {
    std::vector<bool> absent(static_cast<std::size_t>(text.rows()), false);
    for (std::size_t u = 0; u < kept.size(); ++u) {
        if (kept[u] != 0) continue;
        for (const int row : scene_.units[u].tokens) absent[static_cast<std::size_t>(row)] = true;
    }
    engine::PassInput input = text;
    const auto source = static_cast<int>(text.source.size());
    const auto id_of = [&](int row) -> Token& {
        return row < source ? input.source[static_cast<std::size_t>(row)]
                            : input.ids[static_cast<std::size_t>(row - source)];
    };
    if (removal_.absence == Absence::deletion) return without_rows(text, absent, removal_.token);
    for (int row = 0; row < text.rows(); ++row) {
        if (!absent[static_cast<std::size_t>(row)]) continue;
        if (removal_.absence == Absence::token) {
            id_of(row) = removal_.token;
        } else {
            input.hidden.push_back(row);
        }
    }
    return input;
}

ReplayGame::Case ReplayGame::case_of(const Coalition& kept) const {
    Case found;
    const auto append = [&](const std::vector<int>& part) {
        found.key.insert(found.key.end(), part.begin(), part.end());
        found.key.push_back(-1);
    };
    for (const engine::PassInput& text : scene_.texts) {
        const engine::PassInput& input = found.texts.emplace_back(text_without(text, kept));
        append(input.source);
        append(input.ids);
        append(input.outputs);
        append(input.hidden);
    }
    return found;
}

std::vector<std::vector<double>> ReplayGame::values(std::span<const Coalition> coalitions) {
    std::vector<Key> keys;
    std::vector<Case> news;
    std::map<Key, std::size_t> places;  // in news
    keys.reserve(coalitions.size());
    for (const Coalition& coalition : coalitions) {
        Case one = case_of(coalition);
        keys.push_back(one.key);
        if (known_.contains(one.key)) {
            scene_.tick(1);
            continue;
        }
        const auto [place, is_new] = places.try_emplace(one.key, news.size());
        if (is_new) news.push_back(std::move(one));
        news[place->second].asked += 1;
    }
    run(news);
    std::vector<std::vector<double>> all;
    all.reserve(keys.size());
    for (const Key& key : keys) all.push_back(known_.at(key));
    return all;
}

void ReplayGame::run(std::vector<Case>& cases) {
    const std::size_t texts = scene_.texts.size();
    std::vector<engine::PassInput> inputs;
    inputs.reserve(cases.size() * texts);
    for (Case& one : cases) std::move(one.texts.begin(), one.texts.end(), std::back_inserter(inputs));
    std::map<std::size_t, std::vector<Tensor>> waiting;  // case -> results of its texts
    scene_.scorer->set_progress([this](double) { return scene_.tick(0), true; });
    scene_.scorer->run(inputs, [&](std::size_t i, Tensor&& results) {
        std::vector<Tensor>& found = waiting[i / texts];
        found.resize(texts);
        found[i % texts] = std::move(results);
        const bool whole =
            std::none_of(found.begin(), found.end(), [](const Tensor& t) { return t.empty(); });
        if (!whole) return;
        const Case& one = cases[i / texts];
        known_[one.key] = scene_.readout->values(found);
        waiting.erase(i / texts);
        scene_.tick(one.asked);
    });
    scene_.scorer->set_progress({});
}

}  // namespace llmx::method

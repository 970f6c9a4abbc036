#include "method/replay_game.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "engine/model/requirements.hpp"
#include "method/deletion.hpp"

namespace llmx::method {

ReplayGame::ReplayGame(AttributionContext& scene, Removal removal)
    : scene_(scene), removal_(std::move(removal)) {
    if (removal_.absence == Absence::attention_mask) engine::require_hidden_rows(scene.session.model());
    if (!scene.scorer) scene.scorer = std::make_shared<engine::Scorer>(scene.session);
    computed_before_ = scene.scorer->computed();
}

engine::PassInput ReplayGame::text_without(const engine::PassInput& text, const Coalition& kept) const {
    std::vector<bool> taken_out(static_cast<std::size_t>(text.rows()), false);
    std::map<int, Tokens> instead;
    engine::PassInput input = text;
    const auto source = static_cast<int>(text.source.size());
    const auto take_away = [&](int row) {
        if (removal_.absence == Absence::deletion) {
            taken_out[static_cast<std::size_t>(row)] = true;
        } else if (removal_.absence == Absence::attention_mask) {
            input.hidden.push_back(row);
        } else if (row < source) {
            input.source[static_cast<std::size_t>(row)] = removal_.token;
        } else {
            input.ids[static_cast<std::size_t>(row - source)] = removal_.token;
        }
    };
    for (std::size_t u = 0; u < kept.size(); ++u) {
        if (kept[u] != 0) continue;
        const std::vector<int>& rows = scene_.units[u].tokens;
        if (const Tokens* own = removal_.replacement(u)) {
            for (const int row : rows) taken_out[static_cast<std::size_t>(row)] = true;
            instead[rows.front()] = *own;
        } else {
            std::for_each(rows.begin(), rows.end(), take_away);
        }
    }
    std::sort(input.hidden.begin(), input.hidden.end());
    if (removal_.absence != Absence::deletion && instead.empty()) return input;
    return without_rows(input, taken_out, removal_.token, instead);
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

void ReplayGame::keep_sample(const std::vector<Case>& cases) {
    const bool may_differ = scene_.scorer->shares_prefixes() && scene_.session.model().facts().type != "F32";
    if (!may_differ || !sample_.empty() || removal_.absence == Absence::attention_mask) return;
    constexpr std::size_t most = 4, share = 16;  // at most a few texts, and one of 16
    const std::size_t count = std::min(most, cases.size() / share + 1);
    for (std::size_t i = 0; i < count && cases.size() > 1; ++i)
        sample_.push_back(cases[(2 * i + 1) * cases.size() / (2 * count)]);
}

std::optional<double> ReplayGame::noise() {
    if (sample_.empty()) return std::nullopt;
    double largest = 0;
    for (const Case& one : sample_) {
        std::vector<Tensor> results(one.texts.size());
        for (std::size_t i = 0; i < one.texts.size(); ++i) {
            scene_.scorer->run_by_ggml(std::span(&one.texts[i], 1),
                                       [&](std::size_t, Tensor&& alone) { results[i] = std::move(alone); });
        }
        const std::vector<double> alone = scene_.readout->values(results);
        const std::vector<double>& among = known_.at(one.key);
        for (std::size_t t = 0; t < alone.size(); ++t)
            largest = std::max(largest, std::abs(alone[t] - among[t]));
        scene_.tick(0);
    }
    return largest > 0 ? std::optional(2 * largest) : std::nullopt;  // a score is of two values at least
}

void ReplayGame::run(std::vector<Case>& cases) {
    keep_sample(cases);
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

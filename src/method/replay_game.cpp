#include "method/replay_game.hpp"

#include <algorithm>
#include <llmx/error.hpp>

#include "engine/requirements.hpp"
#include "engine/vocabulary.hpp"
#include "method/deletion.hpp"

namespace llmx::method {

Absence absence(const Options& options, const Model& model) {
    const std::string& kind = options.word("baseline");
    const int given = options.whole("baseline_token");
    const Token token = given >= 0 ? given : engine::neutral_token(model);
    engine::require_tokens(model, std::span(&token, 1));
    if (kind == "attention_mask") return {Absence::Kind::attention_mask, token};
    if (kind == "deletion") {
        if (model.facts().kind == ModelKind::encoder) {
            throw Error(ErrorCode::unsupported,
                        "baseline deletion: an encoder's span would move; expected token or attention_mask");
        }
        return {Absence::Kind::deletion, token};
    }
    return {Absence::Kind::token, token};
}

ReplayGame::ReplayGame(Scene& scene, Absence absence)
    : scene_(scene), absence_(absence), scorer_(scene.session) {}

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
    if (absence_.kind == Absence::Kind::deletion) return without_rows(text, absent, absence_.token);
    for (int row = 0; row < text.rows(); ++row) {
        if (!absent[static_cast<std::size_t>(row)]) continue;
        if (absence_.kind == Absence::Kind::token) {
            id_of(row) = absence_.token;
        } else {
            input.hidden.push_back(row);
        }
    }
    return input;
}

std::vector<std::vector<double>> ReplayGame::values(std::span<const Coalition> coalitions) {
    std::vector<Coalition> news;
    for (const Coalition& coalition : coalitions) {
        if (known_.try_emplace(coalition).second) news.push_back(coalition);
    }
    const std::size_t texts = scene_.texts.size();
    std::vector<engine::PassInput> inputs;
    inputs.reserve(news.size() * texts);
    for (const Coalition& coalition : news) {
        for (const engine::PassInput& text : scene_.texts) inputs.push_back(text_without(text, coalition));
    }
    std::map<std::size_t, std::vector<Tensor>> waiting;  // coalition -> results of its texts
    scorer_.run(inputs, [&](std::size_t i, const Tensor& results) {
        std::vector<Tensor>& found = waiting[i / texts];
        found.resize(texts);
        found[i % texts] = results;
        const bool whole =
            std::none_of(found.begin(), found.end(), [](const Tensor& t) { return t.empty(); });
        if (!whole) return;
        known_[news[i / texts]] = scene_.readout->values(found);
        waiting.erase(i / texts);
        scene_.tick(1);
    });
    std::vector<std::vector<double>> all;
    all.reserve(coalitions.size());
    for (const Coalition& coalition : coalitions) all.push_back(known_.at(coalition));
    return all;
}

}  // namespace llmx::method

#include "view/json_views.hpp"

#include "view/base64.hpp"

namespace llmx::view {
namespace {

std::string floats(std::span<const float> values, const std::string& key) {
    for (const float value : values) (void)number(value, key);  // finite, all of them
    return base64_floats(values);
}

Json map(const AttentionMap& m) {
    return {{"block", m.block},
            {"head", m.head < 0 ? Json(nullptr) : Json(m.head)},
            {"first_row", m.first_row},
            {"rows", m.steps.size()},
            {"steps", floats(m.steps, "views.attention.maps.steps")},
            {"weights", base64(m.packed)}};
}

Json attention(const AttentionMaps& maps) {
    Json list = Json::array();
    for (const AttentionMap& m : maps.maps) list.push_back(map(m));
    return {{"kind", maps.kind},      {"rows", maps.rows},
            {"keys", maps.keys},      {"answer_row", maps.answer_row},
            {"blocks", maps.blocks},  {"heads", maps.heads},
            {"maps", std::move(list)}};
}

Json neuron(const NeuronGroup& group) {
    const std::string key = "views.neuron.";
    Json json = {{"kind", group.kind},
                 {"block", group.block},
                 {"heads", {group.first_head, group.first_head + group.queries.shape[0]}},
                 {"first_row", group.first_row},
                 {"rows", group.queries.shape[1]},
                 {"key_count", group.keys.shape[0]},
                 {"size", group.keys.shape[1]},
                 {"scale", number(group.scale, key + "scale")},
                 {"softcap", group.softcap > 0 ? number(group.softcap, key + "softcap") : Json(nullptr)}};
    Json visible = Json::array();
    for (const auto& [first, last] : group.visible) visible.push_back({first, last});
    json["visible"] = std::move(visible);
    json["queries"] = floats(group.queries.values, key + "queries");
    json["keys"] = floats(group.keys.values, key + "keys");
    if (!group.bias.empty()) json["bias"] = floats(group.bias.values, key + "bias");
    if (!group.sinks.empty()) json["sinks"] = numbers(group.sinks, key + "sinks");
    return json;
}

/// [blocks][rows], or [blocks][rows][top].
template <class Number>
Json table(const std::vector<Number>& values, std::size_t blocks, std::size_t rows, std::size_t top) {
    Json all = Json::array();
    std::size_t at = 0;
    for (std::size_t b = 0; b < blocks; ++b) {
        Json block = Json::array();
        for (std::size_t r = 0; r < rows; ++r) {
            if (top == 0) {
                block.push_back(values[at++]);
                continue;
            }
            Json row = Json::array();
            for (std::size_t k = 0; k < top; ++k) row.push_back(values[at++]);
            block.push_back(std::move(row));
        }
        all.push_back(std::move(block));
    }
    return all;
}

Json logit_lens(const LogitLens& lens) {
    const std::string key = "views.logit_lens.";
    const std::size_t blocks = lens.blocks.size();
    const std::size_t rows = blocks == 0 ? 0 : lens.answer_ranks.size() / blocks;
    Json text = Json::object();
    for (const auto& [id, written] : lens.text) text[std::to_string(id)] = written;
    return {{"top", lens.top},
            {"blocks", lens.blocks},
            {"ids", table(lens.ids, blocks, rows, static_cast<std::size_t>(lens.top))},
            {"probabilities", nested(lens.probabilities, key + "probabilities")},
            {"answer_probabilities", nested(lens.answer_probabilities, key + "answer_probabilities")},
            {"answer_ranks", table(lens.answer_ranks, blocks, rows, 0)},
            {"text", std::move(text)}};
}

}  // namespace

Json views(const ViewData& data) {
    Json json = {{"budget", data.budget}, {"left_out", data.left_out}};
    json["attention"] = Json::array();
    for (const AttentionMaps& maps : data.attention) json["attention"].push_back(attention(maps));
    json["neuron"] = Json::array();
    for (const NeuronGroup& group : data.neuron) json["neuron"].push_back(neuron(group));
    json["logit_lens"] = data.logit_lens ? logit_lens(*data.logit_lens) : Json(nullptr);
    return json;
}

}  // namespace llmx::view

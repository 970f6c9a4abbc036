#include <algorithm>
#include <cctype>

#include "view/base64.hpp"
#include "view/json_views.hpp"

namespace llmx::view {
namespace {

/// A whole number from 0, small enough that no file makes us fill the memory.
int count(const Place& place) {
    constexpr int most = 1 << 24;
    const int number = place.whole();
    if (number < 0 || number > most) place.refuse("a number from 0 to 16777216");
    return number;
}

std::vector<float> packed_floats(const Place& place, std::int64_t expected) {
    auto values = floats_from_base64(place.text());
    if (!values) place.refuse("float32 numbers in base64");
    if (static_cast<std::int64_t>(values->size()) != expected) {
        throw Error(ErrorCode::input,
                    fmt::format("{}: has {} numbers; expected {}", place.path(), values->size(), expected));
    }
    return std::move(*values);
}

Tensor packed_tensor(const Place& place, std::vector<std::int64_t> shape) {
    std::int64_t expected = 1;
    for (const std::int64_t extent : shape) expected *= extent;
    return {std::move(shape), packed_floats(place, expected)};
}

AttentionMap map(const Place& place, const AttentionMaps& maps) {
    AttentionMap m;
    m.block = place.at("block").whole();
    m.head = place.has("head") ? count(place.at("head")) : -1;
    m.first_row = count(place.at("first_row"));
    const int rows = count(place.at("rows"));
    if (m.first_row + rows > maps.rows) place.at("rows").refuse(fmt::format("rows of {}", maps.rows));
    m.steps = packed_floats(place.at("steps"), rows);
    auto packed = from_base64(place.at("weights").text());
    if (!packed) place.at("weights").refuse("bytes in base64");
    m.packed = std::move(*packed);
    (void)unpack(m, maps.keys);  // as many weights as rows and keys say
    return m;
}

AttentionMaps attention(const Place& place) {
    AttentionMaps maps{.kind = place.at("kind").text(),
                       .rows = count(place.at("rows")),
                       .keys = count(place.at("keys")),
                       .answer_row = count(place.at("answer_row")),
                       .blocks = wholes(place.at("blocks")),
                       .heads = wholes(place.at("heads")),
                       .maps = {}};
    if (maps.heads.size() != maps.blocks.size()) place.at("heads").refuse("one number a block");
    maps.maps = list(place.at("maps"), [&](const Place& entry) { return map(entry, maps); });
    return maps;
}

NeuronGroup neuron(const Place& place) {
    NeuronGroup group;
    group.kind = place.at("kind").text();
    group.block = place.at("block").whole();
    const auto [first, last] = range(place.at("heads"));
    group.first_head = first;
    group.first_row = count(place.at("first_row"));
    const std::int64_t heads = last - first;
    const std::int64_t rows = count(place.at("rows"));
    const std::int64_t keys = count(place.at("key_count"));
    const std::int64_t size = count(place.at("size"));
    if (first < 0 || heads <= 0) place.at("heads").refuse("a range of heads");
    group.scale = static_cast<float>(place.at("scale").number());
    if (place.has("softcap")) group.softcap = static_cast<float>(place.at("softcap").number());
    group.visible = list(place.at("visible"), range);
    if (static_cast<std::int64_t>(group.visible.size()) != rows)
        place.at("visible").refuse(fmt::format("one range for each of {} rows", rows));
    for (const auto& [from, to] : group.visible) {
        if (from < 0 || to > keys || from > to) place.at("visible").refuse("ranges of keys");
    }
    group.queries = packed_tensor(place.at("queries"), {heads, rows, size});
    group.keys = packed_tensor(place.at("keys"), {keys, size});
    if (place.has("bias")) group.bias = packed_tensor(place.at("bias"), {heads, rows, keys});
    if (place.has("sinks")) group.sinks = floats(place.at("sinks"));
    if (!group.sinks.empty() && static_cast<std::int64_t>(group.sinks.size()) != heads)
        place.at("sinks").refuse("one number a head");
    return group;
}

/// Tables of one size for every block.
Tensor table(const Place& place, std::size_t blocks) {
    if (place.size() != blocks) place.refuse(fmt::format("a table for each of {} blocks", blocks));
    std::optional<std::size_t> rows;
    std::optional<std::size_t> columns;
    Tensor all;
    for (std::size_t b = 0; b < blocks; ++b) {
        const Tensor one = matrix(place.at(b), columns);
        if (rows && static_cast<std::size_t>(one.shape[0]) != *rows)
            place.at(b).refuse(fmt::format("{} rows", *rows));
        rows = static_cast<std::size_t>(one.shape[0]);
        columns = static_cast<std::size_t>(one.shape[1]);
        all.values.insert(all.values.end(), one.values.begin(), one.values.end());
    }
    all.shape = {static_cast<std::int64_t>(blocks), static_cast<std::int64_t>(rows.value_or(0)),
                 static_cast<std::int64_t>(columns.value_or(0))};
    return all;
}

LogitLens logit_lens(const Place& place) {
    LogitLens lens;
    lens.top = count(place.at("top"));
    lens.blocks = wholes(place.at("blocks"));
    lens.probabilities = table(place.at("probabilities"), lens.blocks.size());
    const Tensor ids = table(place.at("ids"), lens.blocks.size());
    if (ids.shape != lens.probabilities.shape) place.at("ids").refuse("as many as there are probabilities");
    for (std::size_t b = 0; b < lens.blocks.size(); ++b) {
        const Place block = place.at("ids").at(b);
        for (std::size_t r = 0; r < block.size(); ++r) {
            const std::vector<int> row = wholes(block.at(r));
            lens.ids.insert(lens.ids.end(), row.begin(), row.end());
        }
    }
    lens.answer_probabilities = matrix(place.at("answer_probabilities"));
    const Place ranks = place.at("answer_ranks");
    for (std::size_t b = 0; b < ranks.size(); ++b) {
        const std::vector<int> row = wholes(ranks.at(b));
        lens.answer_ranks.insert(lens.answer_ranks.end(), row.begin(), row.end());
    }
    const std::vector<std::int64_t> rows(ids.shape.begin(), ids.shape.begin() + 2);
    if (lens.answer_probabilities.shape != rows ||
        lens.answer_ranks.size() != lens.answer_probabilities.values.size())
        place.at("answer_ranks").refuse("one number a block and row");
    const Place text = place.at("text");
    if (!text.json().is_object()) text.refuse("an object");
    for (const auto& [id, value] : text.json().items()) {
        constexpr std::size_t longest = 9;  // digits
        const bool number =
            !id.empty() && id.size() <= longest &&
            std::all_of(id.begin(), id.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
        if (!number) text.refuse("token ids as keys");
        lens.text[std::stoi(id)] = text.at(id.c_str()).text();
    }
    return lens;
}

}  // namespace

ViewData read_views(const Place& place) {
    ViewData data;
    data.budget = static_cast<std::size_t>(std::max(0.0, place.at("budget").number()));
    data.left_out = texts(place.at("left_out"));
    data.attention = list(place.at("attention"), attention);
    data.neuron = list(place.at("neuron"), neuron);
    if (place.has("logit_lens")) data.logit_lens = logit_lens(place.at("logit_lens"));
    return data;
}

}  // namespace llmx::view

// A result read from what safetensors.cpp writes.

#include <fmt/format.h>

#include <cstring>
#include <map>
#include <optional>

#include "core/json_depth.hpp"
#include "view/json_place.hpp"
#include "view/safetensors.hpp"

namespace llmx::view {
namespace {

constexpr std::size_t length_bytes = 8;
constexpr int deepest = 64;

/// The header's length; more than there is where the bytes are too few.
std::uint64_t header_length(std::string_view bytes) {
    std::uint64_t length = 0;
    if (bytes.size() < length_bytes) return bytes.size();
    std::memcpy(&length, bytes.data(), length_bytes);
    return length;
}

/// The tensors of a file, taken one by one.
class Tensors {
public:
    Tensors(const Place& header, std::string_view data) {
        for (const auto& [name, entry] : header.json().items()) {
            if (name != "__metadata__") all_[name] = read({entry, header.path() + "." + name}, data);
        }
    }

    [[nodiscard]] bool has(const std::string& name) const { return all_.contains(name); }

    /// An empty one where there is none.
    Tensor take(const std::string& name, std::size_t rank, const Place& root) {
        const auto found = all_.find(name);
        if (found == all_.end()) return {};
        if (found->second.shape.size() != rank) {
            throw Error(ErrorCode::input, fmt::format("{}.{}: has {} dimensions; expected {}", root.path(),
                                                      name, found->second.shape.size(), rank));
        }
        return std::move(found->second);
    }

private:
    static Tensor read(const Place& entry, std::string_view data) {
        const Place dtype = entry.at("dtype"), shape = entry.at("shape"), offsets = entry.at("data_offsets");
        if (dtype.text() != "F32") dtype.refuse("F32");
        if (offsets.size() != 2) offsets.refuse("two offsets");
        const std::uint64_t first = offsets.at(std::size_t{0}).large(),
                            last = offsets.at(std::size_t{1}).large();
        if (first > last || last > data.size()) offsets.refuse("a place in the file");
        const std::uint64_t count = (last - first) / sizeof(float);
        std::uint64_t elements = 1;
        Tensor tensor;
        for (std::size_t i = 0; i < shape.size(); ++i) {
            const int extent = shape.at(i).whole();
            if (extent < 1) shape.refuse("extents from 1");
            tensor.shape.push_back(extent);
            elements *= static_cast<std::uint64_t>(extent);
            if (elements > count) break;
        }
        if (elements * sizeof(float) != last - first) shape.refuse("as many values as there are bytes for");
        tensor.values.resize(count);
        std::memcpy(tensor.values.data(), data.data() + first, last - first);
        return tensor;
    }

    std::map<std::string, Tensor> all_;
};

/// A list of whole numbers in the metadata; empty where there is none.
std::vector<int> whole_numbers(const Place& metadata, const char* key) {
    if (!metadata.has(key)) return {};
    const std::string text = metadata.at(key).text();
    const Json json = nested_deeper_than(text, deepest) ? Json() : Json::parse(text, nullptr, false);
    const Place list(json, fmt::format("{}.{}", metadata.path(), key));
    std::vector<int> numbers;
    for (std::size_t i = 0; i < list.size(); ++i) numbers.push_back(list.at(i).whole());
    return numbers;
}

void read_gradient(GradientResult& gradient, Tensors& tensors, const Place& root, const Place& metadata) {
    gradient.gradient = tensors.take("gradient", 2, root);
    gradient.input_embeddings = tensors.take("input_embeddings", 2, root);
    gradient.decoder_gradient = tensors.take("decoder_gradient", 2, root);
    gradient.decoder_input_embeddings = tensors.take("decoder_input_embeddings", 2, root);
    gradient.replayed = whole_numbers(metadata, "gradient_replayed");
}

void read_attention(AttentionResult& attention, Tensors& tensors, const Place& root, const Place& metadata) {
    attention.median_raw = tensors.take("attention_result.median_raw", 4, root);
    for (const int block : attention.blocks) {
        const std::string name = fmt::format("attention.{}", block);
        if (tensors.has(name)) attention.weights.push_back(tensors.take(name, 3, root));
    }
    const auto take_all = [&](const char* part, std::vector<Tensor>& blocks) {
        while (tensors.has(fmt::format("{}.{}", part, blocks.size())))
            blocks.push_back(tensors.take(fmt::format("{}.{}", part, blocks.size()), 3, root));
    };
    take_all("encoder_attention", attention.encoder_weights);
    take_all("decoder_attention", attention.decoder_weights);
    take_all("cross_attention", attention.cross_weights);
    const std::vector<int> rows = whole_numbers(metadata, "attention_rows");
    if (rows.size() == 2) attention.rows = {rows[0], rows[1]};
    if (metadata.has("pair_missing")) attention.pair.missing = metadata.at("pair_missing").text();
}

std::vector<HiddenState> hidden_states(Tensors& tensors, const Place& root, const Place& metadata) {
    const std::vector<int> first = whole_numbers(metadata, "hidden_first_positions");
    const std::vector<int> blocks = whole_numbers(metadata, "hidden_blocks");
    std::vector<HiddenState> states;
    for (std::size_t i = 0; i < std::min(first.size(), blocks.size()); ++i)
        states.push_back({blocks[i], first[i], tensors.take(fmt::format("hidden.{}", blocks[i]), 2, root)});
    return states;
}

}  // namespace

bool is_safetensors(std::string_view bytes) {
    return bytes.size() > length_bytes && bytes[length_bytes] == '{' &&
           header_length(bytes) <= bytes.size() - length_bytes;
}

StoredResult read_safetensors(std::string_view bytes, std::string_view what) {
    if (!is_safetensors(bytes))
        throw Error(ErrorCode::input, fmt::format("{}: is no safetensors file; expected a whole one", what));
    const std::size_t length = header_length(bytes);
    const std::string_view text = bytes.substr(length_bytes, length);
    const Json header = nested_deeper_than(text, deepest) ? Json() : Json::parse(text, nullptr, false);
    const Place root(header, std::string(what));
    const Place metadata = root.at("__metadata__");
    if (!metadata.has("result")) {
        throw Error(ErrorCode::input,
                    fmt::format("{}: has tensors, but no `result`; expected a file of `Result.save` or "
                                "of the key `tensors`, written by this version",
                                what));
    }
    StoredResult stored = read_json(metadata.at("result").text(), what);
    Tensors tensors(root, bytes.substr(length_bytes + length));
    Explanation& result = stored.explanation;
    if (result.original.gradient) read_gradient(*result.original.gradient, tensors, root, metadata);
    if (result.original.attention) read_attention(*result.original.attention, tensors, root, metadata);
    result.hidden = hidden_states(tensors, root, metadata);
    return stored;
}

}  // namespace llmx::view

// Raw tensors in the safetensors format: 8 bytes little-endian length of the header, the header as
// JSON padded by spaces to a multiple of 8, then the tensors' bytes without gaps.

#include <fmt/format.h>

#include <bit>
#include <llmx/error.hpp>
#include <llmx/view.hpp>
#include <nlohmann/json.hpp>

#include "core/files.hpp"
#include "view/schema.hpp"

namespace llmx::view {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors are little-endian");

struct Named {
    std::string name;
    const Tensor* tensor;
};

/// The tensors that the result holds; an empty one is left out.
std::vector<Named> tensors_of(const Explanation& result) {
    std::vector<Named> all;
    const auto add = [&](std::string name, const Tensor& tensor) {
        if (!tensor.empty()) all.push_back({std::move(name), &tensor});
    };
    if (result.original.gradient) {
        add("gradient", result.original.gradient->gradient);
        add("input_embeddings", result.original.gradient->input_embeddings);
        add("decoder_gradient", result.original.gradient->decoder_gradient);
        add("decoder_input_embeddings", result.original.gradient->decoder_input_embeddings);
    }
    if (result.original.attention) {
        const AttentionResult& attention = *result.original.attention;
        add("attention_result.median_raw", attention.median_raw);
        add("attention.mean", attention.mean);
        for (std::size_t i = 0; i < attention.weights.size(); ++i) {
            add(fmt::format("attention.{}", attention.blocks.at(i)), attention.weights[i]);
        }
        const auto add_all = [&](const char* part, const std::vector<Tensor>& blocks) {
            for (std::size_t i = 0; i < blocks.size(); ++i) add(fmt::format("{}.{}", part, i), blocks[i]);
        };
        add_all("encoder_attention", attention.encoder_weights);
        add_all("decoder_attention", attention.decoder_weights);
        add_all("cross_attention", attention.cross_weights);
    }
    for (const HiddenState& state : result.hidden) add(fmt::format("hidden.{}", state.block), state.values);
    return all;
}

nlohmann::ordered_json metadata_of(const Explanation& result) {
    const auto list = [](const auto& values) { return nlohmann::ordered_json(values).dump(); };
    nlohmann::ordered_json metadata = {{"schema", schema},
                                       {"task", to_string(result.task)},
                                       {"objective", to_string(result.objective)},
                                       {"prompt_ids", list(result.prompt_ids)},
                                       {"answer_ids", list(result.answer_ids)},
                                       {"label_ids", list(result.label_ids)}};
    if (result.original.attention && !result.original.attention->weights.empty()) {
        const auto [first, last] = result.original.attention->rows;
        metadata["attention_rows"] = list(std::vector<int>{first, last});
    }
    if (!result.hidden.empty()) {
        std::vector<int> first;
        for (const HiddenState& state : result.hidden) first.push_back(state.first_position);
        metadata["hidden_first_positions"] = list(first);
    }
    return metadata;
}

std::string header_of(const std::vector<Named>& tensors, const Explanation& result) {
    nlohmann::ordered_json header = {{"__metadata__", metadata_of(result)}};
    std::size_t offset = 0;
    for (const auto& [name, tensor] : tensors) {
        std::size_t elements = 1;
        for (const auto extent : tensor->shape) elements *= static_cast<std::size_t>(extent);
        if (elements != tensor->values.size()) {
            throw Error(ErrorCode::internal, fmt::format("safetensors: {} holds {} values; its shape says {}",
                                                         name, tensor->values.size(), elements));
        }
        const std::size_t end = offset + elements * sizeof(float);
        header[name] = {{"dtype", "F32"}, {"shape", tensor->shape}, {"data_offsets", {offset, end}}};
        offset = end;
    }
    std::string text = header.dump();
    text.append((8 - text.size() % 8) % 8, ' ');
    return text;
}

}  // namespace

void safetensors(const std::filesystem::path& path, const Explanation& result) {
    const std::vector<Named> tensors = tensors_of(result);
    const std::string header = header_of(tensors, result);
    AtomicFile file(path);
    const auto length = static_cast<std::uint64_t>(header.size());
    file.write(&length, sizeof length);
    file.write(header);
    for (const auto& [name, tensor] : tensors) {
        file.write(tensor->values.data(), tensor->values.size() * sizeof(float));
    }
    file.commit();
}

}  // namespace llmx::view

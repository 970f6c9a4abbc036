// Raw tensors in the safetensors format: 8 bytes little-endian length of the header, the header as
// JSON padded by spaces to a multiple of 8, then the tensors' bytes without gaps.

#include <fmt/format.h>

#include <bit>
#include <llmx/error.hpp>
#include <llmx/view.hpp>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/files.hpp"
#include "view/safetensors.hpp"
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

bool keeps_weights(const AttentionResult& attention) {
    return !attention.weights.empty() || !attention.encoder_weights.empty() ||
           !attention.cross_weights.empty();
}

nlohmann::ordered_json metadata_of(const Explanation& result, const std::string& command_json) {
    const auto list = [](const auto& values) { return nlohmann::ordered_json(values).dump(); };
    nlohmann::ordered_json metadata = {{"schema", schema},
                                       {"task", to_string(result.task)},
                                       {"objective", to_string(result.objective)},
                                       {"prompt_ids", list(result.prompt_ids)},
                                       {"answer_ids", list(result.answer_ids)},
                                       {"label_ids", list(result.label_ids)}};
    if (result.original.attention && keeps_weights(*result.original.attention)) {
        const auto [first, last] = result.original.attention->rows;
        metadata["attention_rows"] = list(std::vector<int>{first, last});
    }
    if (result.original.attention && !result.original.attention->pair.missing.empty())
        metadata["pair_missing"] = result.original.attention->pair.missing;
    if (result.original.gradient) metadata["gradient_replayed"] = list(result.original.gradient->replayed);
    if (!result.hidden.empty()) {
        std::vector<int> first, blocks;
        for (const HiddenState& state : result.hidden) {
            first.push_back(state.first_position);
            blocks.push_back(state.block);
        }
        metadata["hidden_first_positions"] = list(first);
        metadata["hidden_blocks"] = list(blocks);
    }
    metadata["result"] = json(result, {command_json, /*raw=*/false});
    return metadata;
}

std::string header_of(const std::vector<Named>& tensors, const Explanation& result,
                      const std::string& command_json) {
    nlohmann::ordered_json header = {{"__metadata__", metadata_of(result, command_json)}};
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

/// Calls `write` with each piece of the file.
template <typename Write>
void write_pieces(const Explanation& result, const std::string& command_json, const Write& write) {
    const std::vector<Named> tensors = tensors_of(result);
    const std::string header = header_of(tensors, result, command_json);
    const auto length = static_cast<std::uint64_t>(header.size());
    write(&length, sizeof length);
    write(header.data(), header.size());
    for (const auto& [name, tensor] : tensors)
        write(tensor->values.data(), tensor->values.size() * sizeof(float));
}

}  // namespace

void safetensors(const std::filesystem::path& path, const Explanation& result,
                 const std::string& command_json) {
    std::optional<AtomicFile> file;
    write_pieces(result, command_json, [&](const void* bytes, std::size_t count) {
        if (!file) file.emplace(path);  // nothing is begun for a result that cannot be written
        file->write(bytes, count);
    });
    file->commit();
}

void safetensors(const std::filesystem::path& path, const Explanation& result) {
    safetensors(path, result, "{}");
}

std::string safetensors_bytes(const Explanation& result, const std::string& command_json) {
    std::string all;
    write_pieces(result, command_json, [&](const void* bytes, std::size_t count) {
        all.append(static_cast<const char*>(bytes), count);
    });
    return all;
}

}  // namespace llmx::view

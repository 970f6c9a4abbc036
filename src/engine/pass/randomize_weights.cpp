#include "engine/pass/randomize_weights.hpp"

#include <fmt/format.h>
#include <ggml.h>

#include <llmx/error.hpp>
#include <map>

#include "core/random.hpp"
#include "engine/llama_guard.hpp"
#include "engine/model/blocks.hpp"
#include "engine/pass/pass.hpp"

namespace llmx::engine {

namespace {

/// "dec.blk.3.attn_q.weight": stack "dec.", block 3; block -1 for a tensor outside all blocks.
struct Place {
    std::string stack;
    int block = -1;
};

Place place_of(const std::string& name) {
    const std::size_t at = name.find("blk.");
    if (at == std::string::npos) return {};
    return {name.substr(0, at), block_of(std::string_view(name).substr(at))};
}

/// The seed of one tensor's order (FNV-1a).
std::uint64_t seed_of(const std::string& name, std::uint32_t seed) {
    std::uint64_t hash = 0xCBF29CE484222325U ^ seed;
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
    return hash;
}

void write_rows(ggml_tensor& tensor, const std::vector<float>& values) {
    const std::vector<float> importance(static_cast<std::size_t>(tensor.ne[0]),
                                        1.0F);  // some types require it
    const std::int64_t rows = ggml_nrows(&tensor);
    const LlamaGuard guard;
    try {
        for (std::int64_t row = 0; row < rows; ++row) {
            const std::int64_t i1 = row % tensor.ne[1];
            const std::int64_t i2 = row / tensor.ne[1] % tensor.ne[2];
            const std::int64_t i3 = row / (tensor.ne[1] * tensor.ne[2]);
            char* const out =
                static_cast<char*>(tensor.data) + i1 * tensor.nb[1] + i2 * tensor.nb[2] + i3 * tensor.nb[3];
            ggml_quantize_chunk(tensor.type, values.data() + row * tensor.ne[0], out, 0, 1, tensor.ne[0],
                                importance.data());
        }
    } catch (const LlamaAbort& e) {
        throw Error(ErrorCode::unsupported, fmt::format("re-drawn weights: {} of type {}: {}", tensor.name,
                                                        ggml_type_name(tensor.type), e.what()));
    }
}

/// Every weight that a pass of the model uses.
Graph weights_of(const Model& model) {
    const int source = model.facts().kind == ModelKind::encoder_decoder ? 1 : 0;
    Session session(model, {.tokens = 1, .outputs = 1, .source = source});
    return session.plan({.source = Tokens(static_cast<std::size_t>(source), 0), .ids = {0}, .outputs = {0}});
}

}  // namespace

void randomize_weights(const Model& model, int blocks, std::uint32_t seed) {
    const Graph graph = weights_of(model);
    std::map<std::string, int> counts;  // blocks of each stack
    const auto weights = [&](const auto& visit) {
        for (const TensorInfo& info : graph.tensors) {
            if (info.role != TensorRole::weight || !info.is_root()) continue;
            const Place place = place_of(info.name);
            if (place.block >= 0) visit(info, place);
        }
    };
    weights([&](const TensorInfo&, const Place& place) {
        int& count = counts[place.stack];
        count = std::max(count, place.block + 1);
    });
    weights([&](const TensorInfo& info, const Place& place) {
        if (place.block < counts[place.stack] - blocks) return;
        std::vector<float> values(static_cast<std::size_t>(info.elements()));
        dequantize_rows(info, 0, info.elements() / info.shape[3], values.data());
        Random(seed_of(info.name, seed)).shuffle(std::span(values));
        // The handle is const for readers; the memory belongs to this model.
        write_rows(*static_cast<ggml_tensor*>(const_cast<void*>(info.handle)), values);
    });
}

}  // namespace llmx::engine

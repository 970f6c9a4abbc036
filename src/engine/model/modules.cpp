#include "engine/model/modules.hpp"

#include <algorithm>

#include "engine/model/blocks.hpp"

namespace llmx::engine {
namespace {

bool contains(std::string_view name, std::string_view part) {
    return name.find(part) != std::string_view::npos;
}

std::string kind_of(std::string_view name, std::size_t dims) {
    if (contains(name, "embd") && !contains(name, "norm")) return "embedding";
    if (contains(name, "token_types") || contains(name, "attn_rel_b")) return "embedding";
    if (contains(name, "norm")) return "norm";
    if (contains(name, "conv")) return "convolution";
    if (dims == 3) return "experts";
    return dims == 2 ? "linear" : "vector";
}

}  // namespace

std::vector<Module> list_modules(std::span<const GgufTensor> tensors, std::string_view architecture) {
    constexpr std::string_view ending = ".weight";
    const bool gated = std::any_of(tensors.begin(), tensors.end(), [](const GgufTensor& tensor) {
        return contains(tensor.name, ".ffn_gate.");
    });
    if (architecture.starts_with("t5")) architecture = gated ? "t5-gated" : "t5";
    std::vector<Module> modules;
    for (const GgufTensor& tensor : tensors) {
        if (!tensor.name.ends_with(ending) || tensor.name.starts_with("rope_")) continue;
        Module module;
        module.gguf_name = tensor.name.substr(0, tensor.name.size() - ending.size());
        module.hf_name = hf_name(module.gguf_name, architecture);
        module.kind = kind_of(module.gguf_name, tensor.shape.size());
        module.shape = tensor.shape;
        module.type = tensor.type;
        // T5 has two stacks: "enc.blk.0." and "dec.blk.0."
        const std::size_t at = tensor.name.find("blk.");
        module.block = at == std::string::npos ? -1 : block_of(std::string_view(tensor.name).substr(at));
        modules.push_back(std::move(module));
    }
    return modules;
}

}  // namespace llmx::engine

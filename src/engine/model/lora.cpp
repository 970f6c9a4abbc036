#include "engine/model/lora.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/gguf/gguf_file.hpp"
#include "engine/llama_guard.hpp"

namespace llmx::engine {
namespace {

[[noreturn]] void fail(const Lora& lora, const std::string& reason) {
    throw Error(ErrorCode::model, fmt::format("lora {}: {}", lora.path.string(), reason));
}

LlamaAdapterPtr load_adapter(const ModelImpl& impl, const Lora& lora) {
    if (!std::isfinite(lora.scale)) {
        throw Error(ErrorCode::usage, fmt::format("lora {}: scale {}; expected a finite number",
                                                  lora.path.string(), lora.scale));
    }
    const GgufContent content = check_gguf(lora.path);
    const LlamaGuard guard;
    LlamaAdapterPtr adapter;
    try {
        adapter.reset(llama_adapter_lora_init(impl.model.get(), lora.path.c_str()));
    } catch (const std::exception& e) {
        fail(lora, one_line(e.what()));
    }
    if (adapter == nullptr) {
        fail(lora, fmt::format("{}; expected a LoRA adapter for architecture \"{}\" in GGUF", guard.reason(),
                               impl.facts.architecture));
    }
    for (const GgufTensor& tensor : content.tensors) {
        if (!tensor.name.starts_with("token_embd.")) continue;
        throw Error(ErrorCode::unsupported,
                    fmt::format("lora {}: changes the token embeddings, which gradients refer to; merge it "
                                "into the model",
                                lora.path.string()));
    }
    if (llama_adapter_get_alora_n_invocation_tokens(adapter.get()) > 0) {
        throw Error(
            ErrorCode::unsupported,
            fmt::format("lora {}: an activated LoRA, which works on part of a text; expected a plain one",
                        lora.path.string()));
    }
    return adapter;
}

}  // namespace

void load_adapters(ModelImpl& impl, const std::vector<Lora>& adapters) {
    for (const Lora& lora : adapters) {
        impl.adapters.push_back(load_adapter(impl, lora));
        impl.adapter_scales.push_back(lora.scale);
    }
}

void use_adapters(const ModelImpl& impl, llama_context* context) {
    if (impl.adapters.empty()) return;
    std::vector<llama_adapter_lora*> adapters;
    for (const LlamaAdapterPtr& adapter : impl.adapters) adapters.push_back(adapter.get());
    std::vector<float> scales = impl.adapter_scales;
    llama_set_adapters_lora(context, adapters.data(), adapters.size(), scales.data());
}

bool is_adapter(std::string_view tensor) {
    return tensor.ends_with(".lora_a") || tensor.ends_with(".lora_b");
}

}  // namespace llmx::engine

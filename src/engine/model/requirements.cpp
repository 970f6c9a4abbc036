#include "engine/model/requirements.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "core/memory.hpp"
#include "engine/model/model_impl.hpp"

namespace llmx::engine {
namespace {

[[noreturn]] void refuse(const Model& model, std::string_view is) {
    throw Error(ErrorCode::unsupported,
                fmt::format("model {}: architecture \"{}\" is {}; expected a causal language model "
                            "(llama, qwen, gemma, gpt2, ...)",
                            model.facts().path, model.facts().architecture, is));
}

}  // namespace

ModelKind kind_of(std::string_view architecture, bool causal) {
    if (architecture == "t5") return ModelKind::encoder_decoder;
    // llama.cpp does not expose whether an architecture attends in both directions; these do.
    static constexpr std::array names{"gemma-embedding", "llama-embed", "t5encoder", "wavtokenizer-dec",
                                      "dream",           "llada",       "llada-moe", "rnd1"};
    const bool encodes = architecture.find("bert") != std::string_view::npos ||
                         std::find(names.begin(), names.end(), architecture) != names.end();
    return encodes || !causal ? ModelKind::encoder : ModelKind::decoder;
}

void require_causal(const Model& model) {
    if (model.facts().kind == ModelKind::encoder_decoder)
        refuse(model, "an encoder-decoder, which this version cannot explain");
    require_generative(model);
}

void require_generative(const Model& model) {
    if (llama_model_is_diffusion(impl_of(model).model.get()))
        refuse(model, "a diffusion model, which writes no text left to right");
    require_replayable(model);
    switch (model.facts().kind) {
        case ModelKind::decoder:
        case ModelKind::encoder_decoder:
            return;
        case ModelKind::encoder:
            refuse(model, "embedding-only (it cannot continue a text)");
    }
}

void require_replayable(const Model& model) {
    const std::string& architecture = model.facts().architecture;
    if (architecture == "eagle3" || architecture == "dflash")
        refuse(model, "the draft head of another model");
    if (architecture == "wavtokenizer-dec") refuse(model, "a vocoder, which reads no text");
}

bool is_quantized(const Model& model) {
    const std::string& type = model.facts().type;
    return type != "F32" && type != "F16" && type != "BF16";
}

bool has_plain_cache(const Model& model) {
    static constexpr std::array indexed{"deepseek32", "deepseek4",  "glm-dsa", "glm5-next",
                                        "dots3note",  "minimax-m3", "hy_v4"};
    const llama_model* llama = impl_of(model).model.get();
    return model.facts().kind == ModelKind::decoder && !llama_model_is_recurrent(llama) &&
           !llama_model_is_hybrid(llama) &&
           std::find(indexed.begin(), indexed.end(), model.facts().architecture) == indexed.end();
}

void require_hidden_rows(const Model& model) {
    if (model.facts().kind != ModelKind::decoder || has_plain_cache(model)) return;
    throw Error(ErrorCode::unsupported,
                fmt::format("attention_mask: architecture \"{}\" keeps tokens in more than the keys of its "
                            "attention; expected baseline token or deletion",
                            model.facts().architecture));
}

void require_positions(const Model& model, int tokens) {
    for (const Module& module : impl_of(model).modules) {
        if (module.gguf_name != "position_embd" || tokens <= module.shape.front()) continue;
        throw Error(ErrorCode::context_overflow,
                    fmt::format("context: {} tokens, the model's table of position embeddings ends at {}; "
                                "expected a shorter text",
                                tokens, module.shape.front()));
    }
}

void require_room_for_cache(const Model& model, int tokens) {
    const std::uint64_t free = available_memory();
    if (model.facts().kind != ModelKind::decoder || impl_of(model).servers || free == 0 ||
        !has_plain_cache(model))
        return;
    double bytes = 0;  // stays 0 for models whose weights have other names
    for (const Module& module : impl_of(model).modules) {
        const bool is_cached = module.gguf_name.ends_with(".attn_k") || module.gguf_name.ends_with(".attn_v");
        if (is_cached) bytes += static_cast<double>(module.shape.front()) * sizeof(float) * tokens;
    }
    if (bytes <= static_cast<double>(free)) return;
    throw Error(ErrorCode::context_overflow,
                fmt::format("context: {} tokens take {:.1f} GB for keys and values, {:.1f} GB are free; "
                            "expected a shorter text, or more memory",
                            tokens, bytes / 1e9, static_cast<double>(free) / 1e9));
}

std::string context_warning(const Model& model, int tokens) {
    const bool rotary = llama_model_rope_type(impl_of(model).model.get()) != LLAMA_ROPE_TYPE_NONE;
    if (!rotary || impl_of(model).rope_scaling || tokens <= model.facts().context) return {};
    return fmt::format(
        "context: {} tokens, the model was trained on {} and its file has no rope scaling; its results may "
        "be unreliable",
        tokens, model.facts().context);
}

void require_tokens(const Model& model, std::span<const Token> ids) {
    const int vocabulary = model.facts().vocabulary;
    for (std::size_t i = 0; i < ids.size(); ++i) {
        if (ids[i] >= 0 && ids[i] < vocabulary) continue;
        throw Error(ErrorCode::input,
                    fmt::format("token ids: {} at position {} is not in the vocabulary; expected 0 to {}",
                                ids[i], i, vocabulary - 1));
    }
}

}  // namespace llmx::engine

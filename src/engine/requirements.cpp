#include "engine/requirements.hpp"

#include <fmt/format.h>

#include <array>
#include <string>

#include "engine/model_impl.hpp"

namespace llmx::engine {
namespace {

[[noreturn]] void refuse(const Model& model, std::string_view is) {
    throw Error(ErrorCode::unsupported,
                fmt::format("model {}: architecture \"{}\" is {}; expected a causal language model "
                            "(llama, qwen, gemma, gpt2, ...)",
                            model.facts().path, model.facts().architecture, is));
}

}  // namespace

void require_causal(const Model& model) {
    const ModelImpl& impl = model.impl();
    const llama_model* llama = impl.model.get();
    if (llama_model_has_encoder(llama) && llama_model_has_decoder(llama)) {
        refuse(model, "an encoder-decoder, which this version cannot run");
    }
    if (llama_model_is_diffusion(llama))
        refuse(model, "a diffusion model, which writes no text left to right");
    // llama.cpp has no question for "has no KV cache"; these are the architectures it makes none for.
    bool embedding_only = !impl.causal_attention || !llama_model_has_decoder(llama);
    for (const std::string_view part : {"bert", "embed", "wavtokenizer"}) {
        embedding_only = embedding_only || impl.facts.architecture.find(part) != std::string::npos;
    }
    if (embedding_only) refuse(model, "embedding-only (it cannot continue a text)");
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

#pragma once
// The implementation of llmx::Model. Only engine/ includes this, as it names llama.cpp's types.

#include <llama.h>

#include <filesystem>
#include <llmx/error.hpp>
#include <llmx/model.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/model/mapped_weights.hpp"
#include "engine/servers/rpc_servers.hpp"

struct common_chat_templates;

namespace llmx {

struct LlamaModelFree {
    void operator()(llama_model* model) const { llama_model_free(model); }
};
struct LlamaContextFree {
    void operator()(llama_context* context) const { llama_free(context); }
};
struct LlamaSamplerFree {
    void operator()(llama_sampler* sampler) const { llama_sampler_free(sampler); }
};
struct LlamaAdapterFree {
    void operator()(llama_adapter_lora* adapter) const { llama_adapter_lora_free(adapter); }
};
struct ChatTemplatesFree {
    void operator()(common_chat_templates* templates) const;
};
using LlamaModelPtr = std::unique_ptr<llama_model, LlamaModelFree>;
using LlamaContextPtr = std::unique_ptr<llama_context, LlamaContextFree>;
using LlamaSamplerPtr = std::unique_ptr<llama_sampler, LlamaSamplerFree>;
using LlamaAdapterPtr = std::unique_ptr<llama_adapter_lora, LlamaAdapterFree>;
using ChatTemplatesPtr = std::unique_ptr<common_chat_templates, ChatTemplatesFree>;

/// Immutable after load (the chat template and the digest are made on first use, each under its mutex).
class ModelImpl {
public:
    ModelFacts facts;
    std::vector<std::filesystem::path> files;  ///< absolute; the digest covers them in order
    int threads = 1;
    std::unique_ptr<engine::RpcServers> servers;  ///< that have the layers, or nullptr
    /// The weights as a file stores them, where llama.cpp's own are elsewhere or in another layout.
    std::unique_ptr<engine::MappedWeights> mapped_weights;
    LlamaModelPtr model;
    std::vector<Module> modules;
    /// A factor for llama.cpp's logits. T5 with tied embeddings: embedding^-0.5, which Hugging Face's model
    /// applies before its head and llama.cpp's does not.
    float logit_scale = 1.0F;
    std::string chat_template;    ///< in place of the model's own; empty: none given
    bool strips_accents = false;  ///< WordPiece only
    std::optional<QaHead> qa_head;
    bool rope_scaling = false;  ///< the file has a scaling of rotary positions
    std::vector<LlamaAdapterPtr> adapters;
    std::vector<float> adapter_scales;

    mutable std::mutex mutex;
    mutable ChatTemplatesPtr templates;
    mutable std::mutex digest_mutex;
    mutable std::string sha256_16;

    [[nodiscard]] const llama_vocab* vocab() const { return llama_model_get_vocab(model.get()); }
};

}  // namespace llmx

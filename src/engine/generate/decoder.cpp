#include "engine/generate/decoder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/llama_guard.hpp"
#include "engine/model/lora.hpp"
#include "engine/model/requirements.hpp"
#include "engine/pass/batch.hpp"

namespace llmx::engine {
namespace {

llama_context_params parameters(const Model& model, const Decoder::Size& size) {
    llama_context_params params = llama_context_default_params();
    params.n_ctx = static_cast<std::uint32_t>(std::max(size.tokens, size.source));  // bounds the batch too
    params.n_batch = static_cast<std::uint32_t>(std::max({size.batch, size.source, size.sequences}));
    // An encoder reads its whole text at once.
    params.n_ubatch = std::max(std::min<std::uint32_t>(params.n_batch, 512), std::uint32_t(size.source));
    params.n_seq_max = static_cast<std::uint32_t>(size.sequences);
    params.kv_unified = true;  // sequences share what they have in common
    params.n_outputs_max = static_cast<std::uint32_t>(std::max(size.outputs, size.sequences));
    params.n_threads = model.threads();
    params.n_threads_batch = model.threads();
    // As in a replay, so that both see the same logits.
    params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
    params.type_k = GGML_TYPE_F32;
    params.type_v = GGML_TYPE_F32;
    params.no_perf = true;
    return params;
}

}  // namespace

Decoder::Decoder(const Model& model, const Size& size, Pulse& pulse)
    : model_(model), pulse_(pulse), row_products_(model.threads()), sequences_(size.sequences) {
    require_room_for_cache(model, size.tokens);
    llama_context_params params = parameters(model, size);
    if (pulse.wanted()) {
        params.abort_callback = [](void* self) { return static_cast<Pulse*>(self)->should_stop(); };
        params.abort_callback_data = &pulse;
    }
    params.cb_eval = [](ggml_tensor* node, bool ask, void* self) {
        return static_cast<Decoder*>(self)->on_node(node, ask);
    };
    params.cb_eval_user_data = this;
    const LlamaGuard guard;
    std::string reason;
    try {
        context_.reset(llama_init_from_model(impl_of(model).model.get(), params));
        reason = guard.reason("out of memory, or the file's metadata is inconsistent");
    } catch (const std::exception& e) {
        reason = one_line(e.what());
    }
    if (context_ == nullptr) {
        throw Error(
            ErrorCode::model,
            fmt::format("generate: llama.cpp cannot make a context of {} tokens: {}", size.tokens, reason));
    }
    if (llama_get_memory(context_.get()) == nullptr) {
        throw Error(ErrorCode::unsupported,
                    fmt::format("model {}: architecture \"{}\" keeps no memory of a text; "
                                "expected a causal language model",
                                model.facts().path, model.facts().architecture));
    }
    use_adapters(impl_of(model), context_.get());
}

bool Decoder::on_node(ggml_tensor* node, bool ask) {
    if (impl_of(model_).servers != nullptr) return !ask;
    if (row_products_.on) return row_products_.on_node(node, ask);
    if (ask) return own_products_.before(node);
    own_products_.after(node, model_.threads());
    return true;
}

void Decoder::check(int status, const char* what) {
    own_products_.restore();
    pulse_.check();
    if (status == 0) return;
    throw Error(ErrorCode::internal,
                fmt::format("generate: llama.cpp failed in the {} (code {})", what, status));
}

void Decoder::encode(std::span<const Token> source) {
    const BatchPtr batch = make_batch(static_cast<int>(source.size()), sequences_);
    for (std::size_t i = 0; i < source.size(); ++i) {
        set_token(*batch, static_cast<int>(i), source[i], static_cast<int>(i), false);
        batch->n_seq_id[i] = sequences_;
        for (int s = 0; s < sequences_; ++s) batch->seq_id[i][s] = s;
    }
    check(llama_encode(context_.get(), *batch), "encoder");
}

void Decoder::decode(std::span<const Place> places) {
    const BatchPtr batch = make_batch(static_cast<int>(places.size()), 1);
    outputs_.clear();
    for (std::size_t i = 0; i < places.size(); ++i) {
        const auto index = static_cast<int>(i);
        set_token(*batch, index, places[i].token, places[i].position, places[i].output);
        batch->seq_id[i][0] = places[i].sequence;
        if (places[i].output) outputs_.push_back(index);
    }
    check(llama_decode(context_.get(), *batch), "pass");
}

void Decoder::decode(std::span<const Token> ids, int position, int outputs) {
    std::vector<Place> places;
    places.reserve(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
        places.push_back(
            {ids[i], position + static_cast<int>(i), 0, i + static_cast<std::size_t>(outputs) >= ids.size()});
    }
    decode(places);
}

std::span<const float> Decoder::logits(int output) {
    const float* row = llama_get_logits_ith(context_.get(), outputs_[static_cast<std::size_t>(output)]);
    if (row == nullptr) throw Error(ErrorCode::internal, "generate: llama.cpp returned no logits");
    const std::span<const float> all(row, static_cast<std::size_t>(model_.facts().vocabulary));
    const bool bad =
        std::any_of(all.begin(), all.end(), [](float z) { return std::isnan(z) || z == INFINITY; });
    if (bad || std::all_of(all.begin(), all.end(), [](float z) { return z == -INFINITY; })) {
        throw Error(ErrorCode::model,
                    fmt::format("generate: the model's output is not a number; the file {} may be damaged",
                                model_.facts().path));
    }
    const float scale = impl_of(model_).logit_scale;
    if (scale == 1.0F) return all;
    scaled_.assign(all.begin(), all.end());
    for (float& z : scaled_) z *= scale;
    return scaled_;
}

void Decoder::truncate(int position) {
    if (llama_memory_seq_rm(llama_get_memory(context_.get()), 0, position, -1)) return;
    throw Error(ErrorCode::unsupported,
                fmt::format("model {}: speculative decoding has to take back tokens that were read, which "
                            "architecture \"{}\" cannot do; generate without an assistant and prompt lookup",
                            model_.facts().path, model_.facts().architecture));
}

void Decoder::copy(int from, int to) {
    llama_memory_seq_cp(llama_get_memory(context_.get()), from, to, -1, -1);
}

void Decoder::forget(int sequence) {
    llama_memory_seq_rm(llama_get_memory(context_.get()), sequence, -1, -1);
}

}  // namespace llmx::engine

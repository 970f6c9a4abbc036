#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>

#include "core/utf8.hpp"
#include "engine/llama_guard.hpp"
#include "engine/model_impl.hpp"
#include "engine/requirements.hpp"

namespace llmx {
namespace {

using Clock = std::chrono::steady_clock;

void check_options(const GenerateOptions& o) {
    const auto refuse = [](const std::string& message) { throw Error(ErrorCode::usage, message); };
    if (o.max_new_tokens < 1)
        refuse(fmt::format("max_new_tokens: {}; expected at least 1", o.max_new_tokens));
    if (!(o.temperature >= 0.0F) || !std::isfinite(o.temperature)) {
        refuse(fmt::format("temperature: {}; expected 0 (greedy) or more", o.temperature));
    }
    if (o.top_k < 0) refuse(fmt::format("top_k: {}; expected 0 (all tokens) or more", o.top_k));
    if (!(o.top_p > 0.0F && o.top_p <= 1.0F))
        refuse(fmt::format("top_p: {}; expected above 0, at most 1", o.top_p));
    if (!(o.repetition_penalty > 0.0F) || !std::isfinite(o.repetition_penalty)) {
        refuse(fmt::format("repetition_penalty: {}; expected above 0 (1: none)", o.repetition_penalty));
    }
    if (o.context < 0) refuse(fmt::format("context: {}; expected 0 (what is needed) or more", o.context));
}

/// Tokens that the request may take: the option, else what the model was trained on; a table of
/// position embeddings is a hard bound.
int allowed_context(const ModelImpl& impl, const GenerateOptions& options) {
    int allowed = options.context > 0 ? options.context : impl.facts.context;
    for (const Module& module : impl.modules) {
        if (module.gguf_name == "position_embd")
            allowed = std::min(allowed, static_cast<int>(module.shape.front()));
    }
    return allowed;
}

void check_length(const ModelImpl& impl, std::size_t prompt, const GenerateOptions& options) {
    const int allowed = allowed_context(impl, options);
    if (prompt + static_cast<std::size_t>(options.max_new_tokens) <= static_cast<std::size_t>(allowed))
        return;
    throw Error(
        ErrorCode::context_overflow,
        fmt::format("context: a prompt of {} tokens and up to {} new ones make {}, the context holds {}; "
                    "shorten the prompt, lower max_new_tokens (--max-new-tokens) or raise the context "
                    "(--context)",
                    prompt, options.max_new_tokens, prompt + static_cast<std::size_t>(options.max_new_tokens),
                    allowed));
}

LlamaSamplerPtr make_sampler(const GenerateOptions& o, std::span<const Token> prompt, int vocabulary) {
    llama_sampler_chain_params params = llama_sampler_chain_default_params();
    params.no_perf = true;
    LlamaSamplerPtr chain(llama_sampler_chain_init(params));
    const auto add = [&](llama_sampler* sampler) { llama_sampler_chain_add(chain.get(), sampler); };
    if (o.repetition_penalty != 1.0F) {
        const int all = static_cast<int>(prompt.size()) + o.max_new_tokens;
        add(llama_sampler_init_penalties(vocabulary, all, o.repetition_penalty, 0.0F, 0.0F));
    }
    if (o.temperature == 0.0F) {
        add(llama_sampler_init_greedy());
    } else {
        if (o.top_k > 0) add(llama_sampler_init_top_k(o.top_k));
        if (o.top_p < 1.0F) add(llama_sampler_init_top_p(o.top_p, 1));
        add(llama_sampler_init_temp(o.temperature));
        // llama.cpp takes this one value for "draw a seed yourself"
        add(llama_sampler_init_dist(o.seed == LLAMA_DEFAULT_SEED ? LLAMA_DEFAULT_SEED - 1 : o.seed));
    }
    for (const Token id : prompt) llama_sampler_accept(chain.get(), id);
    return chain;
}

/// Text of the tokens so far, handed on in complete characters.
class TextStream {
public:
    /// Takes the next token's bytes; answers what has become complete. `last`: nothing follows, what
    /// is incomplete is replaced.
    std::string add(const std::string& bytes, bool last) {
        pending_ += bytes;
        const std::size_t tail = last ? 0 : utf8::incomplete_tail(pending_);
        std::string whole =
            utf8::replace_invalid(std::string_view(pending_).substr(0, pending_.size() - tail));
        pending_.erase(0, pending_.size() - tail);
        return whole;
    }

private:
    std::string pending_;
};

/// One request: a context of its own, and the caller's wish to stop.
class Run {
public:
    Run(const Model& model, std::span<const Token> prompt, const GenerateOptions& options)
        : model_(model),
          options_(options),
          tokens_(static_cast<int>(prompt.size()) + options.max_new_tokens) {
        llama_context_params params = llama_context_default_params();
        const auto batch = static_cast<std::uint32_t>(prompt.size());
        params.n_ctx = static_cast<std::uint32_t>(tokens_);
        params.n_batch = batch;
        params.n_ubatch = std::min<std::uint32_t>(batch, 512);
        params.n_threads = model.threads();
        params.n_threads_batch = model.threads();
        // As in a replay, so that both see the same logits.
        params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
        params.type_k = GGML_TYPE_F32;
        params.type_v = GGML_TYPE_F32;
        params.no_perf = true;
        if (options.progress) {
            params.abort_callback = [](void* self) { return static_cast<Run*>(self)->should_stop(); };
            params.abort_callback_data = this;
        }
        const engine::LlamaGuard guard;
        std::string reason;
        try {
            context_.reset(llama_init_from_model(model.impl().model.get(), params));
            reason = guard.reason("memory ran out, or the file's facts do not fit together");
        } catch (const std::exception& e) {
            reason = engine::one_line(e.what());
        }
        if (context_ == nullptr) {
            throw Error(
                ErrorCode::model,
                fmt::format("generate: llama.cpp cannot make a context of {} tokens: {}", tokens_, reason));
        }
        if (llama_get_memory(context_.get()) == nullptr) {
            throw Error(ErrorCode::unsupported,
                        fmt::format("model {}: architecture \"{}\" keeps no memory of a text; "
                                    "expected a causal language model",
                                    model.facts().path, model.facts().architecture));
        }
    }
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    llama_context* context() { return context_.get(); }

    void decode(std::span<const Token> ids) {
        Tokens copy(ids.begin(), ids.end());  // llama_batch takes no const
        const int status =
            llama_decode(context_.get(), llama_batch_get_one(copy.data(), static_cast<int>(copy.size())));
        if (thrown_) std::rethrow_exception(thrown_);
        if (cancelled_) throw Error(ErrorCode::cancelled, "generate: cancelled");
        if (status != 0) {
            throw Error(ErrorCode::internal,
                        fmt::format("generate: llama.cpp failed in the pass (code {})", status));
        }
        done_ += static_cast<int>(ids.size());
        report();
        if (thrown_) std::rethrow_exception(thrown_);
        if (cancelled_) throw Error(ErrorCode::cancelled, "generate: cancelled");
    }

    /// Logits after the last token, [vocabulary]; checked, because a sampler would turn them into anything.
    std::span<const float> logits() {
        const float* row = llama_get_logits_ith(context_.get(), -1);
        if (row == nullptr) throw Error(ErrorCode::internal, "generate: llama.cpp gave no logits");
        const std::span<const float> all(row, static_cast<std::size_t>(model_.facts().vocabulary));
        bool any = false;
        for (const float value : all) {
            any = any || value > -INFINITY;
            if (!std::isnan(value) && value < INFINITY) continue;
            any = false;
            break;
        }
        if (any) return all;
        throw Error(ErrorCode::model,
                    fmt::format("generate: the model's output after {} tokens is not a number; the "
                                "file {} may be damaged",
                                done_, model_.facts().path));
    }

private:
    void report() {
        last_report_ = Clock::now();
        try {
            cancelled_ =
                cancelled_ || (options_.progress && !options_.progress("generate", double(done_) / tokens_));
        } catch (...) {
            thrown_ = std::current_exception();
            cancelled_ = true;
        }
    }

    // Asked by ggml between nodes, hundreds of times a pass: the caller is asked now and then.
    bool should_stop() {
        if (!cancelled_ && Clock::now() - last_report_ > std::chrono::milliseconds(20)) report();
        return cancelled_;
    }

    const Model& model_;
    const GenerateOptions& options_;
    int tokens_ = 0;
    int done_ = 0;
    bool cancelled_ = false;
    std::exception_ptr thrown_;
    Clock::time_point last_report_{};
    LlamaContextPtr context_;
};

}  // namespace

Generation Model::generate(std::span<const Token> prompt, const GenerateOptions& options) const {
    check_options(options);
    if (prompt.empty()) throw Error(ErrorCode::input, "prompt: empty; expected at least one token");
    engine::require_causal(*this);
    engine::require_tokens(*this, prompt);
    check_length(*impl_, prompt.size(), options);

    Run run(*this, prompt, options);
    const LlamaSamplerPtr sampler = make_sampler(options, prompt, facts().vocabulary);
    Generation answer;
    TextStream text;
    run.decode(prompt);
    for (;;) {
        const std::span<const float> logits = run.logits();
        if (options.keep_logits) {
            answer.logits.values.insert(answer.logits.values.end(), logits.begin(), logits.end());
        }
        const Token id = llama_sampler_sample(sampler.get(), run.context(), -1);
        answer.ids.push_back(id);
        answer.ended = llama_vocab_is_eog(impl_->vocab(), id);
        const bool last = answer.ended || static_cast<int>(answer.ids.size()) == options.max_new_tokens;
        const std::string piece = text.add(token_bytes(id, /*special=*/false), last);
        answer.text += piece;
        const bool go_on = !options.on_token || options.on_token(id, piece);
        if (last) break;
        if (!go_on) {
            answer.text += text.add({}, true);
            break;
        }
        run.decode(std::span(&id, 1));
    }
    if (options.keep_logits) {
        answer.logits.shape = {static_cast<std::int64_t>(answer.ids.size()), facts().vocabulary};
    }
    return answer;
}

}  // namespace llmx

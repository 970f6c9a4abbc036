#pragma once
// llama.cpp by itself, with its own defaults: flash attention, float16 cache, re-ordered weights,
// micro-batches of 512 tokens.

#include <llama.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

class PlainLlama {
public:
    /// `outputs`: the first position whose logits are asked for; the last position's are not.
    PlainLlama(const std::string& path, const std::vector<llama_token>& ids, std::size_t outputs, int threads)
        : model_(llama_model_load_from_file(path.c_str(), llama_model_default_params())) {
        if (model_ == nullptr) throw std::runtime_error("llama.cpp cannot load " + path);
        llama_context_params params = llama_context_default_params();
        params.n_ctx = params.n_batch = static_cast<std::uint32_t>(ids.size());
        params.n_threads = params.n_threads_batch = threads;
        context_ = llama_init_from_model(model_, params);
        if (context_ == nullptr) throw std::runtime_error("llama.cpp cannot make a context");
        batch_ = llama_batch_init(static_cast<int>(ids.size()), 0, 1);
        batch_.n_tokens = static_cast<int>(ids.size());
        for (std::size_t i = 0; i < ids.size(); ++i) {
            batch_.token[i] = ids[i];
            batch_.pos[i] = static_cast<llama_pos>(i);
            batch_.n_seq_id[i] = 1;
            batch_.seq_id[i][0] = 0;
            batch_.logits[i] = static_cast<std::int8_t>(i >= outputs && i + 1 < ids.size());
        }
    }
    ~PlainLlama() {
        llama_batch_free(batch_);
        llama_free(context_);
        llama_model_free(model_);
    }
    PlainLlama(const PlainLlama&) = delete;
    PlainLlama& operator=(const PlainLlama&) = delete;

    void pass() {
        llama_memory_clear(llama_get_memory(context_), false);
        if (llama_decode(context_, batch_) != 0) throw std::runtime_error("plain pass failed");
        llama_synchronize(context_);
    }

private:
    llama_model* model_ = nullptr;
    llama_context* context_ = nullptr;
    llama_batch batch_{};
};

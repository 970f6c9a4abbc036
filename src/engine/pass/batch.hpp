#pragma once
// llama.cpp's batch of tokens, owned.

#include <llama.h>

#include <memory>

namespace llmx::engine {

struct BatchFree {
    void operator()(llama_batch* batch) const {
        llama_batch_free(*batch);
        delete batch;
    }
};
using BatchPtr = std::unique_ptr<llama_batch, BatchFree>;

/// Room for tokens that may each belong to so many sequences; all of it is still to be set.
inline BatchPtr make_batch(int tokens, int sequences) {
    BatchPtr batch(new llama_batch(llama_batch_init(tokens, 0, sequences)));
    batch->n_tokens = tokens;
    return batch;
}

/// Sets the i-th token, of sequence 0 alone.
inline void set_token(llama_batch& batch, int i, llama_token id, int position, bool output) {
    batch.token[i] = id;
    batch.pos[i] = position;
    batch.n_seq_id[i] = 1;
    batch.seq_id[i][0] = 0;
    batch.logits[i] = output ? 1 : 0;
}

}  // namespace llmx::engine

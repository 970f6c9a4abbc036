#include "engine/vocabulary.hpp"

#include "engine/model_impl.hpp"

namespace llmx::engine {

bool is_special(const Model& model, Token id) {
    const llama_vocab* vocab = model.impl().vocab();
    return llama_vocab_is_control(vocab, id) || llama_vocab_is_eog(vocab, id);
}

Token neutral_token(const Model& model) {
    const llama_vocab* vocab = model.impl().vocab();
    for (const Token id : {llama_vocab_pad(vocab), llama_vocab_eos(vocab), llama_vocab_eot(vocab)}) {
        if (id >= 0 && id < model.facts().vocabulary) return id;
    }
    return 0;
}

}  // namespace llmx::engine

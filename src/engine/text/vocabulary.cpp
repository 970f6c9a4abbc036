#include "engine/text/vocabulary.hpp"

#include "engine/model/model_impl.hpp"

namespace llmx::engine {

bool is_special(const Model& model, Token id) {
    const llama_vocab* vocab = impl_of(model).vocab();
    return llama_vocab_is_control(vocab, id) || llama_vocab_is_eog(vocab, id);
}

Token neutral_token(const Model& model) {
    const llama_vocab* vocab = impl_of(model).vocab();
    for (const Token id : {llama_vocab_pad(vocab), llama_vocab_eos(vocab), llama_vocab_eot(vocab)}) {
        if (id >= 0 && id < model.facts().vocabulary) return id;
    }
    return 0;
}

std::map<std::string, Token> special_tokens(const Model& model) {
    const llama_vocab* vocab = impl_of(model).vocab();
    const std::map<std::string, Token> all = {
        {"bos", llama_vocab_bos(vocab)}, {"eos", llama_vocab_eos(vocab)}, {"eot", llama_vocab_eot(vocab)},
        {"pad", llama_vocab_pad(vocab)}, {"sep", llama_vocab_sep(vocab)}, {"mask", llama_vocab_mask(vocab)},
    };
    std::map<std::string, Token> present;
    for (const auto& [name, id] : all) {
        if (id >= 0) present.emplace(name, id);
    }
    return present;
}

}  // namespace llmx::engine

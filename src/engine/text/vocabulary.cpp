#include "engine/text/vocabulary.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "engine/model/model_impl.hpp"

namespace llmx::engine {

namespace {

/// The token of unknown words, -1 if the file names none.
Token unknown_token(const ModelImpl& impl) {
    std::array<char, 16> text{};
    const int length = llama_model_meta_val_str(impl.model.get(), "tokenizer.ggml.unknown_token_id",
                                                text.data(), text.size());
    Token id = -1;
    if (length > 0) std::from_chars(text.data(), text.data() + std::min<int>(length, text.size()), id);
    return id;
}

}  // namespace

bool is_special(const Model& model, Token id) {
    const llama_vocab* vocab = impl_of(model).vocab();
    // BERT's files call [UNK] a control token. Where it is also the end of a text, it is one.
    if (id == unknown_token(impl_of(model)) && id != llama_vocab_bos(vocab)) return is_end(model, id);
    return llama_vocab_is_control(vocab, id) || llama_vocab_is_eog(vocab, id);
}

bool is_end(const Model& model, Token id) { return llama_vocab_is_eog(impl_of(model).vocab(), id); }

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

#include "engine/generate/answer.hpp"

#include "text/utf8.hpp"

namespace llmx::engine {

bool Answer::add(Token id, std::span<const float> logits) {
    if (options_.keep_logits) {
        Tensor& kept = result.logits;
        kept.values.insert(kept.values.end(), logits.begin(), logits.end());
        kept.shape = {static_cast<std::int64_t>(result.ids.size()) + 1, model_.facts().vocabulary};
    }
    result.ids.push_back(id);
    const llama_vocab* vocab = impl_of(model_).vocab();
    result.ended = llama_vocab_is_eog(vocab, id);
    bool last = result.ended || room() == 0;
    // A model without a tokenizer writes ids alone.
    if (llama_vocab_type(vocab) != LLAMA_VOCAB_TYPE_NONE) pending_ += model_.token_bytes(id, false);
    const auto whole = [this](bool all) {
        const std::size_t tail = all ? 0 : utf8::incomplete_tail(pending_);
        const std::string text = pending_.substr(0, pending_.size() - tail);
        pending_.erase(0, text.size());
        return utf8::replace_invalid(text);
    };
    const std::string piece = whole(last);
    result.text += piece;
    const bool go_on = !options_.on_token || options_.on_token(id, piece);
    if (!go_on) result.text += whole(true);
    return go_on && !last;
}

}  // namespace llmx::engine

#include "engine/generate/draft.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "engine/llama_guard.hpp"

namespace llmx::engine {

Draft PromptLookup::draft(std::span<const Token> text, int most) {
    Tokens all = source_;
    all.insert(all.end(), text.begin(), text.end());
    for (std::ptrdiff_t n = std::min<std::ptrdiff_t>(3, std::ssize(text)); n > 0; --n) {
        // The last occurrence that something follows: the end itself is none.
        const auto found = std::find_end(all.begin(), all.end() - 1, all.end() - n, all.end());
        if (found == all.end() - 1) continue;
        Draft draft;
        for (auto next = found + n; next != all.end() && std::ssize(draft.ids) < most; ++next) {
            draft.ids.push_back(*next);
            draft.from.push_back(certain(*next));
        }
        return draft;
    }
    return {};
}

namespace {

Decoder::Size draft_size(Decoder::Size size) {
    size.outputs = 1;
    ++size.batch;  // the first draft is asked for with the first token of the answer
    return size;
}

}  // namespace

Assistant::Assistant(const Model& model, std::span<const Token> source, const GenerateOptions& options,
                     const Decoder::Size& size, Pulse& pulse)
    : decoder_(model, draft_size(size), pulse), sampler_(options, 1) {
    if (!source.empty()) decoder_.encode(source);
}

Draft Assistant::draft(std::span<const Token> text, int most) {
    Draft draft;
    if (most < 1) return draft;
    Tokens all(text.begin(), text.end());
    // What is right of what has been read stays; the last token is read again for its logits.
    const auto limit = std::min(read_.size(), all.size() - 1);
    const auto end = read_.begin() + static_cast<std::ptrdiff_t>(limit);
    const auto common =
        static_cast<std::size_t>(std::mismatch(read_.begin(), end, all.begin()).first - read_.begin());
    if (common < read_.size()) decoder_.truncate(static_cast<int>(common));
    read_.resize(common);
    while (std::ssize(draft.ids) < most) {
        const std::span<const Token> unread = std::span(all).subspan(read_.size());
        decoder_.decode(unread, static_cast<int>(read_.size()), 1);
        read_ = all;
        draft.from.push_back(sampler_.distribution(decoder_.logits(0), all));
        const Token id = sampler_.draw(draft.from.back());
        draft.ids.push_back(id);
        all.push_back(id);
        if (llama_vocab_is_eog(impl_of(decoder_.model()).vocab(), id)) break;
    }
    return draft;
}

void require_same_vocabulary(const Model& model, const Model& assistant) {
    const auto refuse = [&](const std::string& how) {
        throw Error(
            ErrorCode::input,
            fmt::format("assistant {}: its vocabulary is not the model's: {}; expected a smaller model "
                        "of the same family",
                        assistant.facts().path, how));
    };
    const int count = model.facts().vocabulary;
    if (assistant.facts().vocabulary != count) {
        refuse(fmt::format("{} tokens, the model has {}", assistant.facts().vocabulary, count));
    }
    const llama_vocab* ours = impl_of(model).vocab();
    const llama_vocab* theirs = impl_of(assistant).vocab();
    if (llama_vocab_type(ours) == LLAMA_VOCAB_TYPE_NONE || llama_vocab_type(theirs) == LLAMA_VOCAB_TYPE_NONE)
        return;
    for (Token id = 0; id < count; ++id) {
        const char* text = llama_vocab_get_text(theirs, id);
        const char* expected = llama_vocab_get_text(ours, id);
        if (std::strcmp(text, expected) == 0) continue;
        refuse(fmt::format("token {} is \"{}\", the model's is \"{}\"", id, one_line(text, 40),
                           one_line(expected, 40)));
    }
}

}  // namespace llmx::engine

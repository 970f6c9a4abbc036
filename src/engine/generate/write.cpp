#include "engine/generate/write.hpp"

#include <algorithm>

#include "engine/generate/answer.hpp"
#include "engine/generate/draft.hpp"

namespace llmx::engine {
namespace {

struct Choice {
    Token token = 0;
    bool drafted = false;  ///< the drafted token was accepted
};

/// The token after `text`; by speculative sampling if one was drafted. A greedy choice is the special case of
/// distributions with all probability on one token.
Choice choose(Sampler& sampler, std::span<const float> logits, std::span<const Token> text,
              const Draft& draft, std::size_t i) {
    const Distribution next = sampler.distribution(logits, text);
    if (i == draft.ids.size()) return {sampler.draw(next), false};
    const Token drafted = draft.ids[i];
    const double accept = acceptance(next, draft.from[i], drafted);
    if (accept >= 1 || (accept > 0 && sampler.uniform() < accept)) return {drafted, true};
    return {sampler.draw(residual(next, draft.from[i])), false};
}

std::unique_ptr<Drafter> make_drafter(const Beginning& at, const GenerateOptions& options,
                                      const Decoder::Size& size, Pulse& pulse) {
    if (options.assistant != nullptr) {
        return std::make_unique<Assistant>(*options.assistant, at.source, options, size, pulse);
    }
    if (options.prompt_lookup) return std::make_unique<PromptLookup>(at.source);
    return nullptr;
}

}  // namespace

Generation write(const Model& model, const Beginning& beginning, const GenerateOptions& options) {
    Tokens text = beginning.text;
    const int longest = static_cast<int>(text.size()) + options.max_new_tokens;
    const bool drafting = options.assistant != nullptr || options.prompt_lookup;
    const int most_drafted = drafting ? std::min(options.draft_tokens, options.max_new_tokens - 1) : 0;
    const Decoder::Size size{.tokens = longest,
                             .batch = std::max(static_cast<int>(text.size()), most_drafted + 1),
                             .outputs = most_drafted + 1,
                             .source = static_cast<int>(beginning.source.size())};
    Pulse pulse(options.progress, size.source + longest);
    Decoder decoder(model, size, pulse);
    const std::unique_ptr<Drafter> drafter = make_drafter(beginning, options, size, pulse);
    if (size.source > 0) decoder.encode(beginning.source);

    Sampler sampler(options, 0);
    Answer answer(model, options);
    std::size_t read = 0;  // tokens in the decoder's memory
    for (bool more = true; more;) {
        // The prompt is read as without drafts; then several tokens at a time give the same bits as one by
        // one.
        if (read > 0) decoder.make_passes_exact();
        const bool may_draft = drafter != nullptr && read > 0;
        const Draft draft =
            may_draft ? drafter->draft(text, std::min(most_drafted, answer.room() - 1)) : Draft{};
        Tokens unread(text.begin() + static_cast<std::ptrdiff_t>(read), text.end());
        unread.insert(unread.end(), draft.ids.begin(), draft.ids.end());
        const std::size_t drafted = draft.ids.size();
        decoder.decode(unread, static_cast<int>(read), static_cast<int>(drafted) + 1);
        read += unread.size();

        int matches = 0;
        for (std::size_t i = 0; more && i <= drafted; ++i) {
            const std::span<const float> logits = decoder.logits(static_cast<int>(i));
            const Choice choice = choose(sampler, logits, text, draft, i);
            text.push_back(choice.token);
            more = answer.add(choice.token, logits);
            if (!choice.drafted) break;
            ++matches;
        }
        if (may_draft) {
            answer.result.n_drafted.push_back(static_cast<int>(drafted));
            answer.result.n_matches.push_back(matches);
        }
        pulse.at(size.source + static_cast<int>(text.size()));
        if (!more) break;
        // The last token has not been read yet; rejected drafts have been.
        if (read > text.size() - 1) {
            read = text.size() - 1;
            decoder.truncate(static_cast<int>(read));
        }
    }
    return std::move(answer.result);
}

}  // namespace llmx::engine

#pragma once
// A question and its context as an encoder reads them: pairs of token sequences, several of them where
// the context is longer than the model reads at once.

#include <llmx/request.hpp>
#include <vector>

namespace llmx::task {

/// Context tokens [first, last).
struct Window {
    int first = 0;
    int last = 0;
    bool operator==(const Window&) const = default;
};

/// Windows of at most `room` tokens over `tokens` of them, each beginning `overlap` tokens before the end
/// of the one before (or half of `room`, where that is less); the last one ends with the text.
std::vector<Window> windows(int tokens, int room, int overlap);

/// How a model wants a pair. BERT: [CLS] a [SEP] b [SEP], types 0 and 1. RoBERTa: <s> a </s></s> b </s>,
/// one type.
struct PairFormat {
    Token first = 0;
    Token separator = 0;
    bool doubled = false;  ///< two separators between the texts
    bool types = false;    ///< the second text is of type 1, where the model tells types apart

    /// Tokens of a pair that are of neither text.
    [[nodiscard]] int extra() const { return doubled ? 4 : 3; }
};

/// Read off the model's tokenizer. Throws Error{unsupported} where it puts no class token before a text
/// and no separator after it.
PairFormat pair_format(const Model& model);

struct Pair {
    Tokens ids;
    std::vector<int> types;  ///< 0 or 1 for each id
    int question = 0;        ///< place of the question's first token
    int question_tokens = 0;
    int context = 0;  ///< place of the context's first token
    int context_tokens = 0;
    Window window;  ///< of the whole context
};

Pair make_pair(const PairFormat& format, const Tokens& question, const Tokens& context, Window window);

/// Question and context, as bytes of the pair's tokens one after another.
std::vector<UnitChoice::Part> parts_of(const Pair& pair, const Model& model);

/// A pair given as ids; `types` may be empty. Throws Error{input} where it has not the model's form.
Pair read_pair(const PairFormat& format, const Tokens& ids, const std::vector<int>& types);

}  // namespace llmx::task

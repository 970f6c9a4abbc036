#include "task/extractive/windows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <llmx/error.hpp>

namespace llmx::task {

std::vector<Window> windows(int tokens, int room, int overlap) {
    const int step = room - std::min(overlap, room / 2);
    std::vector<Window> all{{0, std::min(tokens, room)}};
    while (all.back().last < tokens) {
        const int first = all.back().first + step;
        all.push_back({first, std::min(tokens, first + room)});
    }
    return all;
}

PairFormat pair_format(const Model& model) {
    const Tokens around = model.tokenize("", true);
    if (around.size() != 2) {
        throw Error(ErrorCode::unsupported,
                    fmt::format("model {}: its tokenizer puts {} special tokens around a text; expected a "
                                "class token before it and a separator after it, as BERT and RoBERTa have",
                                model.facts().path, around.size()));
    }
    const bool bert = model.token_bytes(around[0]) == "[CLS]";
    const auto modules = model.modules();
    const bool types = std::any_of(modules.begin(), modules.end(), [](const Module& module) {
        return module.gguf_name == "token_types" && module.shape.front() > 1;
    });
    return {around[0], around[1], !bert, types};
}

Pair make_pair(const PairFormat& format, const Tokens& question, const Tokens& context, Window window) {
    Pair pair;
    pair.ids.push_back(format.first);
    pair.question = 1;
    pair.question_tokens = static_cast<int>(question.size());
    pair.ids.insert(pair.ids.end(), question.begin(), question.end());
    pair.ids.insert(pair.ids.end(), format.doubled ? 2 : 1, format.separator);
    pair.context = static_cast<int>(pair.ids.size());
    pair.context_tokens = window.last - window.first;
    pair.window = window;
    pair.ids.insert(pair.ids.end(), context.begin() + window.first, context.begin() + window.last);
    pair.ids.push_back(format.separator);
    pair.types.assign(pair.ids.size(), 0);
    if (format.types) std::fill(pair.types.begin() + pair.context, pair.types.end(), 1);
    return pair;
}

std::vector<UnitChoice::Part> parts_of(const Pair& pair, const Model& model) {
    std::vector<std::size_t> begins{0};  // of each token, in bytes
    for (const Token id : pair.ids) begins.push_back(begins.back() + model.token_bytes(id).size());
    const auto part = [&](std::size_t first, std::size_t tokens, const char* role) {
        return UnitChoice::Part{begins[first], begins[first + tokens], role};
    };
    const auto at = [](int index) { return static_cast<std::size_t>(index); };
    return {part(at(pair.question), at(pair.question_tokens), "question"),
            part(at(pair.context), at(pair.context_tokens), "context")};
}

Pair read_pair(const PairFormat& format, const Tokens& ids, const std::vector<int>& types) {
    const std::string form = format.doubled ? "<s> question </s></s> context </s>, token types 0"
                                            : "[CLS] question [SEP] context [SEP], token types 0 and 1 (or, "
                                              "where the model has none, 0)";
    const auto refuse = [&](const std::string& got) {
        throw Error(ErrorCode::input, fmt::format("`prompt_ids`: {}; expected {}", got, form));
    };
    if (ids.size() < static_cast<std::size_t>(format.extra()) || ids.front() != format.first ||
        ids.back() != format.separator) {
        refuse("they are not a pair as this model reads it");
    }
    const auto middle = std::find(ids.begin() + 1, ids.end() - 1, format.separator);
    if (middle == ids.end() - 1) refuse("no separator between question and context");
    if (format.doubled && *(middle + 1) != format.separator) refuse("one separator between the texts");
    const auto second = middle + (format.doubled ? 2 : 1);
    if (second >= ids.end() - 1) refuse("the context is empty");
    const Tokens question(ids.begin() + 1, middle);
    const Tokens context(second, ids.end() - 1);
    Pair pair = make_pair(format, question, context, {0, static_cast<int>(context.size())});
    if (!types.empty() && types != pair.types) {
        refuse(types.size() != ids.size() ? fmt::format("{} token types for {} ids", types.size(), ids.size())
                                          : "the token types do not match the separators");
    }
    return pair;
}

}  // namespace llmx::task

#include "task/extractive/extract.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <llmx/error.hpp>
#include <numeric>

#include "engine/pass/pass.hpp"
#include "objective/span.hpp"
#include "task/extractive/best_span.hpp"
#include "task/extractive/offsets.hpp"

namespace llmx::task {

namespace {

constexpr int window_overlap = 128;

/// Question and context as tokens, and the context's tokens as characters.
struct Texts {
    std::string question, context;
    Tokens question_ids, context_ids;
    std::vector<Characters> characters;
};

/// Of a pair given as ids: what they spell.
Texts spelled(const Pair& pair, const Tokenizer& tokenizer) {
    Texts texts;
    const auto first = pair.ids.begin() + pair.context;
    texts.context_ids.assign(first, first + pair.context_tokens);
    const auto question = pair.ids.begin() + pair.question;
    texts.question_ids.assign(question, question + pair.question_tokens);
    texts.question = spell(texts.question_ids, tokenizer).text;
    SpelledText context = spell(texts.context_ids, tokenizer);
    texts.context = std::move(context.text);
    texts.characters = std::move(context.characters);
    return texts;
}

Texts tokenized(const QuestionPair& pair, const Tokenizer& tokenizer) {
    Texts texts{pair.question, pair.context, align(pair.question, tokenizer).ids, {}, {}};
    AlignedText context = align(pair.context, tokenizer);
    texts.context_ids = std::move(context.ids);
    texts.characters = std::move(context.characters);
    for (const auto& [option, ids] :
         {std::pair{"question", texts.question_ids}, {"context", texts.context_ids}}) {
        if (!ids.empty()) continue;
        throw Error(ErrorCode::input,
                    fmt::format("`{}`: the text has no tokens; expected at least one", option));
    }
    return texts;
}

std::vector<Pair> pairs_of(const Texts& texts, const PairFormat& format, int longest) {
    const int room = longest - static_cast<int>(texts.question_ids.size()) - format.extra();
    if (room < 1) {
        throw Error(ErrorCode::context_overflow,
                    fmt::format("`question`: its {} tokens leave no room for the context, as {} tokens are "
                                "read at once; expected at most {}",
                                texts.question_ids.size(), longest, longest - format.extra() - 1));
    }
    std::vector<Pair> pairs;
    for (const Window window : windows(static_cast<int>(texts.context_ids.size()), room, window_overlap)) {
        pairs.push_back(make_pair(format, texts.question_ids, texts.context_ids, window));
    }
    return pairs;
}

/// Start and end logits of every token of a pair.
objective::SpanLogits read(engine::Session& session, const PairFormat& format, const Pair& pair,
                           const QaHead& head) {
    session.run(pass_input(format, pair));
    Tensor hidden;
    for (int i = 0; i < static_cast<int>(pair.ids.size()); ++i) {
        const auto row = session.result(i);
        hidden.shape = {i + 1, static_cast<std::int64_t>(row.size())};
        hidden.values.insert(hidden.values.end(), row.begin(), row.end());
    }
    return objective::span_logits(hidden, head);
}

/// The label as characters of the context, if there is one.
std::optional<Characters> label_of(const QuestionPair& pair, const std::string& context) {
    if (pair.label_span) {
        const Characters span{pair.label_span->first, pair.label_span->second};
        (void)part(context, span, "label_span");
        return span;
    }
    if (pair.label.empty()) return std::nullopt;
    return place_of(context, pair.label, "label");
}

/// Tokens [first, last] that share a character with the span; none: {0, -1}.
std::pair<int, int> tokens_in(const std::vector<Characters>& tokens, Characters span) {
    std::pair<int, int> range{0, -1};
    for (int i = 0; i < static_cast<int>(tokens.size()); ++i) {
        const Characters& c = tokens[static_cast<std::size_t>(i)];
        if (c.first >= span.last || c.last <= span.first) continue;
        if (range.second < 0) range.first = i;
        range.second = i;
    }
    return range;
}

void place_label(const Texts& texts, Characters label, Extraction& result) {
    const auto [first, last] = tokens_in(texts.characters, label);
    if (last < 0)
        throw Error(ErrorCode::input,
                    "`label`: its characters have no tokens; expected words of the context");
    result.has_label = true;
    result.label = part(texts.context, label, "label_span");
    const Pair& pair = result.pair;
    const int shift = pair.context - pair.window.first;
    if (first >= pair.window.first && last < pair.window.last) {
        result.label_start = first + shift;
        result.label_end = last + shift;
    } else {
        result.warnings.emplace_back(
            "`label`: it lies outside the part of the context where the answer was found; the loss is that "
            "of no answer there");
    }
}

const QaHead& head_of(const Model& model) {
    const QaHead* head = model.qa_head();
    if (head != nullptr) return *head;
    throw Error(ErrorCode::model,
                fmt::format("model {}: it has no question-answering head; expected a checkpoint's directory "
                            "with qa_outputs, or `qa_head`, a safetensors file",
                            model.facts().path));
}

/// The request's pair in windows, or the one given as ids; `texts` is filled in.
std::vector<Pair> pairs_of(const Model& model, const Request& request, const PairFormat& format,
                           Texts& texts) {
    const Tokenizer tokenizer = tokenizer_of(model);
    const int longest = longest_input(model, request.context);
    if (request.input_ids.empty()) {
        texts = tokenized(request.pair, tokenizer);
        return pairs_of(texts, format, longest);
    }
    std::vector<Pair> pairs = {read_pair(format, request.input_ids, request.pair.token_types)};
    texts = spelled(pairs.front(), tokenizer);
    if (static_cast<int>(request.input_ids.size()) > longest) {
        throw Error(
            ErrorCode::context_overflow,
            fmt::format("`prompt_ids`: got {} tokens; expected at most {}, as many as are read at once",
                        request.input_ids.size(), longest));
    }
    return pairs;
}

SpanResult answer_of(const Choice& choice, const Texts& texts, const Pair& pair,
                     objective::SpanLogits logits) {
    SpanResult answer{.question = texts.question,
                      .context = texts.context,
                      .start_logits = std::move(logits.start),
                      .end_logits = std::move(logits.end),
                      .start_token = choice.span.start,
                      .end_token = choice.span.end,
                      .score = choice.span.score,
                      .no_answer = choice.no_answer,
                      .window = choice.window};
    if (!choice.no_answer) {
        const int shift = pair.window.first - pair.context;
        const int first = choice.span.start + shift;
        const int last = choice.span.end + shift;
        answer.start_char = texts.characters[static_cast<std::size_t>(first)].first;
        answer.end_char = texts.characters[static_cast<std::size_t>(last)].last;
    }
    return answer;
}

}  // namespace

engine::PassInput pass_input(const PairFormat& format, const Pair& pair) {
    engine::PassInput input{.ids = pair.ids};
    if (format.types) input.token_types = pair.types;
    input.outputs.resize(pair.ids.size());
    std::iota(input.outputs.begin(), input.outputs.end(), 0);
    return input;
}

int longest_input(const Model& model, int allowed) {
    int longest = model.facts().context;
    for (const Module& module : model.modules()) {
        if (module.gguf_name == "position_embd")
            longest = std::min(longest, static_cast<int>(module.shape.front()));
    }
    return allowed > 0 ? std::min(longest, allowed) : longest;
}

Extraction extract(const Model& model, const Request& request) {
    const QaHead& head = head_of(model);
    const PairFormat format = pair_format(model);
    Texts texts;
    const std::vector<Pair> pairs = pairs_of(model, request, format, texts);
    std::size_t most = 0;
    for (const Pair& pair : pairs) most = std::max(most, pair.ids.size());
    engine::Session session(model, {.tokens = static_cast<int>(most), .outputs = static_cast<int>(most)});
    std::vector<objective::SpanLogits> logits;
    std::vector<WindowAnswer> answers;
    for (const Pair& pair : pairs) {
        if (request.progress && !request.progress("generate", static_cast<double>(logits.size()) /
                                                                  static_cast<double>(pairs.size()))) {
            throw Error(ErrorCode::cancelled, "question_answering: cancelled");
        }
        logits.push_back(read(session, format, pair, head));
        const objective::SpanLogits& of = logits.back();
        answers.push_back({best_span(of.start, of.end, pair.context, pair.context + pair.context_tokens),
                           static_cast<double>(of.start.front()) + of.end.front()});
    }

    const Choice choice = choose(answers, request.pair.must_answer);
    const auto chosen = static_cast<std::size_t>(choice.window);
    Extraction result;
    result.pair = pairs[chosen];
    result.answer = answer_of(choice, texts, result.pair, std::move(logits[chosen]));
    result.answer.windows = static_cast<int>(pairs.size());
    if (choice.no_answer) {
        result.warnings.emplace_back(
            "the head prefers no answer to every span; if it was trained where every question has an answer "
            "(SQuAD "
            "1), `must_answer` gives its best span");
    }
    if (const auto label = label_of(request.pair, texts.context)) place_label(texts, *label, result);
    return result;
}

}  // namespace llmx::task

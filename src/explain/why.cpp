#include "explain/why.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <llmx/error.hpp>
#include <numeric>

#include "core/student.hpp"
#include "engine/text/vocabulary.hpp"
#include "explain/attributions.hpp"
#include "explain/passages.hpp"
#include "explain/units.hpp"
#include "method/game/hierarchy.hpp"
#include "method/replay_game.hpp"
#include "text/utf8.hpp"
#include "unit/breaks.hpp"

namespace llmx {

namespace {

constexpr double least_opened = 0.5;                     ///< nats; parts that matter less stay closed
constexpr double least_strength = 2, least_share = 0.2;  ///< nats, and of the strongest source
constexpr double significance = 0.05;

/// The request of the run that `why` is computed from: sentences taken away, the answer token by token.
Request run_request(const Request& request) {
    Request own = request;
    own.units.kind = UnitKind::sentence;
    own.target = {};
    own.target.each = true;
    own.rationale = {};
    own.replacements = {};
    return own;
}

/// The sentences of an answer, and the one that each of its tokens belongs to; -1: none (control tokens).
struct Sentences {
    std::vector<WhySentence> all;
    std::vector<int> of_token;
};

Sentences sentences_of(const Model& model, const Tokens& tokens) {
    std::string text;
    std::vector<std::size_t> ends;  // of tokens
    for (const Token id : tokens) {
        if (!engine::is_special(model, id)) text += model.token_bytes(id);
        ends.push_back(text.size());
    }
    const std::vector<std::size_t> breaks = unit::ends(text, unit::Division::sentence);
    Sentences found{{}, std::vector<int>(tokens.size(), -1)};
    std::ptrdiff_t last = -1;
    for (std::size_t t = 0; t < tokens.size(); ++t) {
        if (engine::is_special(model, tokens[t]) || ends[t] == 0) continue;
        // by its last byte: a space goes with the word behind it
        const auto number = std::upper_bound(breaks.begin(), breaks.end(), ends[t] - 1) - breaks.begin();
        if (number > last) found.all.push_back({.tokens = {static_cast<int>(t), 0}});
        last = std::max(last, number);
        found.all.back().tokens.second = static_cast<int>(t) + 1;
        found.all.back().text += model.token_bytes(tokens[t]);
        found.of_token[t] = static_cast<int>(found.all.size()) - 1;
    }
    for (WhySentence& sentence : found.all) sentence.text = utf8::replace_invalid(sentence.text);
    return found;
}

/// Sums over the tokens of each sentence.
std::vector<double> by_sentence(const Sentences& sentences, const method::Numbers& of_tokens) {
    std::vector<double> sums(sentences.all.size(), 0.0);
    for (std::size_t t = 0; t < sentences.of_token.size(); ++t) {
        if (const int s = sentences.of_token[t]; s >= 0) sums[static_cast<std::size_t>(s)] += of_tokens[t];
    }
    return sums;
}

/// A passage that was taken away, and what each sentence lost.
struct Candidate {
    bool is_substitute = false;  ///< or a part of one
    int passage = 0;
    std::vector<double> losses;
};

struct Spread {
    double mean = 0, deviation = 0;
    int count = 0;
};

Spread spread_of(const std::vector<double>& values) {
    Spread found{.count = static_cast<int>(values.size())};
    if (values.empty()) return found;
    found.mean = std::accumulate(values.begin(), values.end(), 0.0) / found.count;
    double squares = 0;
    for (const double value : values) squares += (value - found.mean) * (value - found.mean);
    if (found.count > 1) found.deviation = std::sqrt(squares / (found.count - 1));
    return found;
}

/// Probability that one more value of the same kind is at least this.
std::optional<double> p_value(double value, const Spread& others) {
    constexpr int fewest = 3;
    if (others.count < fewest) return std::nullopt;
    // values that are all but equal: rounding still tells them apart
    const double deviation = std::max(others.deviation, 0.01);
    const double t = (value - others.mean) / (deviation * std::sqrt(1.0 + 1.0 / others.count));
    return student_upper_tail(t, others.count - 1);
}

/// In order of the prompt, with the candidates' numbers.
void sort_by_place(std::vector<WhyPassage>& passages, std::vector<Candidate>& candidates) {
    std::vector<std::size_t> order(passages.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return passages[a].tokens.front() < passages[b].tokens.front();
    });
    std::vector<WhyPassage> sorted;
    for (std::size_t i = 0; i < order.size(); ++i) {
        candidates[order[i]].passage = static_cast<int>(i);
        sorted.push_back(std::move(passages[order[i]]));
    }
    passages = std::move(sorted);
}

/// The strongest losses stand against the rest, as long as they stand out.
void find_sources(const std::vector<Candidate>& candidates, std::size_t s, WhySentence& sentence) {
    std::vector<const Candidate*> order;
    order.reserve(candidates.size());
    for (const Candidate& candidate : candidates) order.push_back(&candidate);
    std::stable_sort(order.begin(), order.end(),
                     [&](const Candidate* a, const Candidate* b) { return a->losses[s] > b->losses[s]; });
    const double strongest = order.empty() ? 0 : order.front()->losses[s];
    const double least = std::max(least_strength, least_share * strongest);
    std::size_t strong = 0;
    while (strong < order.size() && order[strong]->losses[s] >= least) ++strong;
    std::vector<double> rest;
    for (std::size_t i = strong; i < order.size(); ++i) rest.push_back(order[i]->losses[s]);
    const Spread others = spread_of(rest);
    const int length = sentence.tokens.second - sentence.tokens.first;
    for (std::size_t i = 0; i < strong; ++i) {
        const double loss = order[i]->losses[s];
        const std::optional<double> p = p_value(loss, others);
        if (p && *p > significance) break;
        sentence.sources.push_back({.passage = order[i]->passage,
                                    .strength = loss,
                                    .probability_without = std::exp((sentence.logprob - loss) / length),
                                    .p_value = p,
                                    .is_substitute = order[i]->is_substitute});
    }
    sentence.others = others.count;
    sentence.is_grounded = !sentence.sources.empty();
}

bool is_substitute(const method::Hierarchy& found, const method::TreePart& part) {
    const method::TreePart* at = &part;
    while (!at->is_substitute && at->parent >= 0) at = &found.parts[static_cast<std::size_t>(at->parent)];
    return at->is_substitute;
}

void require_writer(const Model& model) {
    if (model.facts().kind == ModelKind::encoder)
        throw Error(ErrorCode::unsupported,
                    "why: an encoder's answer is a span of its context; expected a model that writes");
}

void require_sources(const Passages& passages) {
    if (passages.sources.empty())
        throw Error(ErrorCode::input,
                    "why: the prompt is one question, so there is no passage that the answer could rest on; "
                    "expected documents, or sentences beside the question");
}

std::size_t runs_for(const Request& request, std::size_t passages) {
    const int budget = request.why.budget;
    return budget > 0 ? static_cast<std::size_t>(budget) : method::usual_runs(passages);
}

/// Keys that only a method takes.
void require_no_targets(const Request& request) {
    const TargetChoice& target = request.target;
    const std::array<std::pair<const char*, bool>, 8> given = {
        {{"per_token", target.each},
         {"target_span", target.span.has_value() || !target.span_text.empty()},
         {"alternatives", target.alternatives > 0},
         {"contrast", !target.contrast.empty()},
         {"measure", target.measure != Measure::logprob},
         {"sources", target.all_sources},
         {"check", request.check.has_value()},
         {"rationale", !request.rationale.empty()}}};
    for (const auto& [key, is_given] : given) {
        if (is_given)
            throw Error(ErrorCode::usage,
                        fmt::format("why: it explains the whole answer, sentence by sentence; expected `{}` "
                                    "with a `method` that takes it, or not at all",
                                    key));
    }
}

}  // namespace

void require_why(const Request& request, const Model& model, bool alone, double most) {
    if (!request.why.asked) return;
    require_writer(model);
    if (alone) require_no_targets(request);
    const Request own = run_request(request);
    const unit::Text text = unit_text(model, request);
    const Passages passages = passages_of(text, own.units, unit::split(text, own.units));
    require_sources(passages);
    // a tree has fewer than two parts for each passage, of which none takes more than three runs
    const std::size_t passages_count = passages.sources.size();
    const double runs =
        static_cast<double>(std::min(runs_for(request, passages_count), 2 + 6 * passages_count));
    if (runs > most)
        throw Error(ErrorCode::usage,
                    fmt::format("`budget`: {:.0f} runs of the model; expected at most {:.0f}", runs, most));
}

Why find_why(const Request& request, const Model& model, const Subject& subject, const Tokens& tokens,
             engine::Session& session, std::shared_ptr<tape::Arena> arena,
             std::shared_ptr<replay::Replay> replay) {
    require_writer(model);
    const Request own = run_request(request);
    AttributionRun run(own, model, subject, tokens, session, std::move(arena), std::move(replay));
    method::AttributionContext& scene = run.scene();
    const unit::Text text = unit_text(model, subject, scene.sources);
    Passages passages = passages_of(text, own.units, std::move(scene.units));
    require_sources(passages);
    scene.units = std::move(passages.sources);

    Sentences sentences = sentences_of(model, tokens);
    method::ReplayGame game(scene, method::removal(Absence::deletion, -1, model));
    const method::Tree tree = method::tree_of(game.units(), game.levels(), method::most_children);
    const std::size_t runs = runs_for(request, game.units());
    scene.tick = ticker(request.progress, "why", static_cast<double>(runs));
    const method::Hierarchy found = method::walk_down(
        game, tree, {.key = "budget", .runs = runs, .groups = sentences.of_token, .least = least_opened});

    Why why{.asked = std::move(passages.asked), .runs = static_cast<int>(found.runs)};
    std::vector<Candidate> candidates;
    for (const method::TreePart& part : found.parts) {
        if (!part.children.empty()) continue;
        std::vector<const Unit*> units;
        for (const std::size_t unit : tree.nodes[part.node].units) units.push_back(&scene.units[unit]);
        candidates.push_back({is_substitute(found, part), 0, by_sentence(sentences, part.worth)});
        why.passages.push_back(passage_of(text, units));
    }
    sort_by_place(why.passages, candidates);
    const std::vector<double> all = by_sentence(sentences, found.all);
    const std::vector<double> none = by_sentence(sentences, found.none);
    for (std::size_t s = 0; s < sentences.all.size(); ++s) {
        WhySentence& sentence = sentences.all[s];
        const int length = sentence.tokens.second - sentence.tokens.first;
        sentence.logprob = all[s];
        sentence.probability = std::exp(all[s] / length);
        sentence.probability_alone = std::exp(none[s] / length);
        find_sources(candidates, s, sentence);
    }
    why.sentences = std::move(sentences.all);
    why.strengths = Tensor::zero(
        {static_cast<std::int64_t>(why.sentences.size()), static_cast<std::int64_t>(why.passages.size())});
    for (const Candidate& candidate : candidates) {
        const auto passage = static_cast<std::size_t>(candidate.passage);
        if (candidate.is_substitute) why.substitutes.push_back(candidate.passage);
        for (std::size_t s = 0; s < why.sentences.size(); ++s)
            why.strengths.row(s)[passage] = static_cast<float>(candidate.losses[s]);
    }
    std::sort(why.substitutes.begin(), why.substitutes.end());
    why.passes = static_cast<double>(game.computed()) / static_cast<double>(subject.prompt + subject.text);
    return why;
}

}  // namespace llmx

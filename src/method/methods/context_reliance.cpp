// Context reliance (PECoRe, Sarti et al. 2024; definitions 4): which answer tokens change when the context is
// taken away, and which context tokens cause each.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <llmx/error.hpp>

#include "engine/text/vocabulary.hpp"
#include "method/context_cues.hpp"
#include "method/definition.hpp"
#include "method/deletion.hpp"
#include "method/replay_function.hpp"

namespace llmx::method {

namespace {

std::vector<bool> rows_set(const std::vector<int>& rows, int count) {
    std::vector<bool> set(static_cast<std::size_t>(count), false);
    for (const int row : rows) set[static_cast<std::size_t>(row)] = true;
    return set;
}

Tensor logits_of(AttributionContext& scene, const engine::PassInput& text) {
    scene.session.run(text);
    scene.tick(1);
    return scene.session.results();
}

/// The answer tokens to explain, at least one.
std::vector<int> sensitive(const std::vector<double>& changes, const Options& options,
                           std::vector<std::string>& warnings) {
    const double deviations = options.number("deviations");
    std::vector<int> chosen = outstanding(changes, deviations, options.integer("top_tokens"));
    if (!chosen.empty()) return chosen;
    warnings.push_back(
        fmt::format("no answer token changes by {} deviations more than the mean; the one that "
                    "changes most is explained",
                    deviations));
    const auto smaller = [](double a, double b) { return std::abs(a) < std::abs(b); };
    return {static_cast<int>(std::max_element(changes.begin(), changes.end(), smaller) - changes.begin())};
}

/// Of each target, the rows of the context that stand out among its scores.
std::vector<std::vector<int>> cues_of(const Tensor& scores, const std::vector<int>& context,
                                      const Options& options) {
    std::vector<std::vector<int>> cues;
    for (std::size_t t = 0; t < static_cast<std::size_t>(scores.shape[0]); ++t) {
        std::vector<double> of_context;
        of_context.reserve(context.size());
        for (const int row : context) of_context.push_back(scores.row(t)[static_cast<std::size_t>(row)]);
        std::vector<int>& rows = cues.emplace_back();
        for (const int i :
             outstanding(of_context, options.number("cue_deviations"), options.integer("top_cues")))
            rows.push_back(context[static_cast<std::size_t>(i)]);
    }
    return cues;
}

/// What Attribution::context_sensitivity is.
std::string in_words(const std::string& metric) {
    if (metric == "logprob") return "change of the answer's tokens' log-probability by the context";
    if (metric == "probability") return "change of the answer's tokens' probability by the context";
    return metric == "kl" ? "divergence of the answer's tokens from the model without the context"
                          : "divergence of the model without the context from the answer's tokens";
}

/// What the model would most likely write there without the context, other than the answer's token.
Token rival(std::span<const float> logits, Token answer) {
    Token best = answer == 0 ? 1 : 0;
    for (Token id = 0; id < static_cast<Token>(logits.size()); ++id) {
        if (id != answer && logits[static_cast<std::size_t>(id)] > logits[static_cast<std::size_t>(best)])
            best = id;
    }
    return best;
}

/// The same scene, explaining other targets of the answer's text by the context alone.
AttributionContext contrastive(const AttributionContext& scene, std::vector<objective::Target> targets) {
    AttributionContext context = scene;
    context.texts.resize(1);
    context.readout = objective::written_readout(Measure::logprob, std::move(targets));
    const std::vector<bool> of_context = rows_set(scene.context, scene.sources);
    for (std::size_t row = 0; row < of_context.size(); ++row) {
        if (!of_context[row]) context.fixed[row] = true;
    }
    return context;
}

Scores run(AttributionContext& scene, const Options& options) {
    if (scene.context.empty()) {
        throw Error(ErrorCode::usage,
                    "context_reliance: no context given; expected `context_span`, the words or characters of "
                    "the prompt that make it up");
    }
    const Model& model = scene.session.model();
    if (model.facts().kind == ModelKind::encoder)
        throw Error(ErrorCode::unsupported,
                    "context_reliance: an encoder writes no tokens; expected another method");
    const engine::PassInput& text = scene.texts.front();
    replay::Replay& replay = replay_of(scene, 0);
    replay.visit();
    scene.tick(1);
    const engine::PassInput without =
        without_rows(text, rows_set(scene.context, text.rows()), engine::neutral_token(model));
    const Tensor& with_context = replay.results();
    const Tensor context_free = logits_of(scene, without);
    Scores found;
    for (std::size_t t = 0; t < scene.answer.size(); ++t)
        found.context_sensitivity.push_back(context_change(
            options.choice("context_metric"), with_context.row(t), context_free.row(t), scene.answer[t]));
    found.objective = in_words(options.choice("context_metric"));
    found.chosen = sensitive(found.context_sensitivity, options, found.warnings);

    std::vector<objective::Target> targets;
    targets.reserve(found.chosen.size());
    for (const int t : found.chosen) {
        const Token answer = scene.answer[static_cast<std::size_t>(t)];
        const Token other = rival(context_free.row(static_cast<std::size_t>(t)), answer);
        targets.push_back({{{0, {t, answer, 1.0}}, {0, {t, other, -1.0}}}});
    }
    AttributionContext context = contrastive(scene, std::move(targets));
    found.readout = context.readout;
    ReplayFunction function(context);
    const auto rows = function.input().shape[0];
    found.scores = Tensor::zero({static_cast<std::int64_t>(found.chosen.size()), rows});
    function.gradients(function.input(), [&](std::size_t target, const TensorView<const float>& gradient) {
        for (const int row : context.context) {
            double sum = 0;
            for (std::int64_t d = 0; d < gradient.columns(); ++d)
                sum += static_cast<double>(gradient.row(row)[d]) * gradient.row(row)[d];
            found.scores.row(target)[static_cast<std::size_t>(row)] = static_cast<float>(std::sqrt(sum));
        }
    });
    found.cues = cues_of(found.scores, context.context, options);
    return found;
}

std::vector<Option> own_options() {
    return {
        {.name = "context_metric",
         .kind = Option::Kind::choice,
         .default_value = "kl",
         .help = "how much the context changes the prediction of an answer token: the divergence of its row "
                 "(kl; reverse_kl: from the row with the context to that without), or the change of its "
                 "log-probability or probability",
         .words = {"kl", "reverse_kl", "logprob", "probability"}},
        {.name = "deviations",
         .kind = Option::Kind::number,
         .default_value = "1",
         .help = "an answer token is explained if its change exceeds the mean by this many standard "
                 "deviations (n - 1)",
         .low = 0,
         .high = 100},
        {.name = "top_tokens",
         .default_value = "0",
         .help = "of these answer tokens, only the N that change most; 0: all",
         .low = 0,
         .high = 1e6},
        {.name = "cue_deviations",
         .kind = Option::Kind::number,
         .default_value = "1",
         .help = "a token of the context is a cue if its score exceeds the mean of the context's tokens by "
                 "this many standard deviations (n - 1)",
         .low = 0,
         .high = 100},
        {.name = "top_cues",
         .default_value = "0",
         .help = "of these, only the N of largest score for each answer token; 0: all",
         .low = 0,
         .high = 1e6}};
}

}  // namespace

const Definition& context_reliance() {
    static const Definition definition{
        .name = "context_reliance",
        .help =
            "which answer tokens change without the context, and which context tokens cause each: saliency "
            "of log p(token) - log p(what would come without the context)",
        .source =
            "Sarti et al. 2024: Quantifying the plausibility of context reliance in neural machine "
            "translation (PECoRe)",
        .is_signed = false,
        .options = own_options(),
        .evaluations = [](const Extent&, const Options&) { return 3.0; },
        .reads = [](const replay::Replay& replay) { return ReplayFunction::needs(replay, -1, 0); },
        .look = run,
        .of_context = true};
    return definition;
}

}  // namespace llmx::method

#include "explain/attributions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <llmx/error.hpp>

#include "engine/text/vocabulary.hpp"
#include "explain/references.hpp"
#include "explain/replacements.hpp"
#include "explain/units.hpp"
#include "method/deletion.hpp"
#include "method/replay_function.hpp"
#include "method/replay_game.hpp"
#include "text/utf8.hpp"

namespace llmx {

std::function<void(double)> ticker(const Progress& progress, std::string stage, double planned) {
    if (!progress) return [](double) {};
    return [progress, stage = std::move(stage), planned, done = 0.0](double evaluations) mutable {
        done += evaluations;
        if (!progress(stage, planned > 0 ? std::min(1.0, done / planned) : 1.0))
            throw Error(ErrorCode::cancelled, stage + ": cancelled");
    };
}

void expect_reads(const std::vector<method::BoundMethod>& methods, const Request& request,
                  const Subject& subject, replay::Replay& replay) {
    for (const method::BoundMethod& method : methods)
        replay.expect(method::reads(method, replay, sources_of(request, subject)), *request.memory_budget);
}

AttributionRun::AttributionRun(const Request& request, const Model& model, const Subject& subject,
                               const Tokens& tokens, engine::Session& session,
                               std::shared_ptr<tape::Arena> arena, std::shared_ptr<replay::Replay> replay)
    : request_(request),
      model_(model),
      scene_{.session = session,
             .texts = {subject.input},
             .answer = tokens,
             .prompt = subject.prompt,
             .sources = sources_of(request, subject),
             .fixed = {},
             .context = {},
             .references = {},
             .units = {},
             .readout = nullptr,
             .target_rows = {},
             .arena = std::move(arena),
             .matmul_precision = request.matmul_precision,
             .memory_budget = *request.memory_budget,
             .threads = model.threads(),
             .tick = [](double) {},
             .scorer = nullptr,
             .replays = {std::move(replay)}} {
    if (!request.target.contrast.empty()) {
        const Tokens other = contrast_text(request.target, model, tokens);
        scene_.texts.push_back(replay_of_text(request, model, other).input);
    }
    find_units(subject);
    targets_ = find_targets(subject, tokens);
    scene_.readout = targets_.readout;
    scene_.target_rows = targets_.output_rows;
}

void AttributionRun::find_units(const Subject& subject) {
    const unit::Text text = unit_text(model_, subject, scene_.sources);
    scene_.fixed = unit::fixed_rows(text, request_.units);
    scene_.references = reference_rows(request_, model_, scene_.fixed);
    scene_.units = unit::split(text, request_.units);
    replacements_ = replacements_for(request_, model_, scene_.units);
    if (scene_.units.empty())
        throw Error(ErrorCode::input, "`hold`: every token is held; expected some that take a score");
    scene_.context = unit::context_rows(text, request_.units);
    in_rationale_ = unit::in_rationale(text, scene_.units, request_.rationale);
    scene_.levels = [this, text] { return unit::levels_of(text, request_.units, scene_.units); };
}

/// Reads alternatives and the targets' values off the texts' results.
Targets AttributionRun::find_targets(const Subject& subject, const Tokens& tokens) {
    scene_.replays.front()->visit();
    std::vector<Tensor> results = {scene_.replays.front()->results()};
    for (std::size_t i = 1; i < scene_.texts.size(); ++i) {
        scene_.session.run(scene_.texts[i]);  // a recording would take the first text's place
        results.push_back(scene_.session.results());
    }
    Tensor reference;
    if (request_.target.measure == Measure::kl) reference = context_free();
    Targets found = subject.span
                        ? targets_of_span(request_, model_, *subject.span)
                        : targets_of(request_, model_, tokens, results.front(), std::move(reference));
    const std::vector<double> values = found.readout->values(results);
    for (std::size_t t = 0; t < values.size(); ++t) found.facts[t].value = values[t];
    return found;
}

/// Logits of the answer by the model that has not seen the context.
Tensor AttributionRun::context_free() {
    if (scene_.context.empty()) {
        throw Error(ErrorCode::usage,
                    "`measure` kl: no context given; expected `context_span`, the words or characters of the "
                    "prompt that make it up");
    }
    std::vector<bool> absent(static_cast<std::size_t>(scene_.texts.front().rows()), false);
    for (const int row : scene_.context) absent[static_cast<std::size_t>(row)] = true;
    scene_.session.run(method::without_rows(scene_.texts.front(), absent, engine::neutral_token(model_)));
    return scene_.session.results();
}

/// The targets that a method has chosen itself take the place of the request's.
void AttributionRun::choose(const method::Scores& scores, Attribution& found) const {
    found.objective = scores.objective;
    found.context_sensitivity = scores.context_sensitivity;
    found.cues = scores.cues;
    found.targets.clear();
    for (const int t : scores.chosen) {
        const int at = scene_.prompt + t;
        found.targets.push_back(
            {utf8::replace_invalid(model_.token_bytes(scene_.answer[static_cast<std::size_t>(t)])),
             {at, at + 1},
             scores.context_sensitivity[static_cast<std::size_t>(t)]});
    }
}

/// Of the i-th method; one gradient serves it and those behind it that score rows at the same layer.
method::Scores AttributionRun::row_scores(std::span<const method::BoundMethod> methods, std::size_t i) {
    const int layer = methods[i].options.integer("layer");
    std::vector<std::size_t> numbers;
    std::vector<const method::BoundMethod*> together;
    for (std::size_t k = i; k < methods.size(); ++k) {
        if (methods[k].definition->score_row == nullptr || methods[k].options.integer("layer") != layer)
            continue;
        numbers.push_back(k);
        together.push_back(&methods[k]);
    }
    method::ReplayFunction function(scene_, layer);
    std::vector<method::Scores> found = method::score_rows(function, together);
    for (std::size_t k = 1; k < found.size(); ++k) ready_.emplace(numbers[k], std::move(found[k]));
    return std::move(found.front());
}

method::Scores AttributionRun::scores_of(std::span<const method::BoundMethod> methods, std::size_t i) {
    const method::Definition* definition = methods[i].definition;
    if (definition->score_row != nullptr) {
        auto ready = ready_.extract(i);
        if (ready.empty()) return row_scores(methods, i);
        scene_.tick(1);
        return std::move(ready.mapped());
    }
    if (definition->differentiate != nullptr) {
        method::ReplayFunction function(scene_, methods[i].options.integer("layer"));
        return method::differentiate(function, methods[i]);
    }
    if (definition->perturb != nullptr) {
        return method::mean_over_parts(methods[i], [&](const method::BoundMethod& part) {
            method::Removal removal = method::removal(part.options, model_);
            removal.replacements = replacements_;
            method::ReplayGame game(scene_, std::move(removal));
            method::Scores scores = definition->perturb(game, part.options);
            scores.noise = game.noise();
            return scores;
        });
    }
    return definition->look(scene_, methods[i].options);
}

namespace {

/// The longer text has more to lose.
void warn_of_lengths(const TargetChoice& choice, const method::AttributionContext& scene,
                     std::vector<std::string>& warnings) {
    if (scene.texts.size() < 2 || choice.measure != Measure::logprob) return;
    const auto [first, last] = scene.target_rows.front();
    const auto other = static_cast<int>(scene.texts[1].outputs.size()) - first;
    if (last - first == other) return;
    warnings.push_back(fmt::format(
        "`contrast`: sums over {} and {} tokens are compared; `measure` mean_logprob compares per token",
        last - first, other));
}

/// Probabilities of long or improbable texts, whose differences end below what a float32 score can hold.
void warn_of_underflow(Measure measure, const std::vector<TargetFacts>& targets,
                       std::vector<std::string>& warnings) {
    if (measure != Measure::probability) return;
    constexpr double least = 1e-30;  // a hundred millionth of it is the least normal float32
    for (const TargetFacts& target : targets) {
        if (std::abs(target.value) >= least) continue;
        warnings.push_back(
            fmt::format("`measure` probability: it is {:.2g}, so small that scores vanish; "
                        "`measure` logprob, its logarithm, tells units apart",
                        target.value));
        return;
    }
}

/// The token that stands for absence, if all parts use the same one.
std::optional<AbsenceToken> absence_token_of(const method::BoundMethod& method, const Model& model) {
    std::optional<AbsenceToken> found;
    for (const method::BoundMethod& part : method.parts()) {
        const std::optional<AbsenceToken> token = method::absence_token(part.options, model);
        if (found && token && found->id != token->id) return std::nullopt;
        if (token) found = token;
    }
    return found;
}

/// The tokens that stand for absence, with the model's own in place of -1.
std::string absence_tokens(const method::BoundMethod& method, const Model& model) {
    std::vector<std::string> ids;
    for (const method::BoundMethod& part : method.parts()) {
        const std::optional<AbsenceToken> token = method::absence_token(part.options, model);
        const std::string id = token ? std::to_string(token->id) : "";
        if (token && std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
    }
    return ids.empty() ? "-1" : fmt::format("{}", fmt::join(ids, "+"));
}

void warn_of_absence(const method::BoundMethod& method, const Model& model,
                     std::vector<std::string>& warnings) {
    for (const method::BoundMethod& part : method.parts()) {
        const std::string text = method::absence_warning(method::removal(part.options, model).absence);
        if (text.empty()) continue;
        warnings.push_back(fmt::format("{}: {}", method.definition->name, text));
        return;
    }
}

/// Who asks for a measure expects scores of it.
void warn_of_any_measure(const method::Definition& definition, const TargetChoice& choice,
                         std::vector<std::string>& warnings) {
    const bool is_usual = choice.measure == Measure::logprob && choice.alternatives == 0;
    if (!definition.any_measure || is_usual) return;
    warnings.push_back(
        fmt::format("{}: shows what the targets' rows attend to, and is the same for every "
                    "`measure` and alternative; saliency is not",
                    definition.name));
}

}  // namespace

void AttributionRun::run(std::span<const method::BoundMethod> methods, std::vector<std::string>& warnings,
                         const std::function<void(Attribution&&)>& done) {
    ready_.clear();
    warn_of_underflow(request_.target.measure, targets_.facts, warnings);
    warn_of_lengths(request_.target, scene_, warnings);
    const method::Extent extent{static_cast<std::size_t>(scene_.sources), scene_.units.size(),
                                targets_.facts.size()};
    for (std::size_t i = 0; i < methods.size(); ++i) {
        scene_.tick = ticker(request_.progress, std::string(methods[i].definition->name),
                             method::evaluations(methods[i], extent));
        method::Scores scores = scores_of(methods, i);
        own_readouts_.push_back(scores.readout);
        warn_of_any_measure(*methods[i].definition, request_.target, warnings);
        done(entry(methods[i], std::move(scores), warnings));
    }
}

Attribution AttributionRun::entry(const method::BoundMethod& method, method::Scores scores,
                                  std::vector<std::string>& warnings) const {
    const method::Definition& definition = *method.definition;
    for (std::string& warning : scores.warnings)
        warnings.push_back(fmt::format("{}: {}", definition.name, warning));
    if (definition.perturb != nullptr) warn_of_absence(method, model_, warnings);
    Attribution found{.method = std::string(definition.name),
                      .objective = targets_.objective,
                      .is_signed = scores.is_signed.value_or(definition.is_signed),
                      .options = method.options.all(),
                      .units = scene_.units,
                      .targets = targets_.facts,
                      .scores = std::move(scores.scores),
                      .standard_errors = std::move(scores.standard_errors),
                      .interactions = std::move(scores.interactions),
                      .completeness = std::move(scores.completeness),
                      .noise = scores.noise};
    const bool neutral = definition.of_context || (definition.takes_references && !scene_.references.empty());
    found.absence_token = neutral ? method::absence_token(engine::neutral_token(model_), model_)
                                  : absence_token_of(method, model_);
    for (auto& [name, value] : scores.notes) found.options[name] = value;
    if (!method.several.empty()) found.options["baseline_token"] = absence_tokens(method, model_);
    if (!scores.chosen.empty()) choose(scores, found);
    if (definition.perturb == nullptr) {
        const Aggregation aggregation = unit::resolved(request_.units.aggregation, found.is_signed);
        if (!found.standard_errors.empty()) {
            found.standard_errors =
                unit::aggregate_errors(found.scores, found.standard_errors, scene_.units, aggregation);
        }
        found.scores = unit::aggregate(found.scores, scene_.units, aggregation);
    }
    return found;
}

}  // namespace llmx

#include "explain/attributions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <llmx/error.hpp>

#include "engine/text/vocabulary.hpp"
#include "method/deletion.hpp"
#include "method/replay_function.hpp"
#include "method/replay_game.hpp"
#include "text/utf8.hpp"
#include "unit/split.hpp"

namespace llmx {

namespace {

/// The source rows as text.
unit::Text text_of(const Model& model, const Subject& subject, int sources) {
    const Tokens tokens = subject.input.tokens();
    unit::Text text;
    text.prompt = subject.prompt;
    text.parts = subject.parts;
    for (int row = 0; row < sources; ++row) {
        const Token id = tokens[static_cast<std::size_t>(row)];
        text.tokens.push_back(model.token_bytes(id));
        text.special.push_back(engine::is_special(model, id));
    }
    return text;
}

}  // namespace

std::function<void(double)> ticker(const Progress& progress, std::string stage, double planned) {
    if (!progress) return [](double) {};
    return [progress, stage = std::move(stage), planned, done = 0.0](double evaluations) mutable {
        done += evaluations;
        if (!progress(stage, planned > 0 ? std::min(1.0, done / planned) : 1.0))
            throw Error(ErrorCode::cancelled, stage + ": cancelled");
    };
}

std::vector<Attributor> attributors_of(const std::vector<Method>& methods) {
    std::vector<Attributor> found;
    for (const Method& m : methods) {
        if (m.name == "attention" || m.name == "gradient") {
            if (!m.options.empty())
                throw Error(ErrorCode::usage, fmt::format("{}: unknown option {}; it has none", m.name,
                                                          m.options.begin()->first));
            continue;
        }
        const method::Definition& definition = method::definition(m.name);
        found.push_back({&definition, method::Options(m.name, definition.options, m.options)});
    }
    return found;
}

Explained::Explained(const Request& request, const Model& model, const Subject& subject, const Tokens& tokens,
                     engine::Session& session, std::shared_ptr<tape::Arena> arena)
    : request_(request),
      model_(model),
      scene_{.session = session,
             .texts = {subject.input},
             .answer = tokens,
             .prompt = subject.prompt,
             .sources = request.target.all_sources ? subject.prompt + subject.text : subject.prompt,
             .held = {},
             .context = {},
             .units = {},
             .readout = nullptr,
             .target_rows = {},
             .arena = std::move(arena),
             .products = request.products,
             .memory_budget = request.memory_budget,
             .threads = model.threads(),
             .tick = [](double) {}} {
    if (!request.target.contrast.empty())
        scene_.texts.push_back(written(request, model, request.target.contrast).input);
    find_units(subject);
    targets_ = find_targets(subject, tokens);
    scene_.readout = targets_.readout;
    scene_.target_rows = targets_.output_rows;
}

void Explained::find_units(const Subject& subject) {
    const unit::Text text = text_of(model_, subject, scene_.sources);
    scene_.held = unit::held(text, request_.units);
    scene_.units = unit::split(text, request_.units);
    if (scene_.units.empty())
        throw Error(ErrorCode::input, "units: every token is held; expected some to score");
    scene_.context = unit::context_rows(text, request_.units);
}

/// Runs the texts once, for alternatives and for the targets' values.
Targets Explained::find_targets(const Subject& subject, const Tokens& tokens) {
    std::vector<Tensor> results;
    for (const engine::PassInput& text : scene_.texts) {
        scene_.session.run(text);
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
Tensor Explained::context_free() {
    if (scene_.context.empty()) {
        throw Error(
            ErrorCode::usage,
            "measure kl: no context given; expected the words or characters of the prompt that are it "
            "(--context-span)");
    }
    std::vector<bool> absent(static_cast<std::size_t>(scene_.texts.front().rows()), false);
    for (const int row : scene_.context) absent[static_cast<std::size_t>(row)] = true;
    scene_.session.run(method::without_rows(scene_.texts.front(), absent, engine::neutral_token(model_)));
    return scene_.session.results();
}

/// The targets that a method has chosen itself take the place of the request's.
void Explained::choose(const method::Scores& scores, Attribution& found) const {
    found.objective = "divergence of the answer's tokens from the model without the context";
    found.context_sensitivity = scores.context_sensitivity;
    found.targets.clear();
    for (const int t : scores.chosen) {
        const int at = scene_.prompt + t;
        found.targets.push_back(
            {utf8::replace_invalid(model_.token_bytes(scene_.answer[static_cast<std::size_t>(t)])),
             {at, at + 1},
             scores.context_sensitivity[static_cast<std::size_t>(t)]});
    }
}

method::Scores Explained::scores_of(const Attributor& attributor) {
    const auto& [definition, options] = attributor;
    if (definition->differentiate != nullptr) {
        method::ReplayFunction function(scene_, options.whole("layer"));
        return definition->differentiate(function, options);
    }
    if (definition->perturb != nullptr) {
        method::ReplayGame game(scene_, method::absence(options, model_));
        return definition->perturb(game, options);
    }
    return definition->look(scene_, options);
}

Attribution Explained::run(const Attributor& attributor, std::vector<std::string>& warnings) {
    const method::Definition& definition = *attributor.definition;
    const method::Extent extent{static_cast<std::size_t>(scene_.sources), scene_.units.size(),
                                targets_.facts.size()};
    scene_.tick = ticker(request_.progress, std::string(definition.name),
                         definition.evaluations(extent, attributor.options));
    method::Scores scores = scores_of(attributor);
    for (std::string& warning : scores.warnings)
        warnings.push_back(fmt::format("{}: {}", definition.name, warning));
    Attribution found{.method = std::string(definition.name),
                      .objective = targets_.objective,
                      .is_signed = scores.is_signed.value_or(definition.is_signed),
                      .options = attributor.options.all(),
                      .units = scene_.units,
                      .targets = targets_.facts,
                      .scores = std::move(scores.scores),
                      .standard_errors = std::move(scores.standard_errors),
                      .completeness = std::move(scores.completeness)};
    for (auto& [name, value] : scores.notes) found.options[name] = value;
    if (!scores.chosen.empty()) choose(scores, found);
    if (definition.perturb == nullptr) {
        const std::string& aggregation = request_.units.aggregation;
        found.scores = unit::aggregate(found.scores, scene_.units, aggregation);
        // Of several tokens at once: a bound, as their errors go together at most.
        if (!found.standard_errors.empty())
            found.standard_errors = unit::aggregate(found.standard_errors, scene_.units, aggregation);
    }
    return found;
}

}  // namespace llmx

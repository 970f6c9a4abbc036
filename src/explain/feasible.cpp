#include "explain/feasible.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <llmx/error.hpp>

#include "engine/model/requirements.hpp"
#include "explain/estimate.hpp"
#include "explain/faithful.hpp"
#include "explain/references.hpp"
#include "explain/replacements.hpp"
#include "explain/targets.hpp"
#include "explain/units.hpp"
#include "explain/why.hpp"
#include "method/absence.hpp"

namespace llmx {

namespace {

using method::BoundMethod;

void require_absence(const method::Options& options, const Model& model) {
    if (method::removal(options, model).absence == Absence::attention_mask)
        engine::require_hidden_rows(model);
}

/// Of several baselines no two are the same token, however it is written: -1 is the model's own.
void require_different_tokens(const BoundMethod& method, const Model& model) {
    std::vector<Token> ids;
    for (const BoundMethod& part : method.several) {
        if (part.options.choice("baseline") != "token") continue;
        const Token id = method::absence_id(part.options, model);
        if (std::find(ids.begin(), ids.end(), id) != ids.end()) {
            throw Error(ErrorCode::usage,
                        fmt::format("{}: `baseline_token`: got token {} twice (-1: the model's "
                                    "own); expected different ones",
                                    method.definition->name, id));
        }
        ids.push_back(id);
    }
}

/// What only options and the model tell.
void require_options(const BoundMethod& method, const Request& request, const Model& model) {
    const method::Definition* definition = method.definition;
    for (const BoundMethod& part : method.parts()) {
        definition->evaluations({}, part.options);
        if (definition->perturb != nullptr) require_absence(part.options, model);
        if (part.options.has("baseline_token")) method::absence_id(part.options, model);
    }
    require_different_tokens(method, model);
    if (definition->one_text && !request.target.contrast.empty()) {
        throw Error(ErrorCode::usage, fmt::format("{}: got a `contrast`; attention belongs to one text, "
                                                  "expected none",
                                                  definition->name));
    }
    if (definition->of_context && model.facts().kind == ModelKind::encoder) {
        throw Error(
            ErrorCode::unsupported,
            fmt::format("{}: an encoder writes no tokens; expected another method", definition->name));
    }
}

/// The prompt's units, and the answer's where they are known and take scores. Nothing for an encoder, whose
/// window is found by running it.
std::optional<unit::Text> text_to_split(const Request& request, const Model& model) {
    if (model.facts().kind == ModelKind::encoder) return std::nullopt;
    const Tokens& explained = request.objective == Objective::teacher ? request.labels : request.output.ids;
    if (!request.target.all_sources || explained.empty()) return unit_text(model, request);
    const Subject subject = replay_of_text(request, model, explained);
    return unit_text(model, subject, sources_of(request, subject));
}

/// What the number of units tells, and whether there is a context for those that want one and the rationale.
void require_units(const unit::Text& text, const Request& request, const Model& model,
                   std::span<const BoundMethod> methods, double most) {
    const std::vector<Unit> units = unit::split(text, request.units);
    (void)unit::in_rationale(text, units, request.rationale);
    // Of `sources` all, the answer's units are known only where it is given.
    if (!request.target.all_sources || !request.output.ids.empty())
        require_room_for_replacements(request, model, units);
    const method::Extent extent{text.tokens.size(), units.size(), 1};
    const bool has_context = !unit::context_rows(text, request.units).empty();
    const auto require_context = [&](std::string_view what) {
        if (has_context) return;
        throw Error(ErrorCode::usage,
                    fmt::format("{}: no context given; expected `context_span`, the words or "
                                "characters of the prompt that make it up",
                                what));
    };
    for (const BoundMethod& method : methods) {
        if (method.definition->of_context) require_context(method.definition->name);
    }
    require_affordable(request, methods, extent, most);
    if (request.target.measure == Measure::kl) require_context("`measure` kl");
}

}  // namespace

void require_feasible(const Request& request, const Model& model, std::span<const BoundMethod> methods,
                      double most) {
    require_room(request, model, request.input_ids.size(), request.output.ids.size());
    if (request.rationale.size() > most_places) {
        throw Error(ErrorCode::usage, fmt::format("`rationale`: got {} places; expected at most {}",
                                                  request.rationale.size(), most_places));
    }
    const bool scores_units = request.check || !request.rationale.empty() ||
                              std::any_of(methods.begin(), methods.end(),
                                          [](const auto& m) { return m.definition->read == nullptr; });
    require_why(request, model, methods.empty(), most);
    require_references(request, model, methods);
    require_replacements(request, model, methods);
    if (!scores_units) return;
    require_targets(request, model);
    if (request.check) require_check(*request.check, model);
    for (const BoundMethod& method : methods) {
        if (method.definition->read == nullptr) require_options(method, request, model);
    }
    if (const auto text = text_to_split(request, model)) require_units(*text, request, model, methods, most);
}

void require_feasible(const Request& request, const Model& model, const std::vector<Method>& methods,
                      double most) {
    std::vector<BoundMethod> all;
    all.reserve(methods.size());
    for (const Method& method : methods) all.push_back(method::bind(method));
    require_feasible(request, model, all, most);
}

}  // namespace llmx

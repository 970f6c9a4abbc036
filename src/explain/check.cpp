#include "explain/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <llmx/error.hpp>

#include "engine/model/match.hpp"
#include "engine/model/requirements.hpp"
#include "explain/feasible.hpp"
#include "explain/targets.hpp"
#include "gemm/gemm.hpp"
#include "unit/split.hpp"

namespace llmx {

namespace {

void check_ids(const Request& request, const Model& model) {
    if (request.input_ids.empty())
        throw Error(ErrorCode::input, "`prompt`: it has no tokens; expected at least one");
    if (request.output.ids.empty()) {
        throw Error(ErrorCode::input,
                    "`answer`: it has no tokens; expected a generated answer, or a text that has some");
    }
    engine::require_tokens(model, request.input_ids);
    engine::require_tokens(model, request.output.ids);
    engine::require_tokens(model, request.labels);
    engine::require_tokens(model, request.target.contrast);
}

/// An encoder-decoder reads the source apart from what it writes.
void check_length(const Request& request, const Model& model) {
    const std::size_t room = request.context > 0 ? request.context : model.facts().context;
    const bool apart = model.facts().kind == ModelKind::encoder_decoder;
    const std::size_t prompt = apart ? 0 : request.input_ids.size();
    const auto check = [&](const std::string& what, std::size_t length) {
        if (prompt + length <= room) return;
        throw Error(ErrorCode::context_overflow,
                    fmt::format("context: {}{} ({}) make {} tokens, the context holds {}; shorten them or "
                                "raise `context_tokens`",
                                apart ? "" : fmt::format("prompt ({} tokens) plus ", prompt), what, length,
                                prompt + length, room));
    };
    if (apart) check("source", request.input_ids.size());
    check("answer", request.output.ids.size());
    if (request.objective == Objective::teacher) check("label", request.labels.size());
    if (request.target.contrast.empty()) return;
    const Tokens& explained = request.objective == Objective::teacher ? request.labels : request.output.ids;
    check("contrast", contrast_text(request.target, model, explained).size());
}

void check_views(const RecordChoice& views, const Model& model) {
    const ModelFacts& facts = model.facts();
    for (const int block : views.blocks) {
        if (block >= 0 && block < facts.blocks) continue;
        throw Error(ErrorCode::usage, fmt::format("`view_blocks`: got {}; the model has blocks 0 to {}",
                                                  block, facts.blocks - 1));
    }
    if (views.logit_lens < 0) {
        throw Error(ErrorCode::usage, fmt::format("`logit_lens`: got {}; expected 1 token or more (0: none)",
                                                  views.logit_lens));
    }
    if (views.logit_lens == 0 || facts.kind != ModelKind::encoder) return;
    throw Error(ErrorCode::unsupported,
                "`logit_lens`: an encoder has no output head for tokens; expected a model that writes text");
}

/// An encoder with a question-answering head gets a pair and finds a span of it.
Request checked_encoder(Request request, const Model& model) {
    const auto refuse = [](const std::string& message) { throw Error(ErrorCode::usage, message); };
    const bool label = request.pair.label_span || !request.pair.label.empty();
    if (request.objective == Objective::automatic)
        request.objective = label ? Objective::aligned : Objective::generated;
    if (!label && request.objective != Objective::generated) {
        throw Error(
            ErrorCode::input,
            fmt::format(
                "`objective` {}: no label given; expected `label` or `label_span`, or objective generated",
                to_string(request.objective)));
    }
    if (request.task != Task::question_answering) {
        throw Error(ErrorCode::unsupported,
                    fmt::format("`task` {}: model {} is an encoder; expected question_answering",
                                to_string(request.task), model.facts().path));
    }
    if (!request.output.ids.empty() || !request.labels.empty())
        refuse("answer, labels: an encoder writes no tokens; expected pair.label or pair.label_span");
    if (request.input_shape != 0) refuse("`input_shape`: an encoder reads the whole pair; expected 0");
    const bool texts = !request.pair.question.empty() && !request.pair.context.empty();
    if (texts == !request.input_ids.empty()) {
        throw Error(ErrorCode::input,
                    "question_answering: expected a question and a context, or the ids of the pair");
    }
    engine::require_tokens(model, request.input_ids);
    return request;
}

void check_original_arguments(const Request& request, const Model& model) {
    if (request.positions.size() > request.layer_names.size()) {
        throw Error(ErrorCode::usage,
                    fmt::format("`positions`: got {} for {} layer names; expected at most one each",
                                request.positions.size(), request.layer_names.size()));
    }
    for (const int position : request.positions) {
        if (position == 0) continue;
        throw Error(
            ErrorCode::usage,
            fmt::format("`positions`: got {}; a module has one argument and one result here, expected 0",
                        position));
    }
    if (request.input_shape != static_cast<int>(request.input_ids.size())) {
        throw Error(ErrorCode::usage,
                    fmt::format("`input_shape`: got {}; expected {}, the tokens of the prompt, or 0",
                                request.input_shape, request.input_ids.size()));
    }
    if (request.embedding_name.empty()) return;
    const std::vector<Module> modules = model.modules();
    for (const int index : engine::match_modules(modules, request.embedding_name, request.strict)) {
        if (modules[static_cast<std::size_t>(index)].gguf_name == "token_embd") return;
    }
    throw Error(ErrorCode::usage,
                fmt::format("`embedding_name`: {} is not the token embedding; expected token_embd",
                            request.embedding_name));
}

/// A quantised file's own rounding is larger than that of bfloat16.
MatmulPrecision precision_of(const Request& request, const Model& model) {
    if (request.matmul_precision == MatmulPrecision::bfloat16 && !gemm::has_bfloat16()) {
        throw Error(ErrorCode::unsupported,
                    "`products` bfloat16: not available with this processor or build; use float32");
    }
    if (request.matmul_precision != MatmulPrecision::automatic) return request.matmul_precision;
    const bool pays = gemm::multiplies_bfloat16() && engine::is_quantized(model);
    return pays ? MatmulPrecision::bfloat16 : MatmulPrecision::float32;
}

}  // namespace

Request checked(const Request& given, const Model& model, std::span<const method::BoundMethod> methods) {
    Request request = given;
    request.matmul_precision = precision_of(request, model);
    unit::require_choice(request.units);
    check_views(request.views, model);
    if (request.micro_batch < 0) {
        throw Error(ErrorCode::usage,
                    fmt::format("`ubatch`: got {}; expected 0 (all tokens) or more", request.micro_batch));
    }
    if (model.facts().kind == ModelKind::encoder) {
        request = checked_encoder(std::move(request), model);
        require_feasible(request, model, methods);
        return request;
    }
    if (model.facts().kind == ModelKind::decoder) engine::require_causal(model);
    if (request.objective == Objective::automatic) {
        request.objective = request.labels.empty() ? Objective::generated : Objective::teacher;
    }
    if (request.input_shape == 0) request.input_shape = static_cast<int>(request.input_ids.size());
    const bool of_objective = std::any_of(methods.begin(), methods.end(), [](const method::BoundMethod& m) {
        return m.definition->of_objective;
    });
    if (request.labels.empty() && request.objective != Objective::generated && of_objective) {
        throw Error(ErrorCode::input,
                    fmt::format("`objective` {}: no label given; expected `label`, or objective generated",
                                to_string(request.objective)));
    }
    check_ids(request, model);
    check_length(request, model);
    check_original_arguments(request, model);
    require_feasible(request, model, methods);
    return request;
}

}  // namespace llmx

#include "explain/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <llmx/error.hpp>

#include "engine/match.hpp"
#include "engine/requirements.hpp"
#include "gemm/gemm.hpp"

namespace llmx {

namespace {

void check_ids(const Request& request, const Model& model) {
    if (request.input_ids.empty())
        throw Error(ErrorCode::input, "prompt: it has no tokens; expected at least one");
    if (request.output.ids.empty()) {
        throw Error(ErrorCode::input,
                    "answer: it has no tokens; expected a generated answer or one given by --answer");
    }
    engine::require_tokens(model, request.input_ids);
    engine::require_tokens(model, request.output.ids);
    engine::require_tokens(model, request.labels);
}

void check_length(const Request& request, const Model& model) {
    const std::size_t room = request.context > 0 ? request.context : model.facts().context;
    const auto check = [&](std::string_view what, std::size_t length) {
        if (request.input_ids.size() + length <= room) return;
        throw Error(
            ErrorCode::context_overflow,
            fmt::format(
                "context: prompt ({} tokens) plus {} ({}) are {} tokens, the context holds {}; shorten "
                "them or raise --context",
                request.input_ids.size(), what, length, request.input_ids.size() + length, room));
    };
    check("answer", request.output.ids.size());
    if (request.objective == Objective::teacher) check("label", request.labels.size());
}

void check_original_arguments(const Request& request, const Model& model) {
    if (request.positions.size() > request.layer_names.size()) {
        throw Error(ErrorCode::usage, fmt::format("positions: got {}, for {} layer names",
                                                  request.positions.size(), request.layer_names.size()));
    }
    for (const int position : request.positions) {
        if (position == 0) continue;
        throw Error(
            ErrorCode::usage,
            fmt::format("positions: got {}; a module here has one argument and one result: 0", position));
    }
    if (request.input_shape != static_cast<int>(request.input_ids.size())) {
        throw Error(ErrorCode::usage, fmt::format("input_shape: got {}, the prompt has {} tokens",
                                                  request.input_shape, request.input_ids.size()));
    }
    if (request.embedding_name.empty()) return;
    const std::vector<Module> modules = model.modules();
    for (const int index : engine::match_modules(modules, request.embedding_name, request.strict)) {
        if (modules[static_cast<std::size_t>(index)].gguf_name == "token_embd") return;
    }
    throw Error(ErrorCode::usage,
                fmt::format("embedding_name: {} is not the token embedding; expected token_embd",
                            request.embedding_name));
}

}  // namespace

Request checked(const Request& given, const Model& model, const std::vector<Method>& methods) {
    engine::require_causal(model);
    Request request = given;
    if (request.objective == Objective::automatic) {
        request.objective = request.labels.empty() ? Objective::generated : Objective::aligned;
    }
    if (request.input_shape == 0) request.input_shape = static_cast<int>(request.input_ids.size());
    const bool gradient = std::find(methods.begin(), methods.end(), Method::gradient) != methods.end();
    if (request.labels.empty() && request.objective != Objective::generated && gradient) {
        throw Error(ErrorCode::input,
                    fmt::format("objective {}: it needs a label (--label); without one: generated",
                                to_string(request.objective)));
    }
    if (request.per_token && !gradient) {
        throw Error(ErrorCode::usage, "per_token: it needs the method gradient");
    }
    if (request.products == Products::bfloat16 && !gemm::has_bfloat16()) {
        throw Error(ErrorCode::unsupported,
                    "products bfloat16: this processor or build has none; use float32");
    }
    check_ids(request, model);
    check_length(request, model);
    check_original_arguments(request, model);
    return request;
}

}  // namespace llmx

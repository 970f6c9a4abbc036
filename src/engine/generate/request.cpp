#include "engine/generate/request.hpp"

#include <fmt/format.h>

#include <cmath>

#include "engine/generate/draft.hpp"
#include "engine/model/model_impl.hpp"
#include "engine/model/requirements.hpp"
#include "engine/pass/pass.hpp"

namespace llmx::engine {
namespace {

constexpr int most_beams = 128;  // half of llama.cpp's sequences: old and new beams exist side by side

[[noreturn]] void refuse(const std::string& message) { throw Error(ErrorCode::usage, message); }

void check_options(const GenerateOptions& o) {
    if (o.max_new_tokens < 1)
        refuse(fmt::format("`max_new_tokens`: got {}; expected at least 1", o.max_new_tokens));
    if (!(o.temperature >= 0.0F) || !std::isfinite(o.temperature)) {
        refuse(fmt::format("`temperature`: got {}; expected 0 (greedy) or more", o.temperature));
    }
    if (o.top_k < 0) refuse(fmt::format("`top_k`: got {}; expected 0 (all tokens) or more", o.top_k));
    if (!(o.top_p > 0.0F && o.top_p <= 1.0F))
        refuse(fmt::format("`top_p`: got {}; expected a number above 0 and at most 1", o.top_p));
    if (!(o.min_p >= 0.0F && o.min_p <= 1.0F))
        refuse(fmt::format("`min_p`: got {}; expected 0 (all tokens) to 1", o.min_p));
    if (!(o.repetition_penalty > 0.0F) || !std::isfinite(o.repetition_penalty)) {
        refuse(fmt::format("`repetition_penalty`: got {}; expected a number above 0 (1: none)",
                           o.repetition_penalty));
    }
    if (o.context < 0)
        refuse(fmt::format("`context_tokens`: got {}; expected 0 (as trained) or more", o.context));
    if (o.draft_tokens < 1)
        refuse(fmt::format("`draft_tokens`: got {}; expected at least 1", o.draft_tokens));
    if (o.assistant != nullptr && o.prompt_lookup) {
        refuse("`assistant`: got both a model and prompt lookup; expected one of them");
    }
    if (o.num_beams < 1 || o.num_beams > most_beams) {
        refuse(fmt::format("`num_beams`: got {}; expected 1 (none) to {}", o.num_beams, most_beams));
    }
    if (!std::isfinite(o.length_penalty)) {
        refuse(fmt::format("`length_penalty`: got {}; expected a finite number", o.length_penalty));
    }
    if (o.num_beams == 1) return;
    if (o.temperature > 0.0F) {
        refuse(fmt::format(
            "`num_beams`: got {} with `temperature` {}; beam search does not sample, expected temperature 0",
            o.num_beams, o.temperature));
    }
    if (o.assistant != nullptr || o.prompt_lookup) {
        refuse(
            fmt::format("`num_beams`: got {} with an assistant or prompt lookup; speculative decoding writes "
                        "one text, expected 1",
                        o.num_beams));
    }
}

void check_length(const Model& model, const Beginning& at, const GenerateOptions& options) {
    const auto allowed =
        static_cast<std::size_t>(options.context > 0 ? options.context : model.facts().context);
    if (at.source.size() > allowed) {
        throw Error(ErrorCode::context_overflow, fmt::format("context: the source has {} tokens, the context "
                                                             "holds {}; shorten it or raise `context_tokens`",
                                                             at.source.size(), allowed));
    }
    const std::size_t all = at.text.size() + static_cast<std::size_t>(options.max_new_tokens);
    if (all <= allowed) return require_positions(model, static_cast<int>(all));
    throw Error(ErrorCode::context_overflow,
                fmt::format("context: the prompt's {} tokens plus up to {} new ones make {}, the context "
                            "holds {}; shorten the prompt, lower `max_new_tokens` or raise `context_tokens`",
                            at.text.size(), options.max_new_tokens, all, allowed));
}

void check_assistant(const Model& model, const Model& assistant, const Beginning& at,
                     const GenerateOptions& options) {
    require_generative(assistant);
    if (model.facts().kind != assistant.facts().kind) {
        throw Error(
            ErrorCode::input,
            fmt::format("`assistant` {}: its architecture \"{}\" is of a different kind from the model's "
                        "\"{}\"; expected a smaller model of the same family",
                        assistant.facts().path, assistant.facts().architecture, model.facts().architecture));
    }
    require_same_vocabulary(model, assistant);
    check_length(assistant, at, options);
}

/// Verifying drafts computes products again, which works only on this machine's processor.
void check_drafts(const Model& model, const GenerateOptions& options) {
    const bool drafts = options.assistant != nullptr || options.prompt_lookup;
    if (!drafts || impl_of(model).servers == nullptr) return;
    throw Error(ErrorCode::unsupported,
                "`assistant`: drafts cannot be verified on RPC servers; generate without an assistant and "
                "prompt lookup, or without `rpc`");
}

Token start_token(const Model& model) {
    const Token start = decoder_start_token(model);
    if (start >= 0) return start;
    throw Error(ErrorCode::model,
                fmt::format("model {}: names no token that the decoder starts with; expected "
                            "decoder_start_token_id or a BOS token in the file",
                            model.facts().path));
}

}  // namespace

Beginning begin(const Model& model, std::span<const Token> prompt, const GenerateOptions& options) {
    check_options(options);
    check_drafts(model, options);
    if (prompt.empty()) throw Error(ErrorCode::input, "`prompt`: it is empty; expected at least one token");
    require_generative(model);
    require_tokens(model, prompt);
    Beginning at;
    if (model.facts().kind == ModelKind::encoder_decoder) {
        at.source.assign(prompt.begin(), prompt.end());
        at.text = {start_token(model)};
        require_tokens(model, at.text);
    } else {
        at.text.assign(prompt.begin(), prompt.end());
    }
    check_length(model, at, options);
    if (options.assistant != nullptr) check_assistant(model, *options.assistant, at, options);
    return at;
}

}  // namespace llmx::engine

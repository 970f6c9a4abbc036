#include "explain/units.hpp"

#include "engine/text/vocabulary.hpp"
#include "text/utf8.hpp"

namespace llmx {

namespace {

unit::Text text_of(const Model& model, std::span<const Token> tokens, int prompt,
                   std::vector<UnitChoice::Part> parts) {
    unit::Text text;
    text.prompt = prompt;
    text.parts = std::move(parts);
    for (const Token id : tokens) {
        text.tokens.push_back(model.token_bytes(id));
        text.special.push_back(engine::is_special(model, id));
    }
    text.shown_prompt =
        utf8::replace_invalid(model.detokenize(tokens.first(static_cast<std::size_t>(prompt))));
    return text;
}

}  // namespace

int sources_of(const Request& request, const Subject& subject) {
    return request.target.all_sources ? subject.prompt + subject.text : subject.prompt;
}

unit::Text unit_text(const Model& model, const Subject& subject, int sources) {
    const Tokens tokens = subject.input.tokens();
    return text_of(model, std::span(tokens).first(static_cast<std::size_t>(sources)), subject.prompt,
                   subject.parts);
}

unit::Text unit_text(const Model& model, const Request& request) {
    return text_of(model, request.input_ids, static_cast<int>(request.input_ids.size()), request.units.parts);
}

}  // namespace llmx

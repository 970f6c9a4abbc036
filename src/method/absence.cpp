#include "method/absence.hpp"

#include <llmx/error.hpp>

#include "engine/model/requirements.hpp"
#include "engine/text/vocabulary.hpp"
#include "text/utf8.hpp"

namespace llmx::method {

Token absence_id(const Options& options, const Model& model) {
    const int given = options.whole("baseline_token");
    const Token token = given >= 0 ? given : engine::neutral_token(model);
    engine::require_tokens(model, std::span(&token, 1));
    return token;
}

Absence absence(const Options& options, const Model& model) {
    const std::string& kind = options.word("baseline");
    const Token token = absence_id(options, model);
    if (kind == "attention_mask") return {Absence::Kind::attention_mask, token};
    if (kind == "deletion") {
        if (model.facts().kind == ModelKind::encoder) {
            throw Error(ErrorCode::unsupported,
                        "baseline deletion: an encoder's span would move; expected token or attention_mask");
        }
        return {Absence::Kind::deletion, token};
    }
    return {Absence::Kind::token, token};
}

std::string absence_warning(Absence::Kind kind) {
    if (kind != Absence::Kind::attention_mask) return {};
    return "attention_mask hides a token from the others only, it still reads itself: what a token does to "
           "the "
           "prediction made right at it is not measured, and the last token before a predicted one scores 0 "
           "for "
           "it; token or deletion takes a token away for good";
}

AbsenceToken absence_token(Token id, const Model& model) {
    return {id, utf8::replace_invalid(model.token_bytes(id))};
}

std::optional<AbsenceToken> absence_token(const Options& options, const Model& model) {
    if (!options.has("baseline_token")) return std::nullopt;
    const std::string& kind = options.word("baseline");
    if (kind != "token" && kind != "deletion") return std::nullopt;
    return absence_token(absence_id(options, model), model);
}

}  // namespace llmx::method

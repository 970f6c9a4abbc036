#include "method/absence.hpp"

#include <llmx/error.hpp>

#include "engine/model/requirements.hpp"
#include "engine/text/vocabulary.hpp"
#include "text/utf8.hpp"

namespace llmx::method {

namespace {

Token checked(int given, const Model& model) {
    const Token token = given >= 0 ? given : engine::neutral_token(model);
    engine::require_tokens(model, std::span(&token, 1));
    return token;
}

}  // namespace

Removal removal(Absence absence, int token, const Model& model) {
    if (absence == Absence::deletion && model.facts().kind == ModelKind::encoder) {
        throw Error(ErrorCode::unsupported,
                    "baseline deletion: an encoder's span would move; expected token or attention_mask");
    }
    return {absence, checked(token, model), {}};
}

Removal removal(const Options& options, const Model& model) {
    return removal(parse_absence(options.choice("baseline")), options.integer("baseline_token"), model);
}

Token absence_id(const Options& options, const Model& model) {
    return checked(options.integer("baseline_token"), model);
}

std::string absence_warning(Absence absence) {
    if (absence != Absence::attention_mask) return {};
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
    const std::string& kind = options.choice("baseline");
    if (kind != "token" && kind != "deletion") return std::nullopt;
    return absence_token(absence_id(options, model), model);
}

std::optional<AbsenceToken> absence_token(const Removal& removal, const Model& model) {
    if (removal.absence == Absence::attention_mask) return std::nullopt;
    return absence_token(removal.token, model);
}

}  // namespace llmx::method

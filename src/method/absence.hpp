#pragma once
// What stands for absence: in the place of an absent unit, or at the begin of a path.

#include <llmx/model.hpp>
#include <llmx/result.hpp>

#include "method/options.hpp"

namespace llmx::method {

/// What takes an absent unit's place.
struct Absence {
    enum class Kind {
        token,           ///< a token in the place of each of its own
        deletion,        ///< nothing: what follows moves up
        attention_mask,  ///< its tokens stay in place, but no token attends to them
    };
    Kind kind = Kind::token;
    Token token = 0;
};

/// From `game_options`. Throws Error{input} for a token that the model does not have.
Absence absence(const Options& options, const Model& model);

/// What a result should say of it: hidden keys leave the token that reads them. Empty where nothing.
std::string absence_warning(Absence::Kind kind);

/// The token of `baseline_token`: the one given, or the model's own. Throws as `absence`.
Token absence_id(const Options& options, const Model& model);

/// For a result: the token of a method with an option `baseline`, where a token stands for absence. Nothing
/// for zero vectors, means, and hidden keys.
std::optional<AbsenceToken> absence_token(const Options& options, const Model& model);
AbsenceToken absence_token(Token id, const Model& model);

}  // namespace llmx::method

#pragma once
// What stands for absence: in the place of an absent unit, or at the begin of a path.

#include <llmx/enums.hpp>
#include <llmx/model.hpp>
#include <llmx/result.hpp>
#include <optional>
#include <vector>

#include "method/options.hpp"

namespace llmx::method {

/// What stands in each unit's place instead of its absence; nothing: its absence. Empty: of every unit.
using Replacements = std::vector<std::optional<Tokens>>;

/// How units are removed from a text.
struct Removal {
    Absence absence = Absence::token;
    Token token = 0;  ///< takes the place of each of a unit's own
    Replacements replacements = {};

    /// What stands in a unit's place; null: its absence.
    [[nodiscard]] const Tokens* replacement(std::size_t unit) const {
        return unit < replacements.size() && replacements[unit] ? &*replacements[unit] : nullptr;
    }
};

/// `token`: -1: the model's own. Throws Error{input} for a token that the model does not have,
/// Error{unsupported} for an absence that does not go with the model.
Removal removal(Absence absence, int token, const Model& model);
/// From `game_options`.
Removal removal(const Options& options, const Model& model);

/// What a result should say of it: hidden keys leave the token that reads them. Empty where nothing.
std::string absence_warning(Absence absence);

/// The token of `baseline_token`: the one given, or the model's own. Throws as `removal`.
Token absence_id(const Options& options, const Model& model);

/// For a result: the token of a method with an option `baseline`, where a token stands for absence. Nothing
/// for zero vectors, means, and hidden keys.
std::optional<AbsenceToken> absence_token(const Options& options, const Model& model);
std::optional<AbsenceToken> absence_token(const Removal& removal, const Model& model);
AbsenceToken absence_token(Token id, const Model& model);

}  // namespace llmx::method

#pragma once
// The user's own texts in the place of units that are taken away (Request::replacements).

#include <cstddef>
#include <span>
#include <vector>

#include "llmx/request.hpp"
#include "method/absence.hpp"
#include "method/bound_method.hpp"

namespace llmx {

/// What only options and the model tell. Throws Error{usage} where no method takes units away, and for hidden
/// keys, which leave no place for a text; Error{unsupported} for an encoder, whose outputs are its rows.
void require_replacements(const Request& request, const Model& model,
                          std::span<const method::BoundMethod> methods);

/// One entry a unit; empty where the request has none. A replacement is read as a part of the text: it keeps
/// the white space at both ends of the unit where it has none itself; a text without characters leaves
/// nothing. Throws Error{usage} for a unit that does not exist or is named twice.
method::Replacements replacements_for(const Request& request, const Model& model,
                                      std::span<const Unit> units);

/// By how many tokens texts may grow.
/// Throws Error{context_overflow} where a text with its replacements would not fit into the context.
void require_room_for_replacements(const Request& request, const Model& model, std::span<const Unit> units);

std::size_t growth(const method::Replacements& replacements, std::span<const Unit> units);

}  // namespace llmx

#pragma once
// The user's own texts as baselines (Request::reference_texts).

#include <span>
#include <vector>

#include "llmx/request.hpp"
#include "method/bound_method.hpp"

namespace llmx {

/// Throws Error{usage} where no method compares with them, and Error{input} for a text without tokens.
void require_references(const Request& request, const Model& model,
                        std::span<const method::BoundMethod> methods);

/// The tokens of each text on the source's rows: they take the rows that are not `fixed`, in order; a longer
/// text is cut, and behind a shorter one stands the model's neutral token. If the first row is not fixed, the
/// text begins as a prompt does (BOS). At fixed rows, the neutral token.
std::vector<Tokens> reference_rows(const Request& request, const Model& model,
                                   const std::vector<bool>& fixed);

}  // namespace llmx

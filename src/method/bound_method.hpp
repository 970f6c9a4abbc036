#pragma once
// A registered method with the options of one request.

#include <span>
#include <vector>

#include "method/definition.hpp"

namespace llmx::method {

struct BoundMethod {
    const Definition* definition = nullptr;
    Options options;
};

/// Throws Error{usage} for a method or an option that is not known.
BoundMethod bind(const Method& method);

/// What the method reads of the first text's own pass (`replay`), as far as that is known before it runs: so
/// one recording serves several methods. `sources`: AttributionContext::sources.
std::vector<replay::RequiredValue> reads(const BoundMethod& method, const replay::Replay& replay,
                                         int sources);

/// Scores of methods that score rows, by one gradient of each target for all of them.
std::vector<Scores> score_rows(Function& function, std::span<const BoundMethod* const> methods);

/// Scores of one method that sees a function.
Scores differentiate(Function& function, const BoundMethod& method);

}  // namespace llmx::method

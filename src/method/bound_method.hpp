#pragma once
// A registered method with the options of one request.

#include <functional>
#include <span>
#include <vector>

#include "method/definition.hpp"

namespace llmx::method {

struct BoundMethod {
    const Definition* definition = nullptr;
    Options options;
    /// With several values of an option (`baseline` token+deletion): the method with each of them. Its scores
    /// are the mean of theirs.
    std::vector<BoundMethod> several = {};

    /// Those that run: `several`, or the method itself.
    [[nodiscard]] std::span<const BoundMethod> parts() const {
        return several.empty() ? std::span(this, 1) : std::span<const BoundMethod>(several);
    }
};

/// Throws Error{usage} for a method or an option that is not known.
BoundMethod bind(const Method& method);

/// Runs of the model that it will take: Definition::evaluations.
double evaluations(const BoundMethod& method, const Extent& extent);

/// The mean of `scored(part)` over all parts. Warnings name the part that they are about.
Scores mean_over_parts(const BoundMethod& method,
                       const std::function<Scores(const BoundMethod& part)>& scored);

/// What the method reads of the first text's own pass (`replay`), as far as that is known before it runs: so
/// one recording serves several methods. `sources`: AttributionContext::sources.
std::vector<replay::RequiredValue> reads(const BoundMethod& method, const replay::Replay& replay,
                                         int sources);

/// Scores of methods that score rows, by one gradient of each target for all of them.
std::vector<Scores> score_rows(Function& function, std::span<const BoundMethod* const> methods);

/// Scores of one method that sees a function.
Scores differentiate(Function& function, const BoundMethod& method);

}  // namespace llmx::method

#include "engine/generate/distribution.hpp"

#include <algorithm>
#include <unordered_map>

namespace llmx::engine {

double Distribution::of(Token id) const {
    const auto found = std::find(ids.begin(), ids.end(), id);
    return found == ids.end() ? 0.0 : probabilities[static_cast<std::size_t>(found - ids.begin())];
}

Distribution certain(Token id) { return {{id}, {1.0}}; }

Token draw(const Distribution& distribution, double u) {
    double sum = 0;
    for (std::size_t i = 0; i < distribution.ids.size(); ++i) {
        sum += distribution.probabilities[i];
        if (u < sum) return distribution.ids[i];
    }
    // Rounding may leave the sum a little below u: then it is the last possible token.
    for (std::size_t i = distribution.ids.size(); i-- > 1;) {
        if (distribution.probabilities[i] > 0) return distribution.ids[i];
    }
    return distribution.ids.front();
}

double acceptance(const Distribution& model, const Distribution& draft, Token id) {
    return std::min(1.0, model.of(id) / draft.of(id));
}

Distribution residual(const Distribution& model, const Distribution& draft) {
    std::unordered_map<Token, double> drafted;
    for (std::size_t i = 0; i < draft.ids.size(); ++i) drafted[draft.ids[i]] = draft.probabilities[i];
    Distribution rest;
    double sum = 0;
    for (std::size_t i = 0; i < model.ids.size(); ++i) {
        const auto found = drafted.find(model.ids[i]);
        const double more = model.probabilities[i] - (found == drafted.end() ? 0.0 : found->second);
        if (more <= 0) continue;
        rest.ids.push_back(model.ids[i]);
        rest.probabilities.push_back(more);
        sum += more;
    }
    for (double& p : rest.probabilities) p /= sum;
    return rest;
}

}  // namespace llmx::engine

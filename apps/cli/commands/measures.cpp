#include "commands/measures.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace llmx::cli {
namespace {

std::optional<Measured> of(const Faithfulness::Number& n) {
    return Measured{n.value, n.random, n.random_deviation};
}
std::optional<Measured> of(const Plausibility::Number& n) { return Measured{n.value, n.random}; }

/// Every map of an evaluation has its faithfulness.
const std::array<NumberKind, 9> every = {
    {{"comprehensiveness", "comprehensiveness", true, true, true,
      [](const ScoredMap& m) { return of(m.faithfulness->comprehensiveness); }},
     {"sufficiency", "sufficiency", true, true, true,
      [](const ScoredMap& m) { return of(m.faithfulness->sufficiency); }},
     {"deletion_area", "deletion area", true, true, true,
      [](const ScoredMap& m) { return of(m.faithfulness->deletion_area); }},
     {"insertion_area", "insertion area", true, true, true,
      [](const ScoredMap& m) { return of(m.faithfulness->insertion_area); }},
     {"kendall_tau", "Kendall tau", true, true, true,
      [](const ScoredMap& m) {
          return m.faithfulness->kendall_tau ? of(*m.faithfulness->kendall_tau) : std::nullopt;
      }},
     {"infidelity", "infidelity", false, true, true,
      [](const ScoredMap& m) {
          return m.faithfulness->infidelity ? of(m.faithfulness->infidelity->scaled) : std::nullopt;
      }},
     {"sensitivity_max", "sensitivity-max", false, false, false,
      [](const ScoredMap& m) {
          return m.faithfulness->sensitivity_max
                     ? std::optional(Measured{m.faithfulness->sensitivity_max->value})
                     : std::nullopt;
      }},
     {"token_f1", "token F1", false, true, false,
      [](const ScoredMap& m) { return m.plausibility ? of(m.plausibility->token_f1) : std::nullopt; }},
     {"auprc", "AUPRC", false, true, false,
      [](const ScoredMap& m) { return m.plausibility ? of(m.plausibility->auprc) : std::nullopt; }}}};

}  // namespace

std::vector<const NumberKind*> measures_of(const Evaluation& evaluation) {
    std::vector<const NumberKind*> found;
    for (const NumberKind& measure : every) {
        const bool some = std::any_of(
            evaluation.requests.begin(), evaluation.requests.end(), [&](const EvaluatedRequest& request) {
                return std::any_of(request.maps.begin(), request.maps.end(),
                                   [&](const EvaluatedMap& m) { return measure.get(m.map).has_value(); });
            });
        if (measure.always || some) found.push_back(&measure);
    }
    return found;
}

Mean mean_of(const std::vector<double>& values) {
    Mean m{.count = static_cast<int>(values.size())};
    const auto n = static_cast<double>(values.size());
    for (const double v : values) m.mean += v / n;
    if (m.count < 2) return m;
    double squares = 0;
    for (const double v : values) squares += (v - m.mean) * (v - m.mean);
    m.error = std::sqrt(squares / (n - 1) / n);
    return m;
}

void Summary::add(const EvaluatedMap& evaluated, const std::vector<const NumberKind*>& of) {
    measures.resize(of.size());
    for (std::size_t k = 0; k < of.size(); ++k) {
        const std::optional<Measured> n = of[k]->get(evaluated.map);
        if (!n) continue;
        measures[k].value.push_back(n->value);
        if (n->random) measures[k].random.push_back(*n->random);
        if (n->random_deviation) measures[k].random_deviation.push_back(*n->random_deviation);
    }
    spearman.resize(evaluated.randomized.size());
    kendall.resize(evaluated.randomized.size());
    for (std::size_t d = 0; d < evaluated.randomized.size(); ++d) {
        const Correlation& c = evaluated.randomized[d];
        if (c.spearman) spearman[d].push_back(*c.spearman);
        if (c.kendall) kendall[d].push_back(*c.kendall);
    }
}

std::vector<Summary> summaries(const Evaluation& evaluation, const std::vector<const NumberKind*>& measures) {
    std::vector<Summary> all;
    for (const EvaluatedRequest& request : evaluation.requests) {
        for (const EvaluatedMap& evaluated : request.maps) {
            auto same = std::find_if(all.begin(), all.end(),
                                     [&](const Summary& s) { return s.method == evaluated.map.method; });
            if (same == all.end()) same = all.insert(all.end(), {.method = evaluated.map.method});
            same->add(evaluated, measures);
        }
    }
    return all;
}

Summary random_summary(const Evaluation& evaluation, const std::vector<const NumberKind*>& measures) {
    Summary random{.method = "random"};
    for (const EvaluatedRequest& request : evaluation.requests) {
        // The first map that has all numbers; they are the same beside each.
        const auto has_tau = [](const EvaluatedMap& m) {
            return m.map.faithfulness->kendall_tau.has_value();
        };
        const auto found = std::find_if(request.maps.begin(), request.maps.end(), has_tau);
        random.add(found == request.maps.end() ? request.maps.front() : *found, measures);
    }
    return random;
}

}  // namespace llmx::cli

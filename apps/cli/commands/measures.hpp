#pragma once
// The numbers of `llmx evaluate`, by the names of their JSON keys.

#include <optional>
#include <string>
#include <vector>

#include "commands/evaluation.hpp"

namespace llmx::cli {

/// A number of one map, and of random rankings in its place.
struct Measured {
    double value = 0;
    std::optional<double> random = {}, random_deviation = {};
};

struct NumberKind {
    const char* key;
    const char* heading;
    bool always;  ///< measured of every map; else where it was asked for
    bool beside_random;
    bool has_deviation;  ///< of the random rankings
    std::optional<Measured> (*get)(const ScoredMap& map);
};

/// Those that are always there, and those that some map has.
std::vector<const NumberKind*> measures_of(const Evaluation& evaluation);

/// Of values over requests.
struct Mean {
    double mean = 0;
    std::optional<double> error = {};  ///< standard error; of two values or more
    int count = 0;
};
Mean mean_of(const std::vector<double>& values);

/// One method's numbers over all requests that have it.
struct Summary {
    struct Values {
        std::vector<double> value = {}, random = {}, random_deviation = {};
    };
    std::string method;
    std::vector<Values> measures = {};                             ///< one for each of `measures_of`
    std::vector<std::vector<double>> spearman = {}, kendall = {};  ///< of each depth

    void add(const EvaluatedMap& evaluated, const std::vector<const NumberKind*>& of);
};
std::vector<Summary> summaries(const Evaluation& evaluation, const std::vector<const NumberKind*>& measures);

/// Rankings are random in the same way for all methods: the numbers of one method of every request.
Summary random_summary(const Evaluation& evaluation, const std::vector<const NumberKind*>& measures);

}  // namespace llmx::cli

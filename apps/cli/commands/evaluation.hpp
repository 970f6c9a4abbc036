#pragma once
// What `llmx evaluate` finds, and the forms it is shown in: a table, JSON, CSV.

#include <llmx/methods.hpp>
#include <llmx/result.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace llmx::cli {

/// How far down from the top a model's weights are re-drawn: "top" (one block), "half", "all", or a number of
/// blocks.
struct Depth {
    std::string text;

    /// Of a model with this number of blocks.
    [[nodiscard]] int blocks(int of_model) const;
};
/// Throws Error{usage}.
Depth parse_depth(const std::string& text);

/// A method's map, its scores summed over targets.
struct ScoredMap {
    std::string method;  ///< as the command line spells it
    std::vector<double> scores;
    std::optional<Faithfulness> faithfulness = {};
    std::optional<Plausibility> plausibility = {};
};
/// The maps of a result, in the order of the methods; a method without one (attention, where the model has no
/// such modules) is left out.
std::vector<ScoredMap> maps_of(const Explanation& result, const std::vector<Method>& methods);

/// With the map of the model whose weights are re-drawn.
struct Correlation {
    std::optional<double> spearman, kendall;
};
struct EvaluatedMap {
    ScoredMap map;
    std::vector<Correlation> randomized = {};  ///< one a depth, or none
};
struct EvaluatedRequest {
    int line = 0;                    ///< of --requests; 0: given by flags
    nlohmann::ordered_json id = {};  ///< the line's "id"; null: none
    int blocks = 0;
    nlohmann::ordered_json result = {};  ///< of `llmx explain`
    std::vector<EvaluatedMap> maps = {};
};

/// A line of --requests that could not be evaluated.
struct FailedRequest {
    int line = 0;
    nlohmann::ordered_json id = {};
    std::string message = {};
};

struct Evaluation {
    std::vector<Depth> depths;
    std::vector<EvaluatedRequest> requests = {};
    std::vector<FailedRequest> failed = {};
};

/// Means over requests, at least one, random rankings in the last row; then the rank correlations of
/// --randomization.
void print_evaluation(std::ostream& out, const Evaluation& evaluation, bool color);

nlohmann::ordered_json evaluation_json(const Evaluation& evaluation);

/// A row for every request and method; RFC 4180.
std::string evaluation_csv(const Evaluation& evaluation);

}  // namespace llmx::cli

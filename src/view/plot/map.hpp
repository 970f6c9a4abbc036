#pragma once

#include <llmx/result.hpp>
#include <optional>
#include <string>
#include <vector>

namespace llmx::view {

/// Scores of one method of a result in one form, whichever part of it they stand in.
struct ScoreMap {
    std::string method, objective;
    std::vector<std::string> units, targets;
    std::vector<bool> in_prompt;  ///< of each unit; earlier answer tokens are sources too, where asked for
    std::vector<std::vector<double>> scores;  ///< [targets][units]
    std::optional<Faithfulness> faithfulness;
};

/// The names that `find_map` takes, in order of the result.
std::vector<std::string> map_names(const Explanation& result);

/// Of the method with this name ("gradient": the saliency map, "attention": the mean of all heads); without a
/// name the first there is. Throws Error{usage} that names the nearest one, Error{input} where there is none.
ScoreMap find_map(const Explanation& result, const std::string& name);

}  // namespace llmx::view

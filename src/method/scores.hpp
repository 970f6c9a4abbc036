#pragma once
// What a further method finds: a number for every target and source.

#include <llmx/result.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "objective/readout.hpp"

namespace llmx::method {

struct Scores {
    /// [targets, source rows] of methods that see tokens (fixed ones are 0), [targets, units] of those that
    /// see units.
    Tensor scores;
    Tensor standard_errors = {};  ///< of the same shape, of methods that draw samples; or empty
    Tensor interactions = {};     ///< Attribution::interactions
    std::vector<Completeness> completeness =
        {};  ///< one a target, of methods whose scores sum to a difference
    std::map<std::string, std::string> notes =
        {};                            ///< for Attribution::options: what the method chose itself
    std::optional<double> noise = {};  ///< Attribution::noise
    std::vector<std::string> warnings = {};
    // Of methods that choose their targets themselves:
    std::vector<int> chosen =
        {};  ///< the answer tokens that the rows of `scores` are about; empty: the scene's
    std::vector<double> context_sensitivity = {};            ///< of every answer token
    std::vector<std::vector<int>> cues = {};                 ///< Attribution::cues
    std::shared_ptr<const objective::Readout> readout = {};  ///< what they explain, of the first text
    std::string objective = {};                              ///< what they explain, in words
    std::optional<bool> is_signed = {};  ///< where an option decides it, not the definition
};

/// The mean of what one method finds several times. Its standard errors are the means of theirs, an upper
/// bound whatever the draws have in common; notes that differ are joined.
Scores mean(std::vector<Scores> all);

}  // namespace llmx::method

#pragma once
// The methods that score units: from a request to entries of Explanation::attributions.

#include "explain/subject.hpp"
#include "explain/targets.hpp"
#include "method/absence.hpp"
#include "method/bound_method.hpp"

namespace llmx {

/// Has the replay keep what the methods will read of it.
void expect_reads(const std::vector<method::BoundMethod>& methods, const Request& request,
                  const Subject& subject, replay::Replay& replay);

/// For AttributionContext::tick: counts evaluations and tells the caller's progress.
std::function<void(double)> ticker(const Progress& progress, std::string stage, double planned);

/// What is explained: the texts, the units, the numbers.
class AttributionRun {
public:
    /// `subject`: of the text that is explained, and `replay` its pass; `tokens`: that text's, none for an
    /// encoder. `session` must hold every text of the request. Throws Error{usage} or Error{input} for
    /// targets and units that cannot be.
    AttributionRun(const Request& request, const Model& model, const Subject& subject, const Tokens& tokens,
                   engine::Session& session, std::shared_ptr<tape::Arena> arena,
                   std::shared_ptr<replay::Replay> replay);

    /// Runs the methods one after another; `done` is told each one's entry.
    void run(std::span<const method::BoundMethod> methods, std::vector<std::string>& warnings,
             const std::function<void(Attribution&&)>& done);

    [[nodiscard]] const method::AttributionContext& scene() const { return scene_; }
    [[nodiscard]] method::AttributionContext& scene() { return scene_; }
    [[nodiscard]] const Targets& targets() const { return targets_; }
    /// Whether each unit is part of Request::rationale; empty without one.
    [[nodiscard]] const std::vector<bool>& in_rationale() const { return in_rationale_; }
    /// What the scores of an entry that `done` was told explain where a method has chosen that itself; else
    /// nothing.
    [[nodiscard]] std::shared_ptr<const objective::Readout> own_readout(std::size_t entry) const {
        return own_readouts_[entry];
    }

private:
    [[nodiscard]] Targets find_targets(const Subject& subject, const Tokens& tokens);
    void find_units(const Subject& subject);
    [[nodiscard]] Tensor context_free();
    void choose(const method::Scores& scores, Attribution& found) const;
    [[nodiscard]] method::Scores scores_of(std::span<const method::BoundMethod> methods, std::size_t i);
    [[nodiscard]] method::Scores row_scores(std::span<const method::BoundMethod> methods, std::size_t i);
    [[nodiscard]] Attribution entry(const method::BoundMethod& method, method::Scores scores,
                                    std::vector<std::string>& warnings) const;

    const Request& request_;
    const Model& model_;
    std::vector<bool> in_rationale_;
    method::Replacements replacements_;
    method::AttributionContext scene_;
    Targets targets_;
    std::vector<std::shared_ptr<const objective::Readout>> own_readouts_;  ///< one an entry
    std::map<std::size_t, method::Scores> ready_;  ///< of methods that one gradient has served, by number
};

}  // namespace llmx

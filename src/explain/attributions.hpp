#pragma once
// The further methods: from a request to entries of Explanation::attributions.

#include "explain/subject.hpp"
#include "explain/targets.hpp"
#include "method/definition.hpp"

namespace llmx {

/// A method that gives an Attribution, and its options.
struct Attributor {
    const method::Definition* definition = nullptr;
    method::Options options;
};

/// Of the methods, those that are not the original's two. Throws Error{usage} for what is not known.
std::vector<Attributor> attributors_of(const std::vector<Method>& methods);

/// For Scene::tick: counts evaluations and tells the caller's progress.
std::function<void(double)> ticker(const Progress& progress, std::string stage, double planned);

/// What is explained: the texts, the units, the numbers.
class Explained {
public:
    /// `subject`: of the text that is explained; `tokens`: that text's, none for an encoder. `session` must
    /// hold every text of the request. Throws Error{usage} or Error{input} for targets and units that cannot
    /// be.
    Explained(const Request& request, const Model& model, const Subject& subject, const Tokens& tokens,
              engine::Session& session, std::shared_ptr<tape::Arena> arena);

    [[nodiscard]] Attribution run(const Attributor& attributor, std::vector<std::string>& warnings);

    [[nodiscard]] const method::Scene& scene() const { return scene_; }
    /// Targets::mean_logprob
    [[nodiscard]] std::shared_ptr<const objective::Readout> mean_logprob() const {
        return targets_.mean_logprob;
    }

private:
    [[nodiscard]] Targets find_targets(const Subject& subject, const Tokens& tokens);
    void find_units(const Subject& subject);
    [[nodiscard]] Tensor context_free();
    void choose(const method::Scores& scores, Attribution& found) const;
    [[nodiscard]] method::Scores scores_of(const Attributor& attributor);

    const Request& request_;
    const Model& model_;
    std::vector<Unit> units_;
    method::Scene scene_;
    Targets targets_;
};

}  // namespace llmx

#pragma once
// A method, as its file in methods/ states it.

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "method/context.hpp"
#include "method/function.hpp"
#include "method/game.hpp"
#include "method/options.hpp"
#include "method/reader.hpp"
#include "method/scores.hpp"

namespace llmx::method {

/// The size of a request, for planning.
struct Extent {
    std::size_t sources = 0;  ///< rows
    std::size_t units = 0;
    std::size_t targets = 0;
};

struct Definition {
    std::string_view name;
    std::string_view help;         ///< one line: what it measures
    std::string_view source = {};  ///< the paper, or where the formula is
    bool is_signed = false;
    std::vector<Option> options = {};
    /// Runs of the model that it will take (values of a Function or Game, gradients count once a call).
    double (*evaluations)(const Extent& extent, const Options& options) = nullptr;
    /// What it reads of the first text's own pass, where that is known before it runs.
    std::vector<replay::RequiredValue> (*reads)(const replay::Replay& replay) = nullptr;
    // One of these, by what the method sees:
    /// The score of one row, from its vector and from its gradient at the text itself.
    double (*score_row)(std::span<const float> row, std::span<const float> gradient,
                        const Options& options) = nullptr;
    Scores (*differentiate)(Function& function, const Options& options) = nullptr;
    Scores (*perturb)(Game& game, const Options& options) = nullptr;
    Scores (*look)(AttributionContext& scene, const Options& options) = nullptr;  ///< attention
    std::unique_ptr<Reader> (*read)(const OriginalScene& scene) = nullptr;        ///< the original toolbox's

    bool slow = false;  ///< MethodFacts::slow
    /// Of `look`: it reads one text, so none of a contrast.
    bool one_text = false;
    /// Of `look`: it shows what the targets' rows attend to, whatever is measured of them.
    bool any_measure = false;
    /// It takes the context away (UnitChoice::context), so it wants one, and a model that writes.
    bool of_context = false;
    /// It draws baselines (Function::drawn): from Request::reference_texts where there are any.
    bool takes_references = false;
    /// Of `read`: it explains the objective, so the label's text where the objective is `teacher`.
    bool of_objective = false;
};

/// The options of every perturbation method, which choose its game (`baseline`, `baseline_token`), and then
/// its own.
std::vector<Option> game_options(std::vector<Option> own);
/// The option of every gradient method, which chooses its function (`layer`), and then its own.
std::vector<Option> function_options(std::vector<Option> own);

#define LLMX_METHOD(name, file) const Definition& name();
#include "method/methods.def"
#undef LLMX_METHOD

const std::vector<const Definition*>& definitions();
/// Throws Error{usage} for an unknown name.
const Definition& definition(std::string_view name);

}  // namespace llmx::method

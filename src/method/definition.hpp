#pragma once
// A method, as its file in methods/ states it.

#include <string_view>
#include <vector>

#include "method/function.hpp"
#include "method/game.hpp"
#include "method/options.hpp"
#include "method/scene.hpp"
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
    // One of these, by what the method sees:
    Scores (*differentiate)(Function& function, const Options& options) = nullptr;
    Scores (*perturb)(Game& game, const Options& options) = nullptr;
    Scores (*look)(Scene& scene, const Options& options) = nullptr;  ///< attention
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

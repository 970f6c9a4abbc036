// Occlusion: what the answer loses when a window of neighbouring units is taken away (Zeiler and Fergus 2014;
// definitions 4). Windows begin at units 0, stride, 2 stride ... until the last unit is in one; the last
// window may be cut. A unit's score is the mean of v(all) - v(all minus window) over the windows that hold
// it, as in Captum's Occlusion.

#include <fmt/format.h>

#include <algorithm>
#include <llmx/error.hpp>

#include "method/definition.hpp"
#include "method/game/coalitions.hpp"

namespace llmx::method {

namespace {

struct Window {
    std::size_t first, last;
};

std::vector<Window> windows(std::size_t units, const Options& options) {
    const auto width = static_cast<std::size_t>(options.integer("window"));
    const auto stride = static_cast<std::size_t>(options.integer("stride"));
    if (stride > width) {
        throw Error(ErrorCode::usage,
                    fmt::format("occlusion: `stride`: got {} for windows of {} units; expected at most that, "
                                "as units between windows would have no score",
                                stride, width));
    }
    std::vector<Window> found;
    for (std::size_t first = 0; first < units; first += stride) {
        found.push_back({first, std::min(first + width, units)});
        if (found.back().last == units) break;
    }
    return found;
}

Scores run(Game& game, const Options& options) {
    const auto hidden = windows(game.units(), options);
    std::vector<Coalition> coalitions(hidden.size() + 1, Coalition(game.units(), 1));
    for (std::size_t w = 0; w < hidden.size(); ++w)
        std::fill(coalitions[w + 1].begin() + hidden[w].first, coalitions[w + 1].begin() + hidden[w].last, 0);
    const Eigen::MatrixXd values = values_of(game, coalitions);

    Eigen::MatrixXd sums = Eigen::MatrixXd::Zero(game.targets(), game.units());
    Eigen::RowVectorXd counts = Eigen::RowVectorXd::Zero(game.units());
    for (std::size_t w = 0; w < hidden.size(); ++w) {
        for (std::size_t u = hidden[w].first; u < hidden[w].last; ++u) {
            sums.col(u) += (values.row(0) - values.row(w + 1)).transpose();
            counts[u] += 1;
        }
    }
    return {as_tensor(sums.array().rowwise() / counts.array())};
}

}  // namespace

const Definition& occlusion() {
    static const Definition definition{
        .name = "occlusion",
        .help =
            "what the answer loses when a window of units is taken away, mean over the windows that hold a "
            "unit",
        .source = "Zeiler and Fergus 2014: Visualizing and understanding convolutional networks",
        .is_signed = true,
        .options = game_options({{.name = "window",
                                  .kind = Option::Kind::integer,
                                  .default_value = "3",
                                  .help = "units of a window",
                                  .low = 1},
                                 {.name = "stride",
                                  .kind = Option::Kind::integer,
                                  .default_value = "1",
                                  .help = "units from one window's begin to the next one's",
                                  .low = 1}}),
        .evaluations =
            [](const Extent& extent, const Options& options) {
                return 1.0 + static_cast<double>(windows(extent.units, options).size());
            },
        .perturb = run};
    return definition;
}

}  // namespace llmx::method

// Value zeroing (Mohebbi et al. 2023; definitions 2): how far each block's output turns when one token's
// value is taken out of the block, rolled out through all blocks.

#include <fmt/format.h>

#include <algorithm>
#include <llmx/error.hpp>
#include <numeric>

#include "method/attention/zeroing.hpp"
#include "method/definition.hpp"

namespace llmx::method {

namespace {

/// Blocks of the text by number, or all.
std::vector<bool> wanted_blocks(const Zeroing& zeroing, int layer) {
    std::vector<bool> wanted;
    for (const ZeroingBlock& block : zeroing.blocks())
        wanted.push_back(layer < 0 || (block.of_text && block.block == layer));
    if (std::find(wanted.begin(), wanted.end(), true) == wanted.end())
        throw Error(ErrorCode::usage, fmt::format("`layer`: got {}; that block has no attention", layer));
    return wanted;
}

/// Rows to a sum of 1; one that nothing moves stays 0.
void normalise(Tensor& map) {
    for (std::size_t r = 0; r < static_cast<std::size_t>(map.shape[0]); ++r) {
        const auto row = map.row(r);
        const double sum = std::accumulate(row.begin(), row.end(), 0.0);
        if (sum == 0) continue;
        for (float& c : row) c = static_cast<float>(c / sum);
    }
}

/// In a text that is written no row looks at later ones.
int last_row_of(const AttentionLayers& look, const Tensor& top) {
    const engine::SubPass& last = look.graph().passes.back();
    int row = last.encodes ? static_cast<int>(look.rows()) - 1 : 0;
    for (std::size_t t = 0; t < static_cast<std::size_t>(top.shape[0]); ++t) {
        for (int r = row; r < static_cast<int>(look.rows()); ++r)
            if (top.row(t)[static_cast<std::size_t>(r)] != 0) row = r;
    }
    return row;
}

Scores run(AttributionContext& scene, const Options& options) {
    AttentionLayers look(scene, "value_zeroing");
    Zeroing zeroing(look);
    const std::vector<bool> wanted = wanted_blocks(zeroing, options.integer("layer"));
    const Tensor top = look.target_rows();
    std::vector<Tensor> maps = zeroing.run(wanted, last_row_of(look, top), scene.sources);
    std::vector<Mix> mixes;
    for (std::size_t b = 0; b < maps.size(); ++b)
        if (wanted[b]) mixes.push_back(zeroing.blocks()[b].mix);
    Rollout rollout(mixes, top);
    std::size_t mix = mixes.size();
    for (std::size_t b = maps.size(); b-- > 0;) {
        if (!wanted[b]) continue;
        --mix;
        normalise(maps[b]);
        for (int row = mixes[mix].first; row < mixes[mix].last; ++row)
            rollout.take(mix, row, maps[b].row(static_cast<std::size_t>(row - mixes[mix].first)));
    }
    return look.scores(rollout.finish());
}

}  // namespace

const Definition& value_zeroing() {
    static const Definition definition{
        .name = "value_zeroing",
        .help = "how far a block's output turns when a token's value is zero, rolled out; one pass a token",
        .source = "Mohebbi et al. 2023: Quantifying context mixing in transformers",
        .is_signed = false,
        .options = {{.name = "layer",
                     .kind = Option::Kind::integer,
                     .default_value = "-1",
                     .help = "block, from 0, by itself; -1: the rollout through all",
                     .low = -1}},
        .evaluations = [](const Extent& extent,
                          const Options&) { return 1.0 + static_cast<double>(extent.sources); },
        .look = run,
        .one_text = true,
        .any_measure = true};
    return definition;
}

}  // namespace llmx::method

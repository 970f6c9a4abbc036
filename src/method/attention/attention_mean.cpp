#include "method/attention/attention_mean.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <llmx/error.hpp>
#include <set>

namespace llmx::method {

namespace {

/// A decoder's own attention and its cross attention fill different columns: each is averaged by itself.
double layers_like(const AttentionLayers& attention, const AttentionLayers::Layer& layer, int chosen) {
    return static_cast<double>(std::count_if(
        attention.layers().begin(), attention.layers().end(), [&](const AttentionLayers::Layer& other) {
            return other.kind == layer.kind && (chosen < 0 || other.block == chosen);
        }));
}

void require_layer(const AttentionLayers& attention, int layer) {
    std::set<int> blocks;
    for (const AttentionLayers::Layer& known : attention.layers()) {
        if (known.kind != replay::AttentionKind::encoder) blocks.insert(known.block);
    }
    if (layer < 0 || blocks.contains(layer)) return;
    throw Error(ErrorCode::usage, fmt::format("`layer`: got {}; the blocks with attention are {}", layer,
                                              fmt::join(blocks, ", ")));
}

/// The first row that counts for any target.
int first_row(const Tensor& of_targets) {
    for (std::int64_t row = 0; row < of_targets.shape[1]; ++row) {
        for (std::size_t t = 0; t < static_cast<std::size_t>(of_targets.shape[0]); ++t)
            if (of_targets.row(t)[static_cast<std::size_t>(row)] != 0.0F) return static_cast<int>(row);
    }
    return 0;
}

void require_head(std::int64_t heads, int block, int head) {
    if (head < heads) return;
    throw Error(ErrorCode::usage,
                fmt::format("`head`: got {}; block {} has heads 0 to {}", head, block, heads - 1));
}

}  // namespace

std::vector<Option> attention_mean_options() {
    return {{.name = "layer",
             .kind = Option::Kind::integer,
             .default_value = "-1",
             .help = "block, from 0; -1: the mean over all",
             .low = -1},
            {.name = "head",
             .kind = Option::Kind::integer,
             .default_value = "-1",
             .help = "head of each block, from 0; -1: the mean over all",
             .low = -1}};
}

Scores attention_mean(AttentionLayers& attention, const Options& options, const KeyFactors* factors) {
    const int layer = options.integer("layer");
    const int head = options.integer("head");
    require_layer(attention, layer);
    const Tensor top = attention.target_rows();
    const auto targets = static_cast<std::size_t>(top.shape[0]);
    const auto rows = static_cast<std::size_t>(attention.rows());
    std::vector<double> sums(targets * rows);
    const auto add = [&](const tape::Tape& tape, std::size_t p) {
        const AttentionLayers::Part& part = attention.parts()[p];
        const AttentionLayers::Layer& of = attention.layers()[static_cast<std::size_t>(part.layer)];
        if (of.kind == replay::AttentionKind::encoder || (layer >= 0 && of.block != layer)) return;
        const std::int64_t heads = attention.reader().heads(part.site);
        require_head(heads, of.block, head);
        const double share =
            1.0 / layers_like(attention, of, layer) / (head < 0 ? static_cast<double>(heads) : 1);
        const Tensor by_head = factors != nullptr ? factors->of(tape, p) : Tensor{};
        const auto take = [&](std::int64_t h, int row, std::span<const float> weights) {
            if (head >= 0 && h != head) return;
            const float* by_key = by_head.empty() ? nullptr : by_head.row(static_cast<std::size_t>(h)).data();
            for (std::size_t t = 0; t < targets; ++t) {
                const double counts = share * top.row(t)[static_cast<std::size_t>(row)];
                if (counts == 0) continue;
                for (std::size_t k = 0; k < rows; ++k)
                    sums[t * rows + k] += counts * weights[k] * (by_key != nullptr ? by_key[k] : 1.0F);
            }
        };
        attention.reader().read(tape, part.site, take, first_row(top));
    };
    if (factors != nullptr)
        attention.visit(factors->at, factors->needs, add);
    else
        attention.visit(add);
    Tensor found = Tensor::zero(top.shape);
    std::transform(sums.begin(), sums.end(), found.values.begin(),
                   [](double sum) { return static_cast<float>(sum); });
    return attention.scores(found);
}

}  // namespace llmx::method

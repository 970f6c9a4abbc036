// Attention weighted by the size of what it moves (Kobayashi et al. 2020; definitions 2): each weight times
// the norm of its key's value as the block's output projection transforms it.

#include <cmath>
#include <llmx/error.hpp>

#include "gemm/gemm.hpp"
#include "method/attention/attention_mean.hpp"
#include "method/attention/value_way.hpp"

namespace llmx::method {

namespace {

/// The values that an attention's weights move, read at their product.
replay::RequiredValue moved_values(const replay::Replay& replay, const ValueWay& way) {
    const engine::Graph& graph = replay.graph();
    const int values = graph.at(graph.nodes[static_cast<std::size_t>(way.product)]).sources[0];
    return {way.product, replay.lineage().read_by(values, way.product)};
}

class ValueNorm {
public:
    explicit ValueNorm(AttentionLayers& look) : look_(look), graph_(look.replay().graph()) {
        for (const AttentionLayers::Part& part : look.parts()) {
            const ValueWay way = find_value_way(graph_, part.site);
            factors_.at.push_back(way.product);
            factors_.needs.push_back(moved_values(look.replay(), way));
            ways_.push_back(way);
        }
        factors_.of = [this](const tape::Tape& tape, std::size_t part) { return norms(tape, part); };
    }
    [[nodiscard]] const KeyFactors& factors() const { return factors_; }

private:
    [[nodiscard]] const engine::TensorInfo& node(int order) const {
        return graph_.at(graph_.nodes[static_cast<std::size_t>(order)]);
    }
    /// W_O with its scale, [embedding, heads * size].
    [[nodiscard]] std::vector<float> projection(const ValueWay& way) const {
        const engine::TensorInfo& matrix = graph_.at(way.projection);
        const std::int64_t rows = matrix.shape[2];
        const std::int64_t columns = matrix.shape[3];
        std::vector<float> weights(static_cast<std::size_t>(rows * columns));
        engine::dequantize_rows(matrix, 0, rows, weights.data());
        if (way.scale < 0) return weights;
        const engine::TensorInfo& scale = graph_.at(way.scale);
        std::vector<float> factors(static_cast<std::size_t>(scale.shape[3]));
        engine::dequantize_rows(scale, 0, 1, factors.data());
        for (std::int64_t i = 0; i < rows * columns; ++i)
            weights[static_cast<std::size_t>(i)] *=
                factors[static_cast<std::size_t>(i / columns % scale.shape[3])];
        return weights;
    }

    /// |v_k W_O| for every head and row, [heads, rows].
    [[nodiscard]] Tensor norms(const tape::Tape& tape, std::size_t p) const {
        const AttentionLayers::Part& part = look_.parts()[p];
        const engine::TensorInfo& product = node(ways_[p].product);
        const TensorView<const float> values =
            tape.read_by(product.sources[0], product.order);  // [groups, size, columns]
        const std::vector<int> row_of = look_.reader().rows_of_columns(tape, part.site);
        const std::int64_t heads = product.shape[1];
        const std::int64_t size = product.shape[3];
        const std::int64_t columns = values.columns();
        const std::int64_t width = graph_.at(ways_[p].projection).shape[2];
        const std::vector<float> weights = projection(ways_[p]);
        std::vector<float> of_head(static_cast<std::size_t>(columns * size));
        std::vector<float> moved(static_cast<std::size_t>(columns * width));
        Tensor norms = Tensor::zero({heads, look_.rows()});
        for (std::int64_t h = 0; h < heads; ++h) {
            for (std::int64_t c = 0; c < columns; ++c) {
                for (std::int64_t d = 0; d < size; ++d)
                    of_head[static_cast<std::size_t>(c * size + d)] =
                        values.at(0, h * values.shape[1] / heads, d, c);
            }
            gemm::multiply(columns, width, size, {of_head.data(), size},
                           {weights.data() + h * size, heads * size, true}, 0.0F, moved.data(), width,
                           look_.scene().threads);
            for (std::int64_t c = 0; c < columns; ++c) {
                const int row = row_of[static_cast<std::size_t>(c)];
                if (row < 0) continue;
                double sum = 0;
                for (std::int64_t d = 0; d < width; ++d) {
                    const double x = moved[static_cast<std::size_t>(c * width + d)];
                    sum += x * x;
                }
                norms.row(static_cast<std::size_t>(h))[static_cast<std::size_t>(row)] =
                    static_cast<float>(std::sqrt(sum));
            }
        }
        return norms;
    }

    AttentionLayers& look_;
    const engine::Graph& graph_;
    std::vector<ValueWay> ways_;
    KeyFactors factors_;
};

/// What `run` reads; nothing of a model that it refuses.
std::vector<replay::RequiredValue> reads(const replay::Replay& replay) {
    const replay::AttentionReader reader(replay);
    std::vector<replay::RequiredValue> needs;
    for (const replay::AttentionSite& site : reader.sites()) {
        try {
            const ValueWay way = find_value_way(replay.graph(), site);
            const std::size_t before = needs.size();
            reader.add_needs(site, needs);
            for (std::size_t i = before; i < needs.size(); ++i) needs[i].node = way.product;
            needs.push_back(moved_values(replay, way));
        } catch (const Error&) {
            return {};
        }
    }
    return needs;
}

Scores run(AttributionContext& scene, const Options& options) {
    AttentionLayers look(scene, "value_norm");
    const ValueNorm norm(look);
    return attention_mean(look, options, &norm.factors());
}

}  // namespace

const Definition& value_norm() {
    static const Definition definition{
        .name = "value_norm",
        .help = "attention times the norm of the value that it moves",
        .source =
            "Kobayashi et al. 2020: Attention is not only a weight: analyzing transformers with vector norms",
        .is_signed = false,
        .options = attention_mean_options(),
        .evaluations = [](const Extent&, const Options&) { return 1.0; },
        .reads = reads,
        .look = run,
        .one_text = true,
        .any_measure = true};
    return definition;
}

}  // namespace llmx::method

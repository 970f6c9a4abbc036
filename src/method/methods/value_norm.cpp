// Attention weighted by the size of what it moves (Kobayashi et al. 2020; definitions 2): each weight times
// the norm of its key's value as the block's output projection transforms it.

#include <fmt/format.h>

#include <cmath>
#include <llmx/error.hpp>

#include "gemm/gemm.hpp"
#include "method/attention/attention_mean.hpp"

namespace llmx::method {

namespace {

/// One part's way from values to the residual stream.
struct Way {
    int product = -1;     ///< node: values (source 0) times softmax (source 1)
    int projection = -1;  ///< tensor: W_O, [embedding, heads * size]
};

class ValueNorm {
public:
    explicit ValueNorm(AttentionLayers& look) : look_(look), graph_(look.replay().graph()) {
        for (const AttentionLayers::Part& part : look.parts()) {
            const Way way = find(part.site);
            const int values = node(way.product).sources[0];
            factors_.at.push_back(way.product);
            factors_.needs.push_back({way.product, look.replay().lineage().read_by(values, way.product)});
            ways_.push_back(way);
        }
        factors_.of = [this](const tape::Tape& tape, std::size_t part) { return norms(tape, part); };
    }
    [[nodiscard]] const KeyFactors& factors() const { return factors_; }

private:
    [[nodiscard]] const engine::TensorInfo& node(int order) const {
        return graph_.at(graph_.nodes[static_cast<std::size_t>(order)]);
    }
    [[nodiscard]] bool is_weight(int tensor) const {
        return graph_.at(graph_.at(tensor).root).role == engine::TensorRole::weight;
    }

    [[noreturn]] static void refuse(const replay::AttentionSite& site, const std::string& why) {
        throw Error(
            ErrorCode::unsupported,
            fmt::format("value_norm: block {}: {}; expected values, softmax and output projection one "
                        "after another; attention_weights works",
                        site.block, why));
    }

    /// The one node that reads a tensor.
    const engine::TensorInfo& reader_of(int tensor, const replay::AttentionSite& site) const {
        const engine::TensorInfo* found = nullptr;
        const engine::TensorInfo& read = graph_.at(tensor);
        for (int order = read.order + 1; order < graph_.pass_of(read.order).last_node; ++order) {
            const auto& sources = node(order).sources;
            if (std::find(sources.begin(), sources.end(), tensor) == sources.end()) continue;
            if (found != nullptr)
                refuse(site, fmt::format("{} is read by {} and by {}", describe(read), describe(*found),
                                         describe(node(order))));
            found = &node(order);
        }
        if (found == nullptr) refuse(site, fmt::format("nothing reads {}", describe(read)));
        return *found;
    }

    [[nodiscard]] Way find(const replay::AttentionSite& site) const {
        const engine::TensorInfo& softmax = node(site.softmax);
        const engine::TensorInfo& product = reader_of(softmax.id, site);
        if (product.op != "MUL_MAT" || product.sources[1] != softmax.id)
            refuse(site, fmt::format("the softmax goes into {}", describe(product)));
        const engine::TensorInfo* at = &reader_of(product.id, site);
        while (engine::is_window(*at) || at->op == "CONT") at = &reader_of(at->id, site);
        if (at->op != "MUL_MAT" || !is_weight(at->sources[0]))
            refuse(site, fmt::format("{} lies between the values and the output projection", describe(*at)));
        const engine::TensorInfo& projection = graph_.at(at->sources[0]);
        if (projection.shape[3] != product.shape[1] * product.shape[3] || !projection.is_root() ||
            projection.shape[0] * projection.shape[1] != 1)
            refuse(site, fmt::format("the output projection is {}, for {} heads of {}", describe(projection),
                                     product.shape[1], product.shape[3]));
        const engine::TensorInfo& next = reader_of(at->id, site);
        if (next.op == "MUL" && is_weight(next.sources[1]))
            refuse(site, fmt::format("{} scales the output projection", describe(next)));
        return {product.order, projection.id};
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
        const engine::TensorInfo& projection = graph_.at(ways_[p].projection);
        const std::int64_t width = projection.shape[2];
        std::vector<float> weights(static_cast<std::size_t>(width * heads * size));
        engine::dequantize_rows(projection, 0, width, weights.data());
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
    std::vector<Way> ways_;
    KeyFactors factors_;
};

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
        .look = run,
        .one_text = true};
    return definition;
}

}  // namespace llmx::method

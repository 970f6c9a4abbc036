// Attention times its gradient, carried through the layers: R <- R + A R of the self-attention form of Chefer
// et al. (ICCV 2021, equations 5 and 6; definitions 2), A the mean over heads of the positive parts. An
// encoder-decoder's cross attention is a layer of the same kind here, where the paper has rules of their own.

#include <algorithm>
#include <map>
#include <memory>

#include "method/attention/layers.hpp"
#include "method/definition.hpp"
#include "replay/gradient.hpp"

namespace llmx::method {

namespace {

/// Per layer the mean over heads of max(0, dA * A), for each target by its own reverse pass. That pass comes
/// to the layers in the order in which a rollout takes them. `normalised`: rows of A + I are scaled to a sum
/// of 1.
class Relevance {
public:
    Relevance(AttentionLayers& look, const replay::Gradient& gradient, bool normalised)
        : look_(look), gradient_(gradient), normalised_(normalised) {
        const engine::Graph& graph = look.replay().graph();
        for (std::size_t p = 0; p < look.parts().size(); ++p)
            part_of_[graph.nodes[static_cast<std::size_t>(look.parts()[p].site.softmax)]] = p;
        const Tensor top = look.target_rows();
        for (std::int64_t t = 0; t < top.shape[0]; ++t) {
            const auto row = top.row(static_cast<std::size_t>(t));
            rollouts_.push_back(
                std::make_unique<Rollout>(look.mixes(), Tensor{{1, top.shape[1]}, {row.begin(), row.end()}}));
        }
    }

    Tensor run() {
        const AttributionContext& scene = look_.scene();
        const auto seed = [&](std::size_t target, const Tensor& results) {
            return scene.readout->seed(target, 0, results);
        };
        const replay::Gradient::Watch watch = [this](std::size_t target, const tape::Tape& tape, int tensor,
                                                     const TensorView<const float>& gradient) {
            take(target, tape, part_of_.at(tensor), gradient);
        };
        vjp::Weights weights(scene.memory_budget, scene.matmul_precision == MatmulPrecision::bfloat16);
        if (rollouts_.size() == 1) {
            gradient_.whole(
                look_.replay(), [&](const Tensor& results) { return seed(0, results); }, weights,
                scene.threads, watch);
        } else {
            gradient_.per_seed(
                look_.replay(), rollouts_.size(), seed, weights, scene.threads,
                [](std::size_t, const TensorView<const float>&) {},
                [&](double) { return scene.tick(0), true; }, watch);
        }
        scene.tick(1);
        Tensor found = Tensor::zero({static_cast<std::int64_t>(rollouts_.size()), look_.rows()});
        for (std::size_t t = 0; t < rollouts_.size(); ++t) {
            const Tensor row = rollouts_[t]->finish();
            std::copy(row.values.begin(), row.values.end(), found.row(t).begin());
        }
        return found;
    }

private:
    void take(std::size_t target, const tape::Tape& tape, std::size_t p,
              const TensorView<const float>& gradient) {
        const AttentionLayers::Part& part = look_.parts()[p];
        const TensorView<const float> softmax = tape.written_by(part.site.softmax);
        Tensor product = Tensor::zero({gradient.elements()});
        float* to = product.values.data();
        for (std::int64_t r = 0; r < gradient.rows(); ++r) {
            const float* a = softmax.row(r);
            const float* da = gradient.row(r);
            for (std::int64_t c = 0; c < gradient.columns(); ++c) *to++ = std::max(0.0F, a[c] * da[c]);
        }
        Tensor mean =
            look_.mean_of_heads(tape, part, dense_view<const float>(product.values.data(), gradient.shape));
        for (int row = part.first; row < part.last; ++row) {
            const auto weights = mean.row(static_cast<std::size_t>(row - part.first));
            if (normalised_) {
                add_residual(weights, row);
            } else {
                weights[static_cast<std::size_t>(row)] += 1.0F;
            }
            rollouts_[target]->take(p, row, weights);
        }
    }

    AttentionLayers& look_;
    const replay::Gradient& gradient_;
    bool normalised_;
    std::map<int, std::size_t> part_of_;  // by the softmax's tensor
    std::vector<std::unique_ptr<Rollout>> rollouts_;
};

/// Reverse passes that tell the gradient of every softmax.
replay::Gradient of_attention(const engine::Graph& graph, const replay::AttentionReader& reader) {
    std::vector<int> watched;
    watched.reserve(reader.sites().size());
    for (const replay::AttentionSite& site : reader.sites())
        watched.push_back(graph.nodes[static_cast<std::size_t>(site.softmax)]);
    return {graph, false, std::move(watched)};
}

std::vector<replay::RequiredValue> reads(const replay::Replay& replay) {
    const replay::AttentionReader reader(replay);
    std::vector<replay::RequiredValue> needs;
    for (const replay::AttentionSite& site : reader.sites()) needs.push_back(reader.matrix(site));
    const std::vector<replay::RequiredValue> of_gradient = of_attention(replay.graph(), reader).needs();
    needs.insert(needs.end(), of_gradient.begin(), of_gradient.end());
    return needs;
}

Scores run(AttributionContext& scene, const Options& options) {
    AttentionLayers look(scene, "attention_x_gradient");
    const engine::Graph& graph = look.replay().graph();
    const replay::Gradient gradient = of_attention(graph, look.reader());
    look.replay().plan(reads(look.replay()), scene.memory_budget);
    return look.scores(Relevance(look, gradient, options.choice("propagation") == "normalised").run());
}

}  // namespace

const Definition& attention_x_gradient() {
    static const Definition definition{
        .name = "attention_x_gradient",
        .help = "attention times its gradient, positive parts, carried through all layers",
        .source =
            "Chefer et al. 2021: Generic attention-model explainability for "
            "interpreting bi-modal and encoder-decoder transformers",
        .is_signed = false,
        .options = {{.name = "propagation",
                     .kind = Option::Kind::choice,
                     .default_value = "additive",
                     .help = "of attention times gradient A through a layer: additive (R + A R, as in the "
                             "paper) or normalised (rows of A + I scaled to a sum of 1, as in a rollout; not "
                             "the paper's)",
                     .words = {"additive", "normalised"}}},
        .evaluations = [](const Extent&, const Options&) { return 1.0; },
        .reads = reads,
        .look = run,
        .one_text = true};
    return definition;
}

}  // namespace llmx::method

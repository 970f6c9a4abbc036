// The original toolbox's gradient of the objective (definitions 1.3): one reverse pass.

#include "engine/pass/pass.hpp"
#include "method/definition.hpp"
#include "original/saliency.hpp"

namespace llmx::method {

namespace {

Tensor rows_between(const Tensor& matrix, int first, int last) {
    const std::int64_t columns = matrix.shape.back();
    return {{last - first, columns},
            {matrix.values.begin() + first * columns, matrix.values.begin() + last * columns}};
}

class OfObjective : public Reader {
public:
    explicit OfObjective(const OriginalScene& scene) : scene_(scene), gradient_(scene.replay.graph(), true) {}

    [[nodiscard]] std::vector<replay::RequiredValue> needs() const override { return gradient_.needs(); }

    void finish(Explanation& explanation) override {
        // One reverse pass uses each weight once: converted ones are not worth keeping.
        vjp::Weights weights(0, scene_.bfloat16);
        replay::Replay& replay = scene_.replay;
        const auto whole = gradient_.whole(replay, scene_.seed, weights, scene_.model.threads());
        const Tensor embeddings = engine::embedding_rows(replay.graph(), replay.ids());
        GradientResult result = original::gradient_result(whole, embeddings, replay.ids(), scene_.prompt);
        if (!replay.input().source.empty()) {
            const int rows = scene_.prompt + scene_.text;
            result.decoder_gradient = rows_between(whole.embedding, scene_.prompt, rows);
            result.decoder_input_embeddings = rows_between(embeddings, scene_.prompt, rows);
        }
        explanation.original.gradient = std::move(result);
        if (!gradient_.sites().residual.empty()) return;
        explanation.warnings.push_back(
            "block_gradient_x_input: this architecture's graph does not name one residual stream (l_out); "
            "left "
            "empty");
    }

private:
    OriginalScene scene_;
    replay::Gradient gradient_;
};

}  // namespace

const Definition& gradient() {
    static const Definition definition{.name = "gradient",
                                       .help = "the original toolbox's saliency map of the objective",
                                       .source = "docs/definitions.md, section 1.3",
                                       .is_signed = false,
                                       .read = [](const OriginalScene& scene) -> std::unique_ptr<Reader> {
                                           return std::make_unique<OfObjective>(scene);
                                       },
                                       .of_objective = true};
    return definition;
}

}  // namespace llmx::method

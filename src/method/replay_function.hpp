#pragma once
// A Function that is a model: the embeddings of the source rows in, or their residual stream after a block;
// the readout's targets out.

#include <optional>

#include "method/context.hpp"
#include "method/function.hpp"
#include "method/options.hpp"
#include "replay/gradient.hpp"

namespace llmx::method {

class ReplayFunction : public Function {
public:
    /// What gradients at the text itself read of its pass.
    [[nodiscard]] static std::vector<replay::RequiredValue> needs(const replay::Replay& replay, int layer,
                                                                  int sources);

    /// `layer`: the block after which the residual stream of the source rows is the point; that of the rows
    /// behind them (the answer) stays as the text gives it. -1: the embeddings. The scene must outlive the
    /// function. Throws Error{unsupported} for an operation without a rule, and what layer_nodes throws.
    explicit ReplayFunction(AttributionContext& scene, int layer = -1);

    [[nodiscard]] const Tensor& input() const override { return input_; }
    [[nodiscard]] const std::vector<bool>& fixed() const override { return scene_.fixed; }
    [[nodiscard]] std::size_t targets() const override { return scene_.readout->targets(); }
    [[nodiscard]] Tensor baseline(const std::string& kind, int token) override;
    [[nodiscard]] Tensor drawn(Random& random) override;
    void go_on() override { scene_.tick(0); }
    std::vector<double> values(const Tensor& x) override;
    /// At the input itself the scene's replays serve, which may have been recorded already.
    std::vector<double> gradients(const Tensor& x, const Each& each) override;
    /// One target: points run in replicas, each with a session and a share of the threads, as far as the
    /// memory budget goes: replicas never wait for each other, as threads do within every node of one pass.
    void gradients_at(std::size_t count, const std::function<Tensor(std::size_t)>& point,
                      const EachAt& each) override;

private:
    /// One of the scene's texts.
    struct Text {
        replay::Replay replay;  ///< to be fed points
        replay::Gradient gradient;
        Tensor embeddings;  ///< of all its rows, as they are
    };
    /// A further session that runs the first text.
    struct Lane {
        engine::Session session;
        std::unique_ptr<Text> text;
    };
    [[nodiscard]] std::unique_ptr<Text> text_of(replay::Replay replay, std::size_t budget) const;
    [[nodiscard]] std::size_t replicas_for(std::size_t points) const;
    void open(std::size_t replicas, int threads);
    /// Makes a text's pass read `x`.
    void put(const Text& text, const Tensor& x, engine::PassInput& input) const;
    /// The point where the source rows' embeddings are these: fixed rows are as in the input.
    [[nodiscard]] Tensor point_of(Tensor embeddings);
    /// The residual stream of the source rows where their embeddings are these.
    [[nodiscard]] Tensor residual_of(const Tensor& embeddings);
    [[nodiscard]] TensorView<const float> source_rows(const float* gradient) const;
    void differentiate(replay::Replay& replay, std::size_t text, const Each& each);

    AttributionContext& scene_;
    int layer_;
    std::vector<std::unique_ptr<Text>> texts_;
    std::vector<std::unique_ptr<Lane>> replicas_;  ///< beside the scene's own session
    std::optional<replay::Replay> reader_;         ///< fed embeddings, for the first text's residual stream
    vjp::Weights weights_;
    Tensor embeddings_;  ///< of the source rows
    Tensor input_;
    std::optional<Tensor> mean_;  ///< of the embedding table, [1, embedding]
};

}  // namespace llmx::method

#pragma once
// A Function that is a model: the embeddings of the source rows in, or their residual stream after a block;
// the readout's targets out.

#include <optional>

#include "method/function.hpp"
#include "method/options.hpp"
#include "method/scene.hpp"
#include "replay/gradient.hpp"

namespace llmx::method {

class ReplayFunction : public Function {
public:
    /// `layer`: the block after which the residual stream of the source rows is the point; that of the rows
    /// behind them (the answer) stays as the text gives it. -1: the embeddings. The scene must outlive the
    /// function. Throws Error{unsupported} for an operation without a rule, and what layer_nodes throws.
    explicit ReplayFunction(Scene& scene, int layer = -1);

    [[nodiscard]] const Tensor& input() const override { return input_; }
    [[nodiscard]] const std::vector<bool>& held() const override { return scene_.held; }
    [[nodiscard]] std::size_t targets() const override { return scene_.readout->targets(); }
    [[nodiscard]] Tensor baseline(const std::string& kind, int token) override;
    [[nodiscard]] Tensor drawn(Random& random) override;
    std::vector<double> values(const Tensor& x) override;
    std::vector<double> gradients(const Tensor& x, const Each& each) override;
    /// One target: points run in lanes, each with a session and a share of the threads, as far as the memory
    /// budget goes: lanes never wait for each other, as threads do within every node of one pass.
    void gradients_at(std::size_t count, const std::function<Tensor(std::size_t)>& point,
                      const EachAt& each) override;

private:
    /// One of the scene's texts.
    struct Text {
        Replay replay;
        Gradient gradient;
        Tensor embeddings;  ///< of all its rows, as they are
    };
    /// A further session that runs the first text.
    struct Lane {
        engine::Session session;
        std::unique_ptr<Text> text;
    };
    [[nodiscard]] std::unique_ptr<Text> text_in(engine::Session& session, const engine::PassInput& input,
                                                const std::shared_ptr<tape::Arena>& arena,
                                                std::size_t budget) const;
    [[nodiscard]] std::size_t lanes_for(std::size_t points) const;
    void open(std::size_t lanes, int threads);
    /// Makes a text's pass read `x`.
    void put(const Text& text, const Tensor& x, engine::PassInput& input) const;
    /// The point where the source rows' embeddings are these: held rows are as in the input.
    [[nodiscard]] Tensor point_of(Tensor embeddings);
    /// The residual stream of the source rows where their embeddings are these.
    [[nodiscard]] Tensor residual_of(const Tensor& embeddings);
    [[nodiscard]] View<const float> source_rows(const float* gradient) const;
    void differentiate(std::size_t text, const Each& each);

    Scene& scene_;
    int layer_;
    std::vector<std::unique_ptr<Text>> texts_;
    std::vector<std::unique_ptr<Lane>> lanes_;  ///< beside the scene's own session
    std::unique_ptr<Replay> reader_;            ///< of the residual stream of the first text
    std::vector<int> nodes_;                    ///< that are the residual stream
    vjp::Weights weights_;
    Tensor embeddings_;  ///< of the source rows
    Tensor input_;
    std::optional<Tensor> mean_;  ///< of the embedding table, [1, embedding]
};

}  // namespace llmx::method

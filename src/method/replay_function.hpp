#pragma once
// A Function that is a model: the embeddings of the source rows in, the readout's targets out.

#include <optional>

#include "method/function.hpp"
#include "method/gradient.hpp"
#include "method/scene.hpp"

namespace llmx::method {

class ReplayFunction : public Function {
public:
    /// The scene must outlive the function. Throws Error{unsupported} for an operation without a rule.
    explicit ReplayFunction(Scene& scene);

    [[nodiscard]] const Tensor& input() const override { return input_; }
    [[nodiscard]] const std::vector<bool>& held() const override { return scene_.held; }
    [[nodiscard]] std::size_t targets() const override { return scene_.readout->targets(); }
    [[nodiscard]] Tensor baseline(const std::string& kind, int token) override;
    std::vector<double> values(const Tensor& x) override;
    std::vector<double> gradients(const Tensor& x, const Each& each) override;

private:
    /// One of the scene's texts.
    struct Text {
        Replay replay;
        Gradient gradient;
        Tensor embeddings;  ///< of all its rows, as they are
    };
    /// The embeddings of all rows of a text where the source rows are at `x`.
    [[nodiscard]] Tensor rows_of(const Text& text, const Tensor& x) const;
    void differentiate(std::size_t text, const Each& each);

    Scene& scene_;
    std::vector<std::unique_ptr<Text>> texts_;
    vjp::Weights weights_;
    Tensor input_;
    std::optional<Tensor> mean_;  ///< of the embedding table, [1, embedding]
};

}  // namespace llmx::method

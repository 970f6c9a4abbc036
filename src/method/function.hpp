#pragma once
// What gradient methods see: a differentiable function of one vector a source row, with several targets.

#include <functional>
#include <llmx/tensor.hpp>
#include <string>
#include <vector>

#include "core/random.hpp"
#include "core/tensor_view.hpp"

namespace llmx::method {

class Function {
public:
    virtual ~Function() = default;

    /// The point that is explained, [source rows, width]: token embeddings, or hidden states after a block.
    [[nodiscard]] virtual const Tensor& input() const = 0;
    /// Rows that stay as they are and take no score (special tokens that are fixed); of the source rows.
    [[nodiscard]] virtual const std::vector<bool>& fixed() const = 0;
    [[nodiscard]] virtual std::size_t targets() const = 0;

    /// A point to compare with, [source rows, width]. `kind`: "token" (the embedding of `token`, -1: the
    /// model's neutral token), "zero", "mean" (of the embedding table). Held rows are as in the input. At a
    /// layer: the hidden states when that point is what the model reads.
    [[nodiscard]] virtual Tensor baseline(const std::string& kind, int token) = 0;

    /// A point to compare with, drawn at random: a text of the user's reference texts, each as likely;
    /// without any, each row that is not fixed is the embedding of a token drawn from the vocabulary, every
    /// token that is no markup as likely. At a layer: as of `baseline`.
    [[nodiscard]] virtual Tensor drawn(Random& random) = 0;

    /// Throws Error{cancelled} at the caller's wish: for work beside the function's.
    virtual void go_on() {}

    /// f of every target at `x`, of the input's shape.
    virtual std::vector<double> values(const Tensor& x) = 0;

    /// Told the gradient of one target, [1, 1, source rows, width]; from any thread, never for the same
    /// target twice. Rows that are fixed have their gradient too: methods leave them out.
    using Each = std::function<void(std::size_t target, const TensorView<const float>& gradient)>;
    /// Gradients of every target at `x`; returns values(x).
    virtual std::vector<double> gradients(const Tensor& x, const Each& each) = 0;

    /// As Each, at one of several points.
    using EachAt =
        std::function<void(std::size_t point, std::size_t target, const TensorView<const float>& gradient)>;
    /// Gradients of every target at `count` points, several at a time where that is faster. `point` is asked
    /// for, and `each` told of, one point after another, in their order; not always from the same thread.
    virtual void gradients_at(std::size_t count, const std::function<Tensor(std::size_t)>& point,
                              const EachAt& each) {
        for (std::size_t i = 0; i < count; ++i)
            gradients(point(i), [&](std::size_t t, const TensorView<const float>& g) { each(i, t, g); });
    }
};

}  // namespace llmx::method

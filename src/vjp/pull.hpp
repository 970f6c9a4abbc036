#pragma once
// One step of the reverse pass, as a rule sees it: the output's gradient, kept values of the forward
// pass, and windows into the sources' gradients to add to.

#include <cstdint>
#include <memory>
#include <vector>

#include "core/mask.hpp"
#include "core/parallel.hpp"
#include "core/tensor_view.hpp"
#include "vjp/rule.hpp"

namespace llmx::vjp {

class Weights;

/// A source's gradient. `fresh`: the memory holds nothing yet and every element must be assigned;
/// otherwise add. Rows are contiguous (strides[3] == 1).
struct Sink {
    TensorView<float> view;
    bool fresh = false;
};

/// The driver's (or a test's) side of a rule's requests.
class PullSource {
public:
    virtual ~PullSource() = default;
    virtual TensorView<const float> value(int source) = 0;  // float32
    virtual MaskView mask(int source) { return value(source); }
    virtual TensorView<const std::int32_t> indices(int source) = 0;  // i32 or the low half of i64
    virtual TensorView<const float> output() = 0;
    virtual Sink sink(int source) = 0;
    virtual Weights& weights() = 0;
};

class Pull {
public:
    Pull(const Node& node, TensorView<const float> gradient, PullSource& from, int threads)
        : node_(node), dy_(gradient), from_(from), threads_(threads) {}

    [[nodiscard]] const Node& node() const { return node_; }
    [[nodiscard]] bool wants(int i) const { return node_.wants(i); }
    [[nodiscard]] int threads() const { return threads_; }

    /// Gradient of the output: dense, of the node's shape.
    [[nodiscard]] const TensorView<const float>& dy() const { return dy_; }
    /// Value of source i; rows contiguous. It must be kept, a weight or an input.
    [[nodiscard]] TensorView<const float> x(int i) const { return from_.value(i); }
    /// Source i, an input, as a mask.
    [[nodiscard]] MaskView mask(int i) const { return from_.mask(i); }
    [[nodiscard]] TensorView<const std::int32_t> indices(int i) const { return from_.indices(i); }
    /// Value of the output; rows contiguous. It must be kept.
    [[nodiscard]] TensorView<const float> y() const { return from_.output(); }

    /// Window into source i's gradient, to add to. Rows are contiguous.
    [[nodiscard]] TensorView<float> dx(int i) const;
    /// The same without clearing fresh memory first; see Sink. Ask once per source.
    [[nodiscard]] Sink sink(int i) const { return from_.sink(i); }
    /// Dequantised weights.
    [[nodiscard]] Weights& weights() const { return from_.weights(); }

private:
    const Node& node_;
    TensorView<const float> dy_;
    PullSource& from_;
    int threads_;
};

/// Whether all `n` elements are zero.
bool all_zero(const float* x, std::int64_t n);
/// Sets every element to zero.
void clear(const TensorView<float>& view);

/// For every row of the output whose gradient is not all zero: body(dx, dy, i0, i1, i2), in parallel,
/// where dx is the row of source i (same shape as the output) to add to. Fresh rows are cleared just
/// before. This is the loop of every operation that works within a row.
template <class Body>
void for_each_row(const Pull& pull, int source, Body&& body) {
    const Sink sink = pull.sink(source);
    const TensorView<const float> dy = pull.dy();
    const std::int64_t columns = sink.view.columns();
    parallel_blocks(pull.threads(), dy.rows(), [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t r = first; r < last; ++r) {
            const std::int64_t i2 = r % dy.shape[2];
            const std::int64_t i1 = r / dy.shape[2] % dy.shape[1];
            const std::int64_t i0 = r / (dy.shape[2] * dy.shape[1]);
            float* dx_row = sink.view.row(i0, i1, i2);
            const float* dy_row = dy.row(i0, i1, i2);
            if (sink.fresh) std::fill_n(dx_row, columns, 0.0F);
            if (!all_zero(dy_row, dy.columns())) body(dx_row, dy_row, i0, i1, i2);
        }
    });
}

}  // namespace llmx::vjp

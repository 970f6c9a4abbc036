// DSV4_HC_PRE: the streams of hyper-connections are weighed into one: for a token with streams x_h,
// y = c sum_h w_h x_h, w_h a number, or with a gate sigmoid(g_h), element by element.
// dx_h = c w_h dy;  dw_h = c <x_h, dy>;  dg_h = c dy x_h w_h (1 - w_h)

#include "core/fast_math.hpp"
#include "vjp/rows.hpp"

namespace llmx::vjp {

namespace {

bool gated(const Node& node) { return node.param_i32(1) != 0; }

SavedValues saved(const Node& node) {
    SavedValues needed;
    if (node.wants(0) || gated(node)) needed = needed | SavedValues::source(1);
    if (node.wants(1)) needed = needed | SavedValues::source(0);
    return needed;
}

/// dx [1, tokens, streams, n], w either [1, 1, tokens, streams] or a gate of x's shape.
void pull_streams(Pull& pull, float c) {
    const TensorView<const float> w = pull.x(1);
    const std::int64_t n = pull.dy().columns();
    const bool gate = gated(pull.node());
    const TensorView<float> dx = pull.dx(0);
    parallel_blocks(pull.threads(), dx.rows(), [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t r = first; r < last; ++r) {
            const std::int64_t t = r / dx.shape[2];
            const std::int64_t h = r % dx.shape[2];
            const float* dy = pull.dy().row(0, 0, t);
            float* to = dx.row(r);
            if (!gate) {
                add_scaled(to, dy, c * w.row(0, 0, t)[h], n);
                continue;
            }
            const float* g = w.row(0, t, h);
#pragma omp simd
            for (std::int64_t k = 0; k < n; ++k) to[k] += c * dy[k] * fast_sigmoid(g[k]);
        }
    });
}

void pull_weights(Pull& pull, float c) {
    const TensorView<const float> x = pull.x(0);
    const std::int64_t n = pull.dy().columns();
    const bool gate = gated(pull.node());
    const TensorView<const float> w = gate ? pull.x(1) : TensorView<const float>{};
    const TensorView<float> dw = pull.dx(1);
    parallel_blocks(pull.threads(), x.rows(), [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t r = first; r < last; ++r) {
            const std::int64_t t = r / x.shape[2];
            const std::int64_t h = r % x.shape[2];
            const float* dy = pull.dy().row(0, 0, t);
            const float* from = x.row(r);
            if (!gate) {
                dw.row(0, 0, t)[h] += c * static_cast<float>(dot(from, dy, n));
                continue;
            }
            const float* g = w.row(0, t, h);
            float* to = dw.row(0, t, h);
#pragma omp simd
            for (std::int64_t k = 0; k < n; ++k) {
                const float s = fast_sigmoid(g[k]);
                to[k] += c * dy[k] * from[k] * s * (1.0F - s);
            }
        }
    });
}

void pull(Pull& pull) {
    const float c = pull.node().param_f32(0);
    if (pull.wants(0)) pull_streams(pull, c);
    if (pull.wants(1)) pull_weights(pull, c);
}

}  // namespace

extern const Rule dsv4_hc_pre_rule{"DSV4_HC_PRE", saved, pull};

}  // namespace llmx::vjp

// GLU: y = f(gate) g(up); gate and up are sources 0 and 1, or the halves of source 0.
// dgate = dy f'(gate) g(up);  dup = dy f(gate) g'(up)

#include <limits>

#include "vjp/activation.hpp"
#include "vjp/rows.hpp"

namespace llmx::vjp {

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

/// Clamps of the two operands, slope of SWIGLU_OAI's sigmoid, and what it adds to `up`.
struct Limits {
    float alpha = 1.0F, limit = infinity, added = 0.0F;
};

Keep keep(const Node& node) { return node.has(1) ? Keep::source(0) | Keep::source(1) : Keep::source(0); }

std::string refuses(const Node& node) {
    const std::string_view kind = node.info.kind;
    for (const std::string_view known :
         {"SWIGLU", "SWIGLU_OAI", "SWIGLU_CLAMP", "GEGLU", "GEGLU_ERF", "GEGLU_QUICK", "REGLU"}) {
        if (kind == known) return {};
    }
    return "kind " + node.info.kind;
}

/// Windows of the two operands, or of their gradients.
template <class T>
struct Halves {
    View<T> gate, up;
};

template <class T>
Halves<T> halves(const Pull& pull, const View<T>& whole) {
    const std::int64_t n = pull.dy().columns();
    Halves<T> parts{whole, whole};
    parts.gate.shape[3] = parts.up.shape[3] = n;
    (pull.node().param_i32(1) != 0 ? parts.gate : parts.up).data += n;
    return parts;
}

/// The loop over rows for one activation. A sink that is not wanted has no data.
template <class Activation>
void pull_rows(Pull& pull, Activation activation, Limits limits = {}) {
    const bool split = pull.node().has(1);
    const Halves<const float> x = split ? Halves<const float>{pull.x(0), pull.x(1)} : halves(pull, pull.x(0));
    Halves<float> dx;
    if (split) {
        if (pull.wants(0)) dx.gate = pull.dx(0);
        if (pull.wants(1)) dx.up = pull.dx(1);
    } else if (pull.wants(0)) {
        dx = halves(pull, pull.dx(0));
    }
    const View<const float> dy = pull.dy();
    const std::int64_t n = dy.columns();
    parallel_blocks(pull.threads(), dy.rows(), [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t r = first; r < last; ++r) {
            const float* dy_row = dy.row(r);
            if (all_zero(dy_row, n)) continue;
            const float* gate = x.gate.row(r);
            const float* up = x.up.row(r);
            if (float* dgate = dx.gate ? dx.gate.row(r) : nullptr) {
#pragma omp simd
                for (std::int64_t k = 0; k < n; ++k) {
                    const float u = std::min(std::max(up[k], -limits.limit), limits.limit) + limits.added;
                    const float slope = activation(std::min(gate[k], limits.limit)).slope;
                    dgate[k] += gate[k] <= limits.limit ? dy_row[k] * slope * u : 0.0F;
                }
            }
            if (float* dup = dx.up ? dx.up.row(r) : nullptr) {
#pragma omp simd
                for (std::int64_t k = 0; k < n; ++k) {
                    const float value = activation(std::min(gate[k], limits.limit)).value;
                    dup[k] += up[k] >= -limits.limit && up[k] <= limits.limit ? dy_row[k] * value : 0.0F;
                }
            }
        }
    });
}

void pull(Pull& pull) {
    if (!pull.wants(0) && !pull.wants(1)) return;
    const std::string_view kind = pull.node().info.kind;
    if (kind == "SWIGLU") return pull_rows(pull, silu);
    if (kind == "GEGLU") return pull_rows(pull, gelu);
    if (kind == "GEGLU_ERF") return pull_rows(pull, gelu_erf);
    if (kind == "GEGLU_QUICK") return pull_rows(pull, gelu_quick);
    if (kind == "REGLU") return pull_rows(pull, relu);
    const float limit = pull.node().param_f32(3);
    if (kind == "SWIGLU_CLAMP") return pull_rows(pull, silu, {1.0F, limit, 0.0F});
    const float alpha = pull.node().param_f32(2);
    pull_rows(pull, [=](float x) { return silu_scaled(x, alpha); }, {alpha, limit, 1.0F});
}

}  // namespace

extern const Rule glu_rule{"GLU", keep, pull, refuses};

}  // namespace llmx::vjp

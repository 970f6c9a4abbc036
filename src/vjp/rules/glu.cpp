// GLU: y = f(gate) g(up); gate and up are sources 0 and 1, or the halves of source 0.
// dgate = dy f'(gate) g(up);  dup = dy f(gate) g'(up)

#include <limits>

#include "vjp/activation.hpp"
#include "vjp/rows.hpp"

namespace llmx::vjp {

namespace {

/// Clamp of both operands (of the gate only above), and what is added to `up` then.
struct Limits {
    float limit = std::numeric_limits<float>::infinity();
    float added = 0.0F;
};

SavedValues saved(const Node& node) {
    return node.has(1) ? SavedValues::source(0) | SavedValues::source(1) : SavedValues::source(0);
}

std::string refuses(const Node& node) {
    const std::string_view kind = node.info.kind;
    for (const std::string_view known :
         {"SWIGLU", "SWIGLU_OAI", "SWIGLU_CLAMP", "GEGLU", "GEGLU_ERF", "GEGLU_QUICK", "REGLU"}) {
        if (kind == known) return {};
    }
    return "kind " + node.info.kind;
}

/// Where gate and up lie: two sources, or the halves of one.
struct Halves {
    bool split;
    std::int64_t gate, up;  ///< offsets in a row of their source

    explicit Halves(const Pull& pull) : split(pull.node().has(1)), gate(0), up(0) {
        if (!split) (pull.node().param_i32(1) != 0 ? gate : up) = pull.dy().columns();
    }
};

/// One row. Everything is computed for both operands: the exponential is what costs.
template <class Function>
void pull_row(float* dgate, float* dup, const float* dy, const float* gate, const float* up, std::int64_t n,
              Function function, Limits limits) {
    const float high = limits.limit;
    const float low = -limits.limit;
    const float added = limits.added;
#pragma omp simd
    for (std::int64_t k = 0; k < n; ++k) {
        const float g = gate[k] < high ? gate[k] : high;
        const float u = up[k] < low ? low : up[k] > high ? high : up[k];
        const Activation f = function(g);
        dgate[k] += gate[k] <= high ? dy[k] * f.slope * (u + added) : 0.0F;
        dup[k] += u == up[k] ? dy[k] * f.value : 0.0F;
    }
}

template <class Function>
void pull_rows(Pull& pull, Function function, Limits limits = {}) {
    const Halves at(pull);
    const TensorView<const float> dy = pull.dy();
    const std::int64_t n = dy.columns();
    const TensorView<const float> x = pull.x(0);
    const TensorView<const float> x_up = at.split ? pull.x(1) : x;
    const Sink sink = pull.wants(0) ? pull.sink(0) : Sink{};
    const Sink sink_up = at.split && pull.wants(1) ? pull.sink(1) : Sink{};
    parallel_blocks(pull.threads(), dy.rows(), [&](std::int64_t first, std::int64_t last) {
        std::vector<float> unwanted(static_cast<std::size_t>(n));
        for (std::int64_t r = first; r < last; ++r) {
            for (const Sink* s : {&sink, &sink_up}) {
                if (s->fresh) std::fill_n(s->view.row(r), s->view.columns(), 0.0F);
            }
            if (all_zero(dy.row(r), n)) continue;
            const Sink& of_up = at.split ? sink_up : sink;
            float* dgate = sink.view ? sink.view.row(r) + at.gate : unwanted.data();
            float* dup = of_up.view ? of_up.view.row(r) + at.up : unwanted.data();
            pull_row(dgate, dup, dy.row(r), x.row(r) + at.gate, x_up.row(r) + at.up, n, function, limits);
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
    if (kind == "SWIGLU_CLAMP") return pull_rows(pull, silu, {limit, 0.0F});
    const float alpha = pull.node().param_f32(2);
    pull_rows(pull, [=](float x) { return silu_scaled(x, alpha); }, {limit, 1.0F});
}

}  // namespace

extern const Rule glu_rule{"GLU", saved, pull, refuses};

}  // namespace llmx::vjp

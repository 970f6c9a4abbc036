// UNARY: y = f(x) element by element.  dx = f'(x) dy, from x or from y, whichever f' is simpler in.

#include <array>

#include "vjp/activation.hpp"
#include "vjp/elementwise.hpp"

namespace llmx::vjp {

namespace {

float relu_slope(float y) { return y > 0.0F ? 1.0F : 0.0F; }
float tanh_slope(float y) { return 1.0F - y * y; }
float sigmoid_slope(float y) { return y * (1.0F - y); }
float exp_slope(float y) { return y; }
float expm1_slope(float y) { return y + 1.0F; }
float elu_slope(float y) { return y > 0.0F ? 1.0F : y + 1.0F; }
float abs_slope(float x) { return x > 0.0F ? 1.0F : x < 0.0F ? -1.0F : 0.0F; }
float neg_slope(float) { return -1.0F; }
float silu_slope(float x) { return silu(x).slope; }
float gelu_slope(float x) { return gelu(x).slope; }
float gelu_erf_slope(float x) { return gelu_erf(x).slope; }
float gelu_quick_slope(float x) { return gelu_quick(x).slope; }
float softplus_slope(float x) { return x > 20.0F ? 1.0F : fast_sigmoid(x); }
float hardsigmoid_slope(float x) { return x > -3.0F && x < 3.0F ? 1.0F / 6.0F : 0.0F; }
float hardswish_slope(float x) { return x <= -3.0F ? 0.0F : x >= 3.0F ? 1.0F : (2.0F * x + 3.0F) / 6.0F; }

enum class From { x, y };

/// A pull for one kind, its slope inlined into the loop.
template <float (*slope)(float), From from>
void pull_kind(Pull& pull) {
    const TensorView<const float> kept = from == From::x ? pull.x(0) : pull.y();
    pull_elementwise(pull, kept, [](float v, float dy) { return slope(v) * dy; });
}

/// Steps and roundings have slope zero wherever they have one.
void pull_flat(Pull& pull) { static_cast<void>(pull.dx(0)); }

/// XIELU: p x^2 + b x above zero, n (e^min(x, eps) - 1 - x) + b x below; eps is a tiny negative number.
void pull_xielu(Pull& pull) {
    const float n = pull.node().param_f32(1);
    const float p = pull.node().param_f32(2);
    const float b = pull.node().param_f32(3);
    const float eps = pull.node().param_f32(4);
    pull_elementwise(pull, pull.x(0), [=](float x, float dy) {
        const float below = n * ((x < eps ? fast_exp(x) : 0.0F) - 1.0F) + b;
        return dy * (x > 0.0F ? 2.0F * p * x + b : below);
    });
}

struct Kind {
    std::string_view name;
    void (*pull)(Pull&);
    From from;
};

constexpr std::array kinds{
    Kind{"ABS", pull_kind<abs_slope, From::x>, From::x},
    Kind{"CEIL", pull_flat, From::x},
    Kind{"ELU", pull_kind<elu_slope, From::y>, From::y},
    Kind{"EXP", pull_kind<exp_slope, From::y>, From::y},
    Kind{"EXPM1", pull_kind<expm1_slope, From::y>, From::y},
    Kind{"FLOOR", pull_flat, From::x},
    Kind{"GELU", pull_kind<gelu_slope, From::x>, From::x},
    Kind{"GELU_ERF", pull_kind<gelu_erf_slope, From::x>, From::x},
    Kind{"GELU_QUICK", pull_kind<gelu_quick_slope, From::x>, From::x},
    Kind{"HARDSIGMOID", pull_kind<hardsigmoid_slope, From::x>, From::x},
    Kind{"HARDSWISH", pull_kind<hardswish_slope, From::x>, From::x},
    Kind{"NEG", pull_kind<neg_slope, From::x>, From::x},
    Kind{"RELU", pull_kind<relu_slope, From::y>, From::y},
    Kind{"ROUND", pull_flat, From::x},
    Kind{"SGN", pull_flat, From::x},
    Kind{"SIGMOID", pull_kind<sigmoid_slope, From::y>, From::y},
    Kind{"SILU", pull_kind<silu_slope, From::x>, From::x},
    Kind{"SOFTPLUS", pull_kind<softplus_slope, From::x>, From::x},
    Kind{"STEP", pull_flat, From::x},
    Kind{"TANH", pull_kind<tanh_slope, From::y>, From::y},
    Kind{"TRUNC", pull_flat, From::x},
    Kind{"XIELU", pull_xielu, From::x},
};

const Kind* find(const Node& node) {
    for (const Kind& kind : kinds) {
        if (kind.name == node.info.kind) return &kind;
    }
    return nullptr;
}

SavedValues saved(const Node& node) {
    const Kind* kind = find(node);
    if (kind == nullptr || kind->pull == pull_flat) return SavedValues::nothing();
    return kind->from == From::x ? SavedValues::source(0) : SavedValues::result();
}

std::string refuses(const Node& node) { return find(node) != nullptr ? "" : "kind " + node.info.kind; }

void pull(Pull& pull) {
    if (pull.wants(0)) find(pull.node())->pull(pull);
}

}  // namespace

extern const Rule unary_rule{"UNARY", saved, pull, refuses};

}  // namespace llmx::vjp

// UNARY and GLU, every kind.

#include <cmath>

#include "case.hpp"

namespace llmx::test {

namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double silu(double x) { return x * sigmoid(x); }
double gelu(double x) { return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))); }
double gelu_erf(double x) { return 0.5 * x * std::erfc(-x / std::sqrt(2.0)); }
double gelu_quick(double x) { return x * sigmoid(1.702 * x); }
double relu(double x) { return x > 0 ? x : 0; }
double hardsigmoid(double x) { return std::min(1.0, std::max(0.0, (x + 3) / 6)); }

struct Function {
    ggml_unary_op op;
    double (*f)(double);
    double forward_error = 5.5e-7;
};

// ggml reads GELU and its quick form from tables of float16
const Function functions[] = {
    {GGML_UNARY_OP_ABS, [](double x) { return std::fabs(x); }},
    {GGML_UNARY_OP_SGN, [](double x) { return x > 0   ? 1.0
                                              : x < 0 ? -1.0
                                                      : 0.0; }},
    {GGML_UNARY_OP_NEG, [](double x) { return -x; }},
    {GGML_UNARY_OP_STEP, [](double x) { return x > 0 ? 1.0 : 0.0; }},
    {GGML_UNARY_OP_TANH, [](double x) { return std::tanh(x); }},
    {GGML_UNARY_OP_ELU, [](double x) { return x > 0 ? x : std::expm1(x); }},
    {GGML_UNARY_OP_RELU, relu},
    {GGML_UNARY_OP_SIGMOID, sigmoid},
    {GGML_UNARY_OP_GELU, gelu, 2.8e-4},
    {GGML_UNARY_OP_GELU_QUICK, gelu_quick, 2.8e-4},
    {GGML_UNARY_OP_SILU, silu},
    {GGML_UNARY_OP_HARDSWISH, [](double x) { return x * hardsigmoid(x); }},
    {GGML_UNARY_OP_HARDSIGMOID, hardsigmoid},
    {GGML_UNARY_OP_EXP, [](double x) { return std::exp(x); }},
    {GGML_UNARY_OP_EXPM1, [](double x) { return std::expm1(x); }},
    {GGML_UNARY_OP_SOFTPLUS, [](double x) { return std::log1p(std::exp(x)); }},
    {GGML_UNARY_OP_GELU_ERF, gelu_erf},
    {GGML_UNARY_OP_FLOOR, [](double x) { return std::floor(x); }},
    {GGML_UNARY_OP_CEIL, [](double x) { return std::ceil(x); }},
    {GGML_UNARY_OP_ROUND, [](double x) { return std::round(x); }},
    {GGML_UNARY_OP_TRUNC, [](double x) { return std::trunc(x); }},
};

struct Gate {
    ggml_glu_op op;
    double (*f)(double gate, double up);
    double forward_error = 5.5e-7;
};

constexpr float oai_alpha = 1.702F;
constexpr float limit = 1.25F;

double limited(double x) { return std::min(x, static_cast<double>(limit)); }
double limited_both(double x) { return std::max(limited(x), -static_cast<double>(limit)); }

const Gate gates[] = {
    {GGML_GLU_OP_REGLU, [](double g, double u) { return relu(g) * u; }},
    {GGML_GLU_OP_GEGLU, [](double g, double u) { return gelu(g) * u; }, 6.4e-4},
    {GGML_GLU_OP_SWIGLU, [](double g, double u) { return silu(g) * u; }},
    {GGML_GLU_OP_SWIGLU_OAI,
     [](double g, double u) {
         return limited(g) * sigmoid(static_cast<double>(oai_alpha) * limited(g)) * (limited_both(u) + 1);
     }},
    {GGML_GLU_OP_GEGLU_ERF, [](double g, double u) { return gelu_erf(g) * u; }},
    {GGML_GLU_OP_GEGLU_QUICK, [](double g, double u) { return gelu_quick(g) * u; }, 6.4e-4},
    {GGML_GLU_OP_SWIGLU_CLAMP, [](double g, double u) { return silu(limited(g)) * limited_both(u); }},
};

ggml_tensor* build_glu(ggml_context* context, const std::vector<ggml_tensor*>& x, ggml_glu_op op,
                       bool swapped) {
    ggml_tensor* up = x.size() > 1 ? x[1] : nullptr;
    if (op == GGML_GLU_OP_SWIGLU_OAI && up != nullptr)
        return ggml_swiglu_oai(context, x[0], up, oai_alpha, limit);
    if (op == GGML_GLU_OP_SWIGLU_CLAMP && up != nullptr) return ggml_swiglu_clamp(context, x[0], up, limit);
    if (up != nullptr) return ggml_glu_split(context, x[0], up, op);
    ggml_tensor* result = ggml_glu(context, x[0], op, swapped);
    // ggml has no maker of these two from one source, but computes them
    if (op == GGML_GLU_OP_SWIGLU_OAI || op == GGML_GLU_OP_SWIGLU_CLAMP) {
        reinterpret_cast<float*>(result->op_params)[2] = oai_alpha;
        reinterpret_cast<float*>(result->op_params)[3] = limit;
    }
    return result;
}

}  // namespace

void add_unary_cases(std::vector<Case>& cases) {
    for (const Function& function : functions) {
        for (const Shape& shape :
             {Shape{2, 3, 4, 5}, Shape{1, 2, 3, 1}, Shape{1, 1, 1, 7}, Shape{1, 1, 2, 130}}) {
            cases.push_back({"UNARY",
                             std::string(ggml_unary_op_name(function.op)) + "_" + text(shape),
                             {{.shape = shape, .low = -5, .high = 5}},
                             [op = function.op](ggml_context* context, const auto& x) {
                                 return ggml_unary(context, x[0], op);
                             },
                             [f = function.f](const Inputs& x) {
                                 Array y = x[0];
                                 for (double& v : y.v) v = f(v);
                                 return y;
                             },
                             function.forward_error});
        }
    }
    cases.push_back({"UNARY",
                     "XIELU",
                     {{.shape = {1, 1, 3, 40}, .low = -3, .high = 3}},
                     [](ggml_context* context, const auto& x) {
                         return ggml_xielu(context, x[0], 0.8F, 0.4F, 0.5F, -1e-6F);
                     },
                     [](const Inputs& x) {
                         const double n = 0.5 + std::log1p(std::exp(static_cast<double>(0.8F)));
                         const double p = std::log1p(std::exp(static_cast<double>(0.4F)));
                         Array y = x[0];
                         for (double& v : y.v) {
                             v = v > 0 ? p * v * v + 0.5 * v
                                       : (std::expm1(std::min(v, -1e-6)) - v) * n + 0.5 * v;
                         }
                         return y;
                     }});
}

void add_glu_cases(std::vector<Case>& cases) {
    for (const Gate& gate : gates) {
        const std::string kind = ggml_glu_op_name(gate.op);
        for (const Shape& shape :
             {Shape{2, 3, 4, 6}, Shape{1, 2, 3, 2}, Shape{1, 1, 1, 8}, Shape{1, 1, 3, 66}}) {
            const Input input{.shape = shape, .low = -3, .high = 3};
            cases.push_back({"GLU",
                             kind + "_split_" + text(shape),
                             {input, input},
                             [op = gate.op](ggml_context* context, const auto& x) {
                                 return build_glu(context, x, op, false);
                             },
                             [f = gate.f](const Inputs& x) {
                                 Array y = x[0];
                                 for (std::size_t k = 0; k < y.v.size(); ++k)
                                     y.v[k] = f(x[0].v[k], x[1].v[k]);
                                 return y;
                             },
                             gate.forward_error});
            for (const bool swapped : {false, true}) {
                cases.push_back({"GLU",
                                 kind + (swapped ? "_swapped_" : "_whole_") + text(shape),
                                 {input},
                                 [op = gate.op, swapped](ggml_context* context, const auto& x) {
                                     return build_glu(context, x, op, swapped);
                                 },
                                 [f = gate.f, swapped](const Inputs& x) {
                                     Shape half = x[0].shape;
                                     const std::int64_t n = half[3] /= 2;
                                     return make(half, [&](auto i0, auto i1, auto i2, auto i3) {
                                         return f(x[0].at(i0, i1, i2, swapped ? n + i3 : i3),
                                                  x[0].at(i0, i1, i2, swapped ? i3 : n + i3));
                                     });
                                 },
                                 gate.forward_error});
            }
        }
    }
}

}  // namespace llmx::test

// ADD, SUB, MUL, DIV, SQR, SQRT, LOG, SIN, COS, CLAMP, SCALE.

#include <cmath>

#include "case.hpp"

namespace llmx::test {

namespace {

using Build = ggml_tensor* (*)(ggml_context*, ggml_tensor*, ggml_tensor*);

void add_binary(std::vector<Case>& cases, const std::string& op, Build build, double (*f)(double, double)) {
    struct Pair {
        Shape a, b;
    };
    std::vector<Pair> pairs;
    for (const Shape& shape : usual_shapes()) pairs.push_back({shape, shape});
    pairs.push_back({{1, 1, 5, 8}, {1, 1, 1, 8}});   // a norm's weight
    pairs.push_back({{1, 3, 2, 6}, {1, 3, 2, 1}});   // an expert's weight
    pairs.push_back({{2, 4, 6, 5}, {1, 2, 3, 5}});   // repeated over three extents
    pairs.push_back({{2, 4, 2, 12}, {2, 1, 2, 4}});  // repeated within the row
    pairs.push_back({{1, 2, 3, 4}, {1, 1, 1, 1}});
    for (const Pair& pair : pairs) {
        // the divisor keeps away from zero
        Input a{pair.a};
        Input b{pair.b};
        if (op == "DIV") b.low = 0.5, b.high = 2.0;
        cases.push_back({op,
                         text(pair.a) + "_by_" + text(pair.b),
                         {a, b},
                         [build](ggml_context* context, const auto& x) { return build(context, x[0], x[1]); },
                         [f](const Inputs& x) {
                             return make(x[0].shape, [&](auto i0, auto i1, auto i2, auto i3) {
                                 return f(x[0].at(i0, i1, i2, i3), x[1].repeated(i0, i1, i2, i3));
                             });
                         }});
    }
}

void add_function(std::vector<Case>& cases, const std::string& op, double low, double high,
                  ggml_tensor* (*build)(ggml_context*, ggml_tensor*), double (*f)(double)) {
    for (const Shape& shape : usual_shapes()) {
        cases.push_back({op,
                         text(shape),
                         {{.shape = shape, .low = low, .high = high}},
                         [build](ggml_context* context, const auto& x) { return build(context, x[0]); },
                         [f](const Inputs& x) {
                             Array y = x[0];
                             for (double& v : y.v) v = f(v);
                             return y;
                         }});
    }
}

}  // namespace

void add_elementwise_cases(std::vector<Case>& cases) {
    add_binary(cases, "ADD", ggml_add, [](double a, double b) { return a + b; });
    add_binary(cases, "SUB", ggml_sub, [](double a, double b) { return a - b; });
    add_binary(cases, "MUL", ggml_mul, [](double a, double b) { return a * b; });
    add_binary(cases, "DIV", ggml_div, [](double a, double b) { return a / b; });
    add_function(cases, "SQR", -2, 2, ggml_sqr, [](double x) { return x * x; });
    add_function(cases, "SQRT", 0.1, 4, ggml_sqrt, [](double x) { return std::sqrt(x); });
    add_function(cases, "LOG", 0.1, 4, ggml_log, [](double x) { return std::log(x); });
    add_function(cases, "SIN", -9, 9, ggml_sin, [](double x) { return std::sin(x); });
    add_function(cases, "COS", -9, 9, ggml_cos, [](double x) { return std::cos(x); });
    add_function(
        cases, "CLAMP", -2, 2, [](ggml_context* c, ggml_tensor* x) { return ggml_clamp(c, x, -0.5F, 0.75F); },
        [](double x) { return std::min(std::max(x, -0.5), 0.75); });
    add_function(
        cases, "SCALE", -2, 2, [](ggml_context* c, ggml_tensor* x) { return ggml_scale(c, x, -0.375F); },
        [](double x) { return -0.375 * x; });
    add_function(
        cases, "SCALE", -2, 2,
        [](ggml_context* c, ggml_tensor* x) { return ggml_scale_bias(c, x, 1.75F, -0.5F); },
        [](double x) { return 1.75 * x - 0.5; });
}

}  // namespace llmx::test

// DSV4_HC_PRE, DSV4_HC_POST, DSV4_HC_COMB.

#include <cmath>

#include "case.hpp"

namespace llmx::test {

namespace {

struct StreamSizes {
    std::int64_t tokens, streams, width;
};
constexpr StreamSizes stream_sizes[] = {{3, 4, 7}, {1, 4, 1}, {5, 1, 3}, {2, 3, 530}};

std::string streams_text(const StreamSizes& s) {
    return std::to_string(s.tokens) + "x" + std::to_string(s.streams) + "x" + std::to_string(s.width);
}

void add_pre(std::vector<Case>& cases) {
    for (const auto& [t, h, n] : stream_sizes) {
        cases.push_back(
            {"DSV4_HC_PRE",
             "weighed_" + streams_text({t, h, n}),
             {{{1, t, h, n}}, {{1, 1, t, h}}},
             [](ggml_context* context, const auto& x) { return ggml_dsv4_hc_pre(context, x[0], x[1]); },
             [h = h](const Inputs& x) {
                 const Shape& s = x[0].shape;
                 return make({1, 1, s[1], s[3]}, [&](auto, auto, auto i2, auto i3) {
                     double sum = 0;
                     for (std::int64_t i = 0; i < h; ++i) sum += x[0].at(0, i2, i, i3) * x[1].at(0, 0, i2, i);
                     return sum;
                 });
             }});
        cases.push_back({"DSV4_HC_PRE",
                         "gated_" + streams_text({t, h, n}),
                         {{{1, t, h, n}}, {{1, t, h, n}}},
                         [](ggml_context* context, const auto& x) {
                             return ggml_dsv4_hc_pre_gated(context, x[0], x[1], 0.75F);
                         },
                         [h = h](const Inputs& x) {
                             const Shape& s = x[0].shape;
                             return make({1, 1, s[1], s[3]}, [&](auto, auto, auto i2, auto i3) {
                                 double sum = 0;
                                 for (std::int64_t i = 0; i < h; ++i) {
                                     sum += 0.75 * x[0].at(0, i2, i, i3) /
                                            (1 + std::exp(-x[1].at(0, i2, i, i3)));
                                 }
                                 return sum;
                             });
                         }});
    }
}

void add_post(std::vector<Case>& cases) {
    for (const auto& [t, h, n] : stream_sizes) {
        for (const bool mixed : {true, false}) {
            std::vector<Input> inputs{{{1, 1, t, n}}, {{1, t, h, n}}, {{1, 1, t, h}}};
            if (mixed) inputs.push_back({{1, t, h, h}});
            cases.push_back({"DSV4_HC_POST", (mixed ? "mixed_" : "kept_") + streams_text({t, h, n}), inputs,
                             [mixed](ggml_context* context, const auto& x) {
                                 return ggml_dsv4_hc_post(context, x[0], x[1], x[2], mixed ? x[3] : nullptr);
                             },
                             [mixed, h = h](const Inputs& x) {
                                 return make(x[1].shape, [&](auto, auto i1, auto i2, auto i3) {
                                     double sum = x[0].at(0, 0, i1, i3) * x[2].at(0, 0, i1, i2);
                                     if (!mixed) return sum + x[1].at(0, i1, i2, i3);
                                     for (std::int64_t s = 0; s < h; ++s) {
                                         sum += x[1].at(0, i1, s, i3) * x[3].at(0, i1, s, i2);
                                     }
                                     return sum;
                                 });
                             }});
        }
    }
}

constexpr float eps = 1e-2F;  // large enough to be seen

/// Divides rows (or columns) of a 4 x 4 matrix by their sums.
void divide(double* m, bool columns) {
    for (int line = 0; line < 4; ++line) {
        const int first = columns ? line : 4 * line;
        const int step = columns ? 4 : 1;
        double sum = static_cast<double>(eps);
        for (int i = 0; i < 4; ++i) sum += m[first + step * i];
        for (int i = 0; i < 4; ++i) m[first + step * i] /= sum;
    }
}

void add_comb(std::vector<Case>& cases) {
    for (const std::int64_t tokens : {1, 3, 6}) {
        for (const int iterations : {1, 2, 5}) {
            const Input constant{.shape = {}, .wanted = false, .role = engine::TensorRole::weight};
            Input scale = constant;
            scale.shape = {1, 1, 1, 3};
            Input base = constant;
            base.shape = {1, 1, 1, 24};
            cases.push_back({"DSV4_HC_COMB",
                             std::to_string(tokens) + "_tokens_" + std::to_string(iterations) + "_iterations",
                             {{{1, 1, tokens, 24}}, scale, base},
                             [iterations](ggml_context* context, const auto& x) {
                                 return ggml_dsv4_hc_comb(context, x[0], x[1], x[2], eps, iterations);
                             },
                             [iterations](const Inputs& x) {
                                 Array y({1, x[0].shape[2], 4, 4});
                                 for (std::int64_t t = 0; t < x[0].shape[2]; ++t) {
                                     double* m = y.row(4 * t);
                                     for (int s = 0; s < 4; ++s) {
                                         double sum = 0;
                                         for (int d = 0; d < 4; ++d) {
                                             const int k = 4 * s + d;
                                             m[k] = std::exp(x[0].at(0, 0, t, 8 + k) * x[1].v[2] +
                                                             x[2].v[8 + k]);
                                             sum += m[k];
                                         }
                                         for (int d = 0; d < 4; ++d) {
                                             m[4 * s + d] = m[4 * s + d] / sum + static_cast<double>(eps);
                                         }
                                     }
                                     divide(m, true);
                                     for (int i = 1; i < iterations; ++i) {
                                         divide(m, false);
                                         divide(m, true);
                                     }
                                 }
                                 return y;
                             }});
        }
    }
}

}  // namespace

void add_hyper_connection_cases(std::vector<Case>& cases) {
    add_pre(cases);
    add_post(cases);
    add_comb(cases);
}

}  // namespace llmx::test

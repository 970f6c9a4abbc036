// FLASH_ATTN_EXT.

#include <cmath>

#include "case.hpp"

namespace llmx::test {

namespace {

struct Flash {
    std::string name;
    Shape q{2, 4, 5, 8};  ///< [batches, heads, queries, row]
    Shape k{2, 2, 9, 8};  ///< [batches, heads, keys, row]
    std::int64_t width = 6;
    bool masked = true;
    float bias = 0.0F;
    float cap = 0.0F;
    bool sinks = false;
};

constexpr float scale = 0.4F;

std::vector<double> weights_of(const Flash& f, const Inputs& x, std::int64_t b, std::int64_t h,
                               std::int64_t i) {
    std::vector<double> p(static_cast<std::size_t>(f.k[2]));
    double sum = f.sinks ? std::exp(x.back().at(0, 0, 0, h)) : 0;
    for (std::int64_t j = 0; j < f.k[2]; ++j) {
        double z = 0;
        for (std::int64_t d = 0; d < f.q[3]; ++d)
            z += x[0].at(b, h, i, d) * x[1].at(b, h * f.k[1] / f.q[1], j, d);
        z *= static_cast<double>(scale);
        if (f.cap != 0.0F) z = static_cast<double>(f.cap) * std::tanh(z / static_cast<double>(f.cap));
        if (f.masked) z += alibi_slope(f.bias, f.q[1], h) * x[3].at(0, 0, i, j);
        p[static_cast<std::size_t>(j)] = std::exp(z);
        sum += p[static_cast<std::size_t>(j)];
    }
    for (double& value : p) value /= sum;
    return p;
}

/// [batches, queries, heads, width]
Array attend(const Flash& f, const Inputs& x) {
    Array y({f.q[0], f.q[2], f.q[1], f.width});
    for (std::int64_t r = 0; r < y.rows(); ++r) {
        const std::int64_t h = r % f.q[1];
        const std::int64_t b = r / (f.q[1] * f.q[2]);
        const std::vector<double> p = weights_of(f, x, b, h, r / f.q[1] % f.q[2]);
        for (std::int64_t j = 0; j < f.k[2]; ++j) {
            const double weight = p[static_cast<std::size_t>(j)];
            for (std::int64_t d = 0; d < f.width; ++d)
                y.row(r)[d] += weight * x[2].at(b, h * f.k[1] / f.q[1], j, d);
        }
    }
    return y;
}

void add(std::vector<Case>& cases, const Flash& f) {
    std::vector<Input> inputs{{.shape = f.q, .layout = Layout::heads},
                              {.shape = f.k, .layout = Layout::heads},
                              {.shape = {f.k[0], f.k[1], f.k[2], f.width}, .layout = Layout::heads}};
    if (f.masked) {
        inputs.push_back({.shape = {1, 1, f.q[2], f.k[2]},
                          .wanted = false,
                          .type = GGML_TYPE_F16,
                          .role = engine::TensorRole::input});
        if (f.bias == 0.0F) inputs.back().adjust = make_causal;
    }
    if (f.sinks)
        inputs.push_back({.shape = {1, 1, 1, f.q[1]}, .wanted = false, .role = engine::TensorRole::weight});
    const auto build = [f](ggml_context* c, const auto& x) {
        ggml_tensor* y =
            ggml_flash_attn_ext(c, x[0], x[1], x[2], f.masked ? x[3] : nullptr, scale, f.bias, f.cap);
        if (f.sinks) ggml_flash_attn_ext_add_sinks(y, x.back());
        return y;
    };
    cases.push_back({"FLASH_ATTN_EXT", f.name, inputs, build, [f](const Inputs& x) { return attend(f, x); }});
}

}  // namespace

void add_flash_attention_cases(std::vector<Case>& cases) {
    add(cases, {.name = "causal"});
    add(cases, {.name = "unmasked", .masked = false});
    add(cases, {.name = "alibi", .bias = 8.0F});
    add(cases, {.name = "alibi_six_heads", .q = {1, 6, 3, 8}, .k = {1, 3, 4, 8}, .bias = 8.0F});
    add(cases, {.name = "capped", .cap = 1.5F});
    add(cases, {.name = "sinks", .sinks = true});
    add(cases, {.name = "several_strips", .q = {1, 1, 70, 4}, .k = {1, 1, 75, 4}, .width = 3});
}

}  // namespace llmx::test

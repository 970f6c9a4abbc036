// ROPE, ROPE_BACK and SOFT_MAX.

#include <cmath>
#include <limits>

#include "case.hpp"

namespace llmx::test {

namespace {

struct Rope {
    std::string name;
    int mode = GGML_ROPE_TYPE_NORMAL;
    Shape shape{2, 4, 3, 12};  ///< [batches, tokens, heads, row]
    int dims = 12;
    float base = 10000.0F, scale = 1.0F, extrapolation = 0.0F, magnitude = 1.0F;
    std::array<int, 4> sections{};
    bool factors = false;
    double last_position = 60;
    int offset = 0;
    bool back = false;  ///< ROPE_BACK
};

int original_context = 64;

/// Angle of one pair at one token, before cos and sin; float32 as in ggml, whose rounding counts in long
/// texts.
float angle_of(const Rope& r, const Inputs& x, std::int64_t token, int pair) {
    const bool multi = (r.mode & GGML_ROPE_TYPE_MROPE) != 0;
    const std::int64_t tokens = r.shape[1];
    int which = 0;
    int steps = pair;
    if (multi) {
        const int total = r.sections[0] + r.sections[1] + r.sections[2] + r.sections[3];
        const int sector = pair % total;
        int begin = 0;
        while (which < 3 && sector >= begin + r.sections[static_cast<std::size_t>(which)]) {
            begin += r.sections[static_cast<std::size_t>(which++)];
        }
        if (r.mode == GGML_ROPE_TYPE_VISION) steps = sector - begin;
        if (r.mode == GGML_ROPE_TYPE_IMROPE) {
            which = sector % 3;
            if (sector >= 3 * r.sections[static_cast<std::size_t>(which)]) which = 3;
        }
    }
    auto angle = static_cast<float>(x[1].at(0, 0, 0, which * tokens + token));
    const float step = std::pow(r.base, -2.0F / static_cast<float>(r.dims));
    for (int i = 0; i < steps; ++i) angle *= step;
    return r.factors ? angle / static_cast<float>(x[2].at(0, 0, 0, pair)) : angle;
}

double ramp(const Rope& r, int pair) {
    const auto correction = [&](double turns) {
        return r.dims * std::log(original_context / (turns * 2 * M_PI)) /
               (2 * std::log(static_cast<double>(r.base)));
    };
    const double low = std::max(0.0, std::floor(correction(32)));
    const double high = std::min(r.dims - 1.0, std::ceil(correction(1)));
    return 1 - std::min(1.0, std::max(0.0, (pair - low) / std::max(0.001, high - low)));
}

Array rotate(const Rope& r, const Inputs& x) {
    Array y = x[0];
    const bool vision = r.mode == GGML_ROPE_TYPE_VISION;
    const int pairs = vision ? r.dims : r.dims / 2;
    const auto scale = static_cast<double>(r.scale);
    const auto mix_all = static_cast<double>(r.extrapolation);
    for (std::int64_t row = 0; row < y.rows(); ++row) {
        const std::int64_t token = row / y.shape[2] % y.shape[1];
        for (int pair = 0; pair < pairs; ++pair) {
            const auto far = static_cast<double>(angle_of(r, x, token, pair));
            double angle = static_cast<double>(static_cast<float>(far) * r.scale);
            double magnitude = static_cast<double>(r.magnitude);
            if (mix_all != 0) {
                const double mix = ramp(r, pair) * mix_all;
                angle = scale * far * (1 - mix) + far * mix;
                magnitude *= 1 + 0.1 * std::log(1 / scale);
            }
            if (r.back) angle = -angle;
            const bool adjacent = r.mode == GGML_ROPE_TYPE_NORMAL;
            const int u = r.offset + (adjacent ? 2 * pair : pair);
            const int v = u + (adjacent ? 1 : pairs);
            const double* in = x[0].row(row);
            y.row(row)[u] = magnitude * (in[u] * std::cos(angle) - in[v] * std::sin(angle));
            y.row(row)[v] = magnitude * (in[u] * std::sin(angle) + in[v] * std::cos(angle));
        }
    }
    return y;
}

void add_rope(std::vector<Case>& cases, const Rope& r) {
    const bool multi = (r.mode & GGML_ROPE_TYPE_MROPE) != 0;
    std::vector<Input> inputs{{.shape = r.shape, .layout = Layout::heads}};
    inputs.push_back({.shape = {1, 1, 1, r.shape[1] * (multi ? 4 : 1)},
                      .wanted = false,
                      .type = GGML_TYPE_I32,
                      .low = 0,
                      .high = r.last_position + 1,
                      .role = engine::TensorRole::input});
    if (r.factors) {
        inputs.push_back({.shape = {1, 1, 1, r.dims / 2},
                          .wanted = false,
                          .low = 1,
                          .high = 8,
                          .role = engine::TensorRole::weight});
    }
    cases.push_back({r.back ? "ROPE_BACK" : "ROPE", r.name, inputs,
                     [r, multi](ggml_context* c, const auto& x) {
                         ggml_tensor* factors = r.factors ? x[2] : nullptr;
                         auto sections = r.sections;
                         const auto single = r.back ? ggml_rope_ext_back : ggml_rope_ext;
                         const auto several = r.back ? ggml_rope_multi_back : ggml_rope_multi;
                         ggml_tensor* y =
                             multi ? several(c, x[0], x[1], factors, r.dims, sections.data(), r.mode,
                                             original_context, r.base, r.scale, r.extrapolation, r.magnitude,
                                             32, 1)
                                   : single(c, x[0], x[1], factors, r.dims, r.mode, original_context, r.base,
                                            r.scale, r.extrapolation, r.magnitude, 32, 1);
                         return r.offset > 0 ? ggml_rope_set_offset(y, r.offset) : y;
                     },
                     [r](const Inputs& x) { return rotate(r, x); }});
}

struct SoftMax {
    std::string name;
    Shape shape{2, 3, 4, 9};  ///< [batches, heads, queries, keys]
    Shape mask{};             ///< empty: none
    float scale = 0.5F, bias = 0.0F;
    ggml_type mask_type = GGML_TYPE_F32;
    bool sinks = false;
};

Array soft_max(const SoftMax& s, const Inputs& x) {
    Array y = x[0];
    const bool masked = s.mask[3] > 0;
    for (std::int64_t r = 0; r < y.rows(); ++r) {
        const std::int64_t i2 = r % s.shape[2];
        const std::int64_t i1 = r / s.shape[2] % s.shape[1];
        const std::int64_t i0 = r / (s.shape[2] * s.shape[1]);
        double* row = y.row(r);
        double sum = s.sinks ? std::exp(x[masked ? 2 : 1].at(0, 0, 0, i1)) : 0;
        for (std::int64_t k = 0; k < y.columns(); ++k) {
            double z = static_cast<double>(s.scale) * row[k];
            if (masked)
                z += alibi_slope(s.bias, s.shape[1], i1) * x[1].at(i0 % s.mask[0], i1 % s.mask[1], i2, k);
            row[k] = std::exp(z);
            sum += row[k];
        }
        for (std::int64_t k = 0; k < y.columns(); ++k) row[k] /= sum;
    }
    return y;
}

void add_soft_max(std::vector<Case>& cases, const SoftMax& s) {
    const bool masked = s.mask[3] > 0;
    std::vector<Input> inputs{{.shape = s.shape, .low = -3, .high = 3}};
    if (masked) {
        inputs.push_back(
            {.shape = s.mask, .wanted = false, .type = s.mask_type, .role = engine::TensorRole::input});
        if (s.bias == 0.0F) inputs.back().adjust = make_causal;
    }
    if (s.sinks) {
        inputs.push_back(
            {.shape = {1, 1, 1, s.shape[1]}, .wanted = false, .role = engine::TensorRole::weight});
    }
    cases.push_back({"SOFT_MAX", s.name, inputs,
                     [s, masked](ggml_context* c, const auto& x) {
                         ggml_tensor* y =
                             ggml_soft_max_ext(c, x[0], masked ? x[1] : nullptr, s.scale, s.bias);
                         if (s.sinks) ggml_soft_max_add_sinks(y, x.back());
                         return y;
                     },
                     [s](const Inputs& x) { return soft_max(s, x); }});
}

}  // namespace

void add_rope_cases(std::vector<Case>& cases) {
    add_rope(cases, {.name = "normal"});
    add_rope(cases, {.name = "normal_partial", .dims = 8});
    add_rope(cases, {.name = "one_token_one_head", .shape = {1, 1, 1, 2}, .dims = 2});
    add_rope(cases, {.name = "neox", .mode = GGML_ROPE_TYPE_NEOX});
    add_rope(cases, {.name = "neox_partial", .mode = GGML_ROPE_TYPE_NEOX, .dims = 6});
    add_rope(cases, {.name = "neox_offset", .mode = GGML_ROPE_TYPE_NEOX, .dims = 6, .offset = 4});
    add_rope(cases, {.name = "wide", .mode = GGML_ROPE_TYPE_NEOX, .shape = {1, 3, 2, 70}, .dims = 70});
    add_rope(cases, {.name = "factors", .factors = true});
    add_rope(cases, {.name = "far", .base = 500000.0F, .factors = true, .last_position = 130000});
    add_rope(cases, {.name = "linear_scaling", .scale = 0.25F});
    add_rope(cases, {.name = "yarn",
                     .mode = GGML_ROPE_TYPE_NEOX,
                     .scale = 0.25F,
                     .extrapolation = 1.0F,
                     .magnitude = 0.9F});
    add_rope(
        cases,
        {.name = "yarn_half", .shape = {1, 3, 2, 64}, .dims = 64, .scale = 0.125F, .extrapolation = 0.5F});
    add_rope(cases, {.name = "multi", .mode = GGML_ROPE_TYPE_MROPE, .sections = {2, 2, 1, 1}});
    add_rope(cases, {.name = "multi_around", .mode = GGML_ROPE_TYPE_MROPE, .sections = {1, 1, 1, 0}});
    add_rope(cases, {.name = "interleaved", .mode = GGML_ROPE_TYPE_IMROPE, .sections = {3, 2, 1, 0}});
    add_rope(cases, {.name = "vision", .mode = GGML_ROPE_TYPE_VISION, .dims = 6, .sections = {3, 3, 0, 0}});
    add_rope(cases, {.name = "normal", .back = true});
    add_rope(cases,
             {.name = "neox_offset", .mode = GGML_ROPE_TYPE_NEOX, .dims = 6, .offset = 4, .back = true});
    add_rope(cases,
             {.name = "scaled", .scale = 0.25F, .extrapolation = 1.0F, .magnitude = 0.9F, .back = true});
    add_rope(cases, {.name = "multi", .mode = GGML_ROPE_TYPE_MROPE, .sections = {2, 2, 1, 1}, .back = true});
}

void add_soft_max_cases(std::vector<Case>& cases) {
    for (const Shape& shape : usual_shapes()) add_soft_max(cases, {.name = text(shape), .shape = shape});
    add_soft_max(cases, {.name = "causal", .mask = {1, 1, 4, 9}});
    add_soft_max(cases, {.name = "causal_half", .mask = {2, 1, 6, 9}, .mask_type = GGML_TYPE_F16});
    add_soft_max(cases, {.name = "alibi", .mask = {1, 1, 4, 9}, .bias = 8.0F});
    add_soft_max(cases,
                 {.name = "alibi_six_heads", .shape = {1, 6, 2, 5}, .mask = {1, 3, 2, 5}, .bias = 8.0F});
    add_soft_max(cases, {.name = "sinks", .sinks = true});
    add_soft_max(cases, {.name = "sinks_masked", .mask = {1, 1, 4, 9}, .sinks = true});
}

}  // namespace llmx::test

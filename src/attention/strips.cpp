#include "attention/strips.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/fast_math.hpp"
#include "core/parallel.hpp"
#include "core/rows.hpp"
#include "gemm/gemm.hpp"

namespace llmx::attention {

namespace {

constexpr float hidden = -std::numeric_limits<float>::infinity();

/// ALiBi's factor for the mask (Press et al. 2022), also where the number of heads is not a power of two.
float mask_slope(float max_bias, std::int64_t head, std::int64_t heads) {
    if (max_bias <= 0.0F) return 1.0F;
    const float power = std::exp2(std::floor(std::log2(static_cast<float>(heads))));
    const auto h = static_cast<float>(head);
    return h < power ? std::pow(std::exp2(-max_bias / power), h + 1.0F)
                     : std::pow(std::exp2(-max_bias / 2.0F / power), 2.0F * (h - power) + 1.0F);
}

void leave_out_masked(const Heads& heads, Strip& strip) {
    std::int64_t begin = heads.keys();
    std::int64_t end = 0;
    std::vector<float> scratch;
    for (std::int64_t query = strip.first; query < strip.last; ++query) {
        const float* mask = heads.mask.row(strip.batch, strip.head, query, 0, heads.keys(), scratch);
        std::int64_t last = heads.keys();
        while (last > end && mask[last - 1] == hidden) --last;
        end = last;
        std::int64_t first = 0;
        while (first < begin && mask[first] == hidden) ++first;
        begin = first;
    }
    strip.begin = std::min(begin, end);
    strip.end = end;
}

void cap_row(const Heads& heads, float* row, float* slopes, std::int64_t n) {
    for (std::int64_t c = 0; c < n; ++c) {
        const float t = std::tanh(row[c] * heads.scale / heads.cap);
        row[c] = heads.cap * t;
        slopes[c] = 1.0F - t * t;
    }
}

void scale_row(float scale, float* row, std::int64_t n) {
#pragma omp simd
    for (std::int64_t c = 0; c < n; ++c) row[c] *= scale;
}

/// row = scale row + slope mask; the largest of it.
float mask_row(float* row, const float* mask, float scale, float slope, std::int64_t n) {
    float most = hidden;
#pragma omp simd reduction(max : most)
    for (std::int64_t c = 0; c < n; ++c) {
        const float z = scale * row[c] + slope * mask[c];
        row[c] = z;
        most = z > most ? z : most;
    }
    return most;
}

float largest(const float* row, std::int64_t n) {
    float most = hidden;
#pragma omp simd reduction(max : most)
    for (std::int64_t c = 0; c < n; ++c) most = row[c] > most ? row[c] : most;
    return most;
}

void exponentials(float* row, float most, std::int64_t n) {
#pragma omp simd
    for (std::int64_t c = 0; c < n; ++c) row[c] = fast_exp(row[c] - most);
}

/// A query that sees no key has no weights.
void soft_max(float* row, float most, std::int64_t n, const float* sink) {
    if (sink != nullptr) most = std::max(most, *sink);
    if (most == hidden) {
        std::fill_n(row, n, 0.0F);
        return;
    }
    exponentials(row, most, n);
    double sum = sum_over(n, [=](std::int64_t c) { return row[c]; });
    if (sink != nullptr) sum += static_cast<double>(fast_exp(*sink - most));
    scale_row(static_cast<float>(1.0 / sum), row, n);
}

/// y of one strip, without its batch and head.
void attend(const Heads& heads, const Strip& strip, Weights& weights, float* y) {
    find_weights(heads, strip, weights);
    const float* values =
        heads.v.row(heads.kv_batch(strip.batch), heads.kv_head(strip.head), heads.across ? 0 : strip.begin);
    gemm::multiply(strip.rows(), heads.width(), strip.keys(), {weights.p.data(), heads.keys()},
                   {heads.across ? values + strip.begin : values, heads.v.strides[2], heads.across}, 0.0F,
                   y + strip.first * heads.width(), heads.width(), 1);
}

}  // namespace

std::vector<Strip> strips_of(const Heads& heads, std::int64_t batch) {
    std::vector<Strip> strips;
    const std::int64_t queries = heads.q.shape[2];
    const std::int64_t masks = heads.mask ? heads.mask.heads() : 1;  // heads that have one of their own
    for (std::int64_t head = 0; head < heads.q.shape[1]; ++head) {
        for (std::int64_t first = 0; first < queries; first += strip_rows) {
            Strip strip{batch, head, first, std::min(first + strip_rows, queries), 0, heads.keys()};
            if (head >= masks) {
                const std::int64_t a_head = (queries + strip_rows - 1) / strip_rows;
                const Strip& same = strips[strips.size() - static_cast<std::size_t>(masks * a_head)];
                strip.begin = same.begin;
                strip.end = same.end;
            } else if (heads.mask) {
                leave_out_masked(heads, strip);
            }
            strips.push_back(strip);
        }
    }
    return strips;
}

void find_weights(const Heads& heads, const Strip& s, Weights& weights) {
    const std::int64_t n = s.keys();
    weights.p.resize(static_cast<std::size_t>(strip_rows * heads.keys()));
    if (heads.cap != 0.0F) weights.slopes.resize(weights.p.size());
    gemm::multiply(
        s.rows(), n, heads.k.shape[3], {heads.q.row(s.batch, s.head, s.first), heads.q.strides[2]},
        {heads.k.row(heads.kv_batch(s.batch), heads.kv_head(s.head), s.begin), heads.k.strides[2], true},
        0.0F, weights.p.data(), heads.keys(), 1);
    const float slope = mask_slope(heads.max_bias, s.head, heads.q.shape[1]);
    for (std::int64_t r = 0; r < s.rows(); ++r) {
        float* row = weights.p.data() + r * heads.keys();
        float scale = heads.scale;
        if (heads.cap != 0.0F) {
            cap_row(heads, row, weights.slopes.data() + r * heads.keys(), n);
            scale = 1.0F;
        }
        float most = 0.0F;
        if (heads.mask) {
            const float* mask = heads.mask.row(s.batch, s.head, s.first + r, s.begin, s.end, weights.mask);
            most = mask_row(row, mask, scale, slope, n);
        } else {
            scale_row(scale, row, n);
            most = largest(row, n);
        }
        soft_max(row, most, n, heads.sinks ? heads.sinks.data + s.head * heads.sinks.strides[3] : nullptr);
    }
}

void attend(const Heads& heads, float* y, int threads) {
    std::vector<Strip> strips;
    for (std::int64_t batch = 0; batch < heads.q.shape[0]; ++batch) {
        const std::vector<Strip> more = strips_of(heads, batch);
        strips.insert(strips.end(), more.begin(), more.end());
    }
    std::vector<Weights> weights(static_cast<std::size_t>(threads));
    parallel_turns(threads, static_cast<std::int64_t>(strips.size()),
                   [&](std::int64_t worker, std::int64_t i) {
                       const Strip& strip = strips[static_cast<std::size_t>(i)];
                       const std::int64_t head = strip.batch * heads.q.shape[1] + strip.head;
                       attend(heads, strip, weights[static_cast<std::size_t>(worker)],
                              y + head * heads.q.shape[2] * heads.width());
                   });
}

}  // namespace llmx::attention

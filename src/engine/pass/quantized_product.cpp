#include "engine/pass/quantized_product.hpp"

#include <ggml-cpu.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "core/parallel.hpp"
#include "gemm/gemm.hpp"

namespace llmx::engine {

namespace {

constexpr std::int64_t block = 32;  // of all these types

/// ggml's block of 32 numbers as 8 bits: x = d q, and s = d (sum of q) as a half of its own.
struct BlockQ8_1 {
    ggml_fp16_t d;
    ggml_fp16_t s;
    std::int8_t q[block];
};

/// What the blocks of Q4_1 and Q5_1 begin with: w = d q + m.
struct ScaleAndMinimum {
    ggml_fp16_t d;
    ggml_fp16_t m;
};

/// Returns s - (sum of the x that it stands for).
float read(const BlockQ8_1& from, float* x) {
    const float d = ggml_fp16_to_fp32(from.d);
    int sum = 0;
    for (std::int64_t i = 0; i < block; ++i) {
        x[i] = d * static_cast<float>(from.q[i]);
        sum += from.q[i];
    }
    return ggml_fp16_to_fp32(from.s) - d * static_cast<float>(sum);
}

}  // namespace

bool has_quantized_product(ggml_type weight) {
    switch (weight) {
        case GGML_TYPE_Q4_0:
        case GGML_TYPE_Q4_1:
        case GGML_TYPE_Q5_0:
        case GGML_TYPE_Q5_1:
        case GGML_TYPE_Q8_0:
        case GGML_TYPE_IQ4_NL:
            return true;
        default:
            return false;
    }
}

/// ggml multiplies the minimum of a block of Q4_1 or Q5_1 by the s of the rows' block, a half, and not by the
/// sum itself; the residue is the difference.
void QuantizedProduct::round_rows(const ggml_tensor* rows, ggml_type type, int threads) {
    const std::int64_t k = rows->ne[0];
    const std::int64_t blocks = type == GGML_TYPE_Q8_1 ? k / block : 0;
    const ggml_from_float_t round = ggml_get_type_traits_cpu(type)->from_float;
    rows_.resize(static_cast<std::size_t>(ggml_nelements(rows)));
    residue_.resize(static_cast<std::size_t>(ggml_nrows(rows) * blocks));
    parallel_blocks(threads, ggml_nrows(rows), [&](std::int64_t first, std::int64_t last) {
        std::vector<char> rounded(ggml_row_size(type, k));
        for (std::int64_t r = first; r < last; ++r) {
            round(static_cast<const float*>(rows->data) + r * k, rounded.data(), k);
            float* x = rows_.data() + r * k;
            if (blocks == 0) ggml_get_type_traits(type)->to_float(rounded.data(), x, k);
            for (std::int64_t b = 0; b < blocks; ++b) {
                BlockQ8_1 from;
                std::memcpy(&from, rounded.data() + static_cast<std::size_t>(b) * sizeof from, sizeof from);
                residue_[static_cast<std::size_t>(r * blocks + b)] = read(from, x + b * block);
            }
        }
    });
}

void QuantizedProduct::compute(ggml_tensor* node, int threads) {
    const ggml_tensor* weight = node->src[0];
    const std::int64_t k = weight->ne[0];
    const std::int64_t n = weight->ne[1];
    const std::int64_t m = ggml_nrows(node);
    round_rows(node->src[1], ggml_get_type_traits_cpu(weight->type)->vec_dot_type, threads);
    const std::int64_t blocks = residue_.empty() ? 0 : k / block;
    constexpr std::int64_t elements = std::int64_t{1} << 20;  // stay in the processor's cache
    const std::int64_t most = std::max<std::int64_t>(elements / k / 64 * 64, 64);
    part_.resize(static_cast<std::size_t>(std::min(most, n) * k));
    minima_.resize(static_cast<std::size_t>(std::min(most, n) * blocks));
    for (std::int64_t start = 0; start < n; start += most) {
        const std::int64_t count = std::min(most, n - start);
        parallel_blocks(threads, count, [&](std::int64_t first, std::int64_t last) {
            for (std::int64_t r = first; r < last; ++r) {
                const char* from = static_cast<const char*>(weight->data) +
                                   static_cast<std::size_t>(start + r) * weight->nb[1];
                ggml_get_type_traits(weight->type)->to_float(from, part_.data() + r * k, k);
                for (std::int64_t b = 0; b < blocks; ++b) {
                    ScaleAndMinimum head;
                    std::memcpy(&head, from + static_cast<std::size_t>(b) * ggml_type_size(weight->type),
                                sizeof head);
                    minima_[static_cast<std::size_t>(r * blocks + b)] = ggml_fp16_to_fp32(head.m);
                }
            }
        });
        float* out = static_cast<float*>(node->data) + start;
        gemm::multiply(m, count, k, {rows_.data(), k}, {part_.data(), k, true}, 0.0F, out, n, threads);
        if (blocks > 0) {
            gemm::multiply(m, count, blocks, {residue_.data(), blocks}, {minima_.data(), blocks, true}, 1.0F,
                           out, n, threads);
        }
    }
}

}  // namespace llmx::engine

#include "gemm/gemm.hpp"

namespace llmx::gemm {

void multiply_reference(std::int64_t m, std::int64_t n, std::int64_t k, Operand a, Operand b, float beta,
                        float* c, std::int64_t leading_c) {
    const auto element = [](const Operand& x, std::int64_t i, std::int64_t j) {
        return static_cast<double>(x.transposed ? x.data[j * x.leading + i] : x.data[i * x.leading + j]);
    };
    for (std::int64_t i = 0; i < m; ++i) {
        for (std::int64_t j = 0; j < n; ++j) {
            double sum = 0;
            for (std::int64_t l = 0; l < k; ++l) sum += element(a, i, l) * element(b, l, j);
            float& out = c[i * leading_c + j];
            out = static_cast<float>(sum + (beta == 0.0F ? 0.0 : static_cast<double>(beta) * out));
        }
    }
}

void to_bfloat16(const float* in, std::int64_t count, std::uint16_t* out) {
    for (std::int64_t i = 0; i < count; ++i) {
        std::uint32_t bits = 0;
        __builtin_memcpy(&bits, in + i, sizeof bits);
        out[i] = static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16U) & 1U)) >> 16U);
    }
}

}  // namespace llmx::gemm

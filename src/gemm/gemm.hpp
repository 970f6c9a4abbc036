#pragma once
// Dense matrix products. Row-major; sums in float32.

#include <cstdint>
#include <string>

namespace llmx::gemm {

/// A row-major matrix operand: `rows` x `columns` after transposition; `leading` is the distance
/// between stored rows.
struct Operand {
    const float* data = nullptr;
    std::int64_t leading = 0;
    bool transposed = false;
};

/// C [m, n] = A [m, k] * B [k, n] + beta * C. Uses at most `threads` threads, one inside a parallel loop.
void multiply(std::int64_t m, std::int64_t n, std::int64_t k, Operand a, Operand b, float beta, float* c,
              std::int64_t leading_c, int threads);

/// The same by three plain loops in double: the reference for tests of `multiply`.
void multiply_reference(std::int64_t m, std::int64_t n, std::int64_t k, Operand a, Operand b, float beta,
                        float* c, std::int64_t leading_c);

/// The same of bfloat16 bits (see to_bfloat16).
struct Bfloat16Operand {
    const std::uint16_t* data = nullptr;
    std::int64_t leading = 0;
    bool transposed = false;
};

/// C [m, n] = A [m, k] * B [k, n] + beta * C. A is rounded to bfloat16.
void multiply_bfloat16(std::int64_t m, std::int64_t n, std::int64_t k, const float* a, std::int64_t leading_a,
                       Bfloat16Operand b, float beta, float* c, std::int64_t leading_c, int threads);

/// Rounds to nearest even.
void to_bfloat16(const float* in, std::int64_t count, std::uint16_t* out);

/// "oneDNN 2.6.3" or "plain loops".
std::string backend();

/// False: plain loops, slower than any library's.
bool is_optimized();

/// Whether multiply_bfloat16 is available: oneDNN on a processor with the instructions or their emulation.
bool has_bfloat16();
/// Whether the processor has instructions for it.
bool multiplies_bfloat16();

}  // namespace llmx::gemm

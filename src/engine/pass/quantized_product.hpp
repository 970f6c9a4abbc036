#pragma once
// Products with quantised weights as ggml computes them, in float32: the rows are rounded to 8 bits as ggml
// rounds them, so that only the order of sums differs.

#include <ggml.h>

#include <vector>

namespace llmx::engine {

/// Types whose rows ggml rounds to Q8_0 or Q8_1, and that it multiplies slowly.
bool has_quantized_product(ggml_type weight);

/// Computes MUL_MAT nodes of such weights [n, k], dense, and dense float32 rows [m, k].
class QuantizedProduct {
public:
    void compute(ggml_tensor* node, int threads);

private:
    void round_rows(const ggml_tensor* rows, ggml_type type, int threads);

    std::vector<float> rows_;     // [m, k], rounded
    std::vector<float> residue_;  // [m, k / 32]: see round_rows; empty for Q8_0
    std::vector<float> part_;     // some rows of the weight
    std::vector<float> minima_;   // [n, k / 32] of those rows
};

}  // namespace llmx::engine

#pragma once
// One case of the rules' contract suite: an operation on random sources, by ggml and in plain double.

#include <ggml.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "array.hpp"
#include "engine/pass/graph.hpp"

namespace llmx::test {

/// How a source lies in ggml's memory: `heads` with extents 1 and 2 swapped, `transposed` with 2 and 3.
enum class Layout { dense, heads, transposed };

struct Input {
    Shape shape;
    bool wanted = true;  ///< takes a gradient
    ggml_type type = GGML_TYPE_F32;
    double low = -1.5;  ///< of integers: the smallest
    double high = 1.5;  ///< of integers: one past the largest
    engine::TensorRole role = engine::TensorRole::node;
    Layout layout = Layout::dense;
    bool distinct = false;  ///< integers of a row differ
    std::function<void(Array&)> adjust = nullptr;
};

using Inputs = std::vector<Array>;

struct Case {
    std::string op;
    std::string name;  ///< letters, digits, underscores
    std::vector<Input> inputs;
    std::function<ggml_tensor*(ggml_context*, const std::vector<ggml_tensor*>&)> build;
    std::function<Array(const Inputs&)> forward;  ///< null: an operation without gradient
    double forward_error = 5.5e-7;  ///< measured relative L2 between ggml's result and `forward`
    bool by_ggml = true;  ///< false: of a size that ggml's vector code gets wrong; `forward` stands alone
};

void add_elementwise_cases(std::vector<Case>& cases);
void add_unary_cases(std::vector<Case>& cases);
void add_glu_cases(std::vector<Case>& cases);
void add_row_cases(std::vector<Case>& cases);
void add_copy_cases(std::vector<Case>& cases);
void add_rope_cases(std::vector<Case>& cases);
void add_soft_max_cases(std::vector<Case>& cases);
void add_flash_attention_cases(std::vector<Case>& cases);
void add_product_cases(std::vector<Case>& cases);
void add_hyper_connection_cases(std::vector<Case>& cases);
void add_recurrent_cases(std::vector<Case>& cases);
void add_linear_attention_cases(std::vector<Case>& cases);
void add_matrix_cases(std::vector<Case>& cases);

inline std::vector<Case> all_cases() {
    std::vector<Case> cases;
    add_elementwise_cases(cases);
    add_unary_cases(cases);
    add_glu_cases(cases);
    add_row_cases(cases);
    add_copy_cases(cases);
    add_rope_cases(cases);
    add_soft_max_cases(cases);
    add_flash_attention_cases(cases);
    add_product_cases(cases);
    add_hyper_connection_cases(cases);
    add_recurrent_cases(cases);
    add_linear_attention_cases(cases);
    add_matrix_cases(cases);
    return cases;
}

/// By what ALiBi multiplies the mask of a head; 1 without a bias.
inline double alibi_slope(float max_bias, std::int64_t heads, std::int64_t head) {
    if (max_bias == 0.0F) return 1;
    const auto power = std::exp2(std::floor(std::log2(static_cast<double>(heads))));
    const auto bias = static_cast<double>(max_bias);
    const auto h = static_cast<double>(head);
    return h < power ? std::exp2(-bias / power * (h + 1))
                     : std::exp2(-bias / 2 / power * (2 * (h - power) + 1));
}

/// A causal mask, [.., queries, keys]; all see the first key.
inline void make_causal(Array& mask) {
    for (std::int64_t r = 0; r < mask.rows(); ++r) {
        for (std::int64_t k = 0; k < mask.columns(); ++k)
            mask.row(r)[k] = k > r % mask.shape[2] ? -std::numeric_limits<double>::infinity() : 0.0;
    }
}

/// "2x3x4x5", for case names.
inline std::string text(const Shape& s) {
    return std::to_string(s[0]) + "x" + std::to_string(s[1]) + "x" + std::to_string(s[2]) + "x" +
           std::to_string(s[3]);
}

/// Shapes that every operation must stand: batches, one row, one column, a vector's tail, long rows.
inline const std::vector<Shape>& usual_shapes() {
    static const std::vector<Shape> shapes{
        {2, 3, 4, 5}, {1, 1, 1, 7}, {1, 2, 3, 1}, {1, 1, 3, 37}, {1, 1, 2, 530}};
    return shapes;
}

}  // namespace llmx::test

// MUL_MAT with weights of all kinds and between activations, MUL_MAT_ID.

#include "case.hpp"

namespace llmx::test {

namespace {

/// y[m, n] = sum over k of a[n, k] b[m, k]; consecutive batches of b share one of a.
Array product(const Inputs& x) {
    const Shape& a = x[0].shape;
    const Shape& b = x[1].shape;
    return make({b[0], b[1], b[2], a[2]}, [&](auto i0, auto i1, auto m, auto n) {
        double sum = 0;
        for (std::int64_t k = 0; k < a[3]; ++k) {
            sum += x[0].at(i0 * a[0] / b[0], i1 * a[1] / b[1], n, k) * x[1].at(i0, i1, m, k);
        }
        return sum;
    });
}

ggml_tensor* build_product(ggml_context* context, const std::vector<ggml_tensor*>& x) {
    return ggml_mul_mat(context, x[0], x[1]);
}

/// ggml rounds the other operand to the type's partner, 8 bits for the quantised ones.
double rounding_of(ggml_type type) {
    if (type == GGML_TYPE_F32) return 5.5e-7;
    return ggml_is_quantized(type) ? 5.3e-3 : 1.7e-3;
}

Input weight(const Shape& shape, ggml_type type) {
    return {.shape = shape, .wanted = false, .type = type, .role = engine::TensorRole::weight};
}

void add_weights(std::vector<Case>& cases) {
    for (const ggml_type type :
         {GGML_TYPE_F32, GGML_TYPE_F16, GGML_TYPE_BF16, GGML_TYPE_Q4_0, GGML_TYPE_Q4_1, GGML_TYPE_Q5_0,
          GGML_TYPE_Q5_1, GGML_TYPE_Q8_0, GGML_TYPE_Q2_K, GGML_TYPE_Q3_K, GGML_TYPE_Q4_K, GGML_TYPE_Q5_K,
          GGML_TYPE_Q6_K, GGML_TYPE_IQ4_NL, GGML_TYPE_IQ4_XS}) {
        const std::int64_t k = ggml_blck_size(type) > 32 ? 256 : 32;
        const std::string name = std::string("weight_") + ggml_type_name(type);
        cases.push_back({"MUL_MAT",
                         name,
                         {weight({1, 1, 5, k}, type), {{1, 1, 4, k}}},
                         build_product,
                         product,
                         rounding_of(type)});
    }
    struct Sizes {
        std::string name;
        Shape weight, b;
    };
    for (const Sizes& s :
         {Sizes{"one_row", {1, 1, 5, 7}, {1, 1, 1, 7}}, Sizes{"one_column", {1, 1, 3, 1}, {1, 1, 4, 1}},
          Sizes{"one_output", {1, 1, 1, 9}, {1, 1, 6, 9}},
          Sizes{"folded_batches", {1, 1, 6, 5}, {2, 3, 4, 5}},
          Sizes{"matrix_per_batch", {1, 3, 4, 5}, {2, 3, 6, 5}},
          Sizes{"matrix_per_group", {1, 2, 4, 5}, {1, 6, 3, 5}}}) {
        cases.push_back({"MUL_MAT",
                         "weight_" + s.name,
                         {weight(s.weight, GGML_TYPE_F32), {s.b}},
                         build_product,
                         product});
    }
}

void add_activations(std::vector<Case>& cases) {
    struct Sizes {
        std::string name;
        Shape a, b;
        Layout layout = Layout::dense;
    };
    for (const Sizes& s :
         {Sizes{"plain", {1, 1, 6, 5}, {1, 1, 4, 5}}, Sizes{"batched", {2, 3, 4, 5}, {2, 3, 6, 5}},
          Sizes{"groups", {1, 2, 7, 4}, {1, 6, 3, 4}, Layout::heads},
          Sizes{"groups_of_batches", {2, 2, 3, 4}, {4, 6, 5, 4}},
          Sizes{"one_key", {1, 1, 1, 8}, {1, 3, 2, 8}}, Sizes{"one_wide", {1, 2, 5, 1}, {1, 2, 3, 1}},
          Sizes{"long", {1, 1, 40, 33}, {1, 2, 9, 33}}}) {
        cases.push_back({"MUL_MAT",
                         "activations_" + s.name,
                         {{.shape = s.a, .layout = s.layout}, {.shape = s.b, .layout = s.layout}},
                         build_product,
                         product});
    }
}

void add_experts(std::vector<Case>& cases, const std::string& name, ggml_type type, std::int64_t k,
                 std::int64_t tokens, std::int64_t chosen, std::int64_t of_b) {
    constexpr std::int64_t experts = 4;
    const Input ids{.shape = {1, 1, tokens, chosen},
                    .wanted = false,
                    .type = GGML_TYPE_I32,
                    .low = 0,
                    .high = experts,
                    .distinct = true};
    cases.push_back(
        {"MUL_MAT_ID",
         name,
         {weight({1, experts, 6, k}, type), {{1, tokens, of_b, k}}, ids},
         [](ggml_context* context, const auto& x) { return ggml_mul_mat_id(context, x[0], x[1], x[2]); },
         [](const Inputs& x) {
             const Shape& s = x[2].shape;
             return make({1, s[2], s[3], x[0].shape[2]}, [&](auto, auto token, auto slot, auto n) {
                 const std::int64_t expert = x[2].id(0, 0, token, slot);
                 double sum = 0;
                 for (std::int64_t i = 0; i < x[0].shape[3]; ++i) {
                     sum += x[0].at(0, expert, n, i) * x[1].at(0, token, slot % x[1].shape[2], i);
                 }
                 return sum;
             });
         },
         rounding_of(type)});
}

}  // namespace

void add_product_cases(std::vector<Case>& cases) {
    add_weights(cases);
    add_activations(cases);
    add_experts(cases, "shared_input", GGML_TYPE_F32, 5, 7, 2, 1);
    add_experts(cases, "own_inputs", GGML_TYPE_F32, 5, 7, 2, 2);
    add_experts(cases, "two_by_two", GGML_TYPE_F32, 3, 4, 4, 2);
    add_experts(cases, "one_token", GGML_TYPE_F32, 9, 1, 1, 1);
    add_experts(cases, "f16", GGML_TYPE_F16, 32, 5, 2, 1);
    add_experts(cases, "bf16", GGML_TYPE_BF16, 32, 5, 2, 2);
    add_experts(cases, "q4_1", GGML_TYPE_Q4_1, 64, 5, 2, 1);
    add_experts(cases, "q6_K", GGML_TYPE_Q6_K, 256, 3, 2, 2);
}

}  // namespace llmx::test

#include "engine/pass/own_products.hpp"

#include "engine/servers/remote.hpp"
#include "gemm/gemm.hpp"

namespace llmx::engine {

namespace {

bool is_dense(const ggml_tensor* tensor) { return ggml_is_contiguous(tensor) && !is_remote(tensor); }

/// The number of rows from which on ours is faster; a weight that is not float32 is converted first. 0:
/// never.
std::int64_t fewest_rows(ggml_type weight) {
    if (weight == GGML_TYPE_F32) return 32;
    if (weight == GGML_TYPE_BF16) return gemm::multiplies_bfloat16() ? 32 : 0;
    return has_quantized_product(weight) ? 64 : 0;
}

bool is_taken(const ggml_tensor* node) {
    if (node->op != GGML_OP_MUL_MAT || !gemm::is_optimized()) return false;
    const ggml_tensor* weight = node->src[0];
    const ggml_tensor* rows = node->src[1];
    const bool is_matrix = weight->op == GGML_OP_NONE && ggml_n_dims(weight) == 2;
    const std::int64_t fewest = is_matrix ? fewest_rows(weight->type) : 0;
    return fewest > 0 && ggml_nrows(rows) >= fewest && rows->type == GGML_TYPE_F32 && is_dense(weight) &&
           is_dense(rows) && is_dense(node);
}

}  // namespace

bool OwnProducts::before(ggml_tensor* node) {
    if (!on || !own_products || !is_taken(node)) return false;
    skipped_.skip(node);
    running_ = node;
    return true;
}

void OwnProducts::after(ggml_tensor* node, int threads) {
    if (node != running_) return;
    running_ = nullptr;
    skipped_.restore();
    const ggml_tensor* weight = node->src[0];
    const std::int64_t columns = weight->ne[0];
    const auto* rows = static_cast<const float*>(node->src[1]->data);
    auto* out = static_cast<float*>(node->data);
    if (has_quantized_product(weight->type)) {
        quantized_.compute(node, threads);
    } else if (weight->type == GGML_TYPE_BF16) {
        gemm::multiply_bfloat16(ggml_nrows(node), node->ne[0], columns, rows, columns,
                                {static_cast<const std::uint16_t*>(weight->data), columns, true}, 0.0F, out,
                                node->ne[0], threads);
    } else {
        gemm::multiply(ggml_nrows(node), node->ne[0], columns, {rows, columns},
                       {static_cast<const float*>(weight->data), columns, true}, 0.0F, out, node->ne[0],
                       threads);
    }
}

}  // namespace llmx::engine

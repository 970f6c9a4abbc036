#include "engine/pass/own_products.hpp"

#include "engine/servers/remote.hpp"
#include "gemm/gemm.hpp"

namespace llmx::engine {

namespace {

constexpr std::int64_t fewest_rows = 32;

bool is_dense(const ggml_tensor* tensor) { return ggml_is_contiguous(tensor) && !is_remote(tensor); }

bool is_fast(ggml_type type) {
    return type == GGML_TYPE_F32 || (type == GGML_TYPE_BF16 && gemm::multiplies_bfloat16());
}

bool is_taken(const ggml_tensor* node) {
    if (node->op != GGML_OP_MUL_MAT) return false;
    const ggml_tensor* weight = node->src[0];
    const ggml_tensor* rows = node->src[1];
    const bool is_matrix = weight->op == GGML_OP_NONE && ggml_n_dims(weight) == 2;
    return is_matrix && is_fast(weight->type) && rows->type == GGML_TYPE_F32 &&
           ggml_nrows(rows) >= fewest_rows && is_dense(weight) && is_dense(rows) && is_dense(node);
}

}  // namespace

bool OwnProducts::before(ggml_tensor* node) {
    if (!is_taken(node)) return false;
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
    if (weight->type == GGML_TYPE_BF16) {
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

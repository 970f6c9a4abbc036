#include "engine/generate/row_products.hpp"

#include <ggml-cpu.h>

#include "core/parallel.hpp"
#include "engine/servers/remote.hpp"

namespace llmx::engine {
namespace {

/// May ggml have used a kernel that it does not use for one row? (`llamafile_sgemm`)
bool differs(const ggml_tensor* node) {
    if (node->op != GGML_OP_MUL_MAT || node->src[1]->ne[1] < 2 || node->src[1]->type != GGML_TYPE_F32)
        return false;
    if (is_remote(node->src[0]))
        return false;  // re-ordered weights: one row or several, the bits are the same
    switch (node->src[0]->type) {
        case GGML_TYPE_F32:
            return ggml_is_contiguous(node->src[1]);
        case GGML_TYPE_F16:
        case GGML_TYPE_BF16:
        case GGML_TYPE_Q8_0:
        case GGML_TYPE_Q4_0:
        case GGML_TYPE_Q5_0:
        case GGML_TYPE_IQ4_NL:
            return true;
        default:
            return false;
    }
}

template <class Byte>
Byte* row(Byte* data, const ggml_tensor* t, std::int64_t i1, std::int64_t i2, std::int64_t i3) {
    return data + static_cast<std::size_t>(i1) * t->nb[1] + static_cast<std::size_t>(i2) * t->nb[2] +
           static_cast<std::size_t>(i3) * t->nb[3];
}

}  // namespace

bool RowProducts::on_node(ggml_tensor* node, bool ask) {
    if (ask) return differs(node);
    compute(node);
    return true;
}

void RowProducts::compute(ggml_tensor* product) {
    const ggml_tensor* a = product->src[0];
    const ggml_tensor* b = product->src[1];
    const ggml_type_traits_cpu* traits = ggml_get_type_traits_cpu(a->type);
    const std::int64_t columns = a->ne[0];
    const std::int64_t matrices = b->ne[2] * b->ne[3];
    const std::size_t row_bytes = ggml_row_size(traits->vec_dot_type, columns);
    rows_.resize(row_bytes * static_cast<std::size_t>(b->ne[1] * matrices));
    const auto row_of_b = [&](std::int64_t i1, std::int64_t matrix) {
        return rows_.data() + row_bytes * static_cast<std::size_t>(matrix * b->ne[1] + i1);
    };
    for (std::int64_t matrix = 0; matrix < matrices; ++matrix) {
        for (std::int64_t i1 = 0; i1 < b->ne[1]; ++i1) {
            const char* from =
                row(static_cast<const char*>(b->data), b, i1, matrix % b->ne[2], matrix / b->ne[2]);
            if (traits->vec_dot_type == GGML_TYPE_F32) {
                std::copy_n(from, row_bytes, row_of_b(i1, matrix));
            } else {
                ggml_get_type_traits_cpu(traits->vec_dot_type)
                    ->from_float(reinterpret_cast<const float*>(from), row_of_b(i1, matrix), columns);
            }
        }
    }
    parallel_blocks(threads_, a->ne[1], [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t matrix = 0; matrix < matrices; ++matrix) {
            const std::int64_t i2 = matrix % b->ne[2];
            const std::int64_t i3 = matrix / b->ne[2];
            for (std::int64_t n = first; n < last; ++n) {
                const char* weights = row(static_cast<const char*>(a->data), a, n, i2 * a->ne[2] / b->ne[2],
                                          i3 * a->ne[3] / b->ne[3]);
                for (std::int64_t m = 0; m < b->ne[1]; ++m) {
                    auto* to =
                        reinterpret_cast<float*>(row(static_cast<char*>(product->data), product, m, i2, i3));
                    traits->vec_dot(static_cast<int>(columns), to + n, 0, weights, 0, row_of_b(m, matrix), 0,
                                    1);
                }
            }
        }
    });
}

}  // namespace llmx::engine

// TRI: a triangle of each matrix, zero elsewhere.  dx is the same triangle of dy.

#include "vjp/rows.hpp"

namespace llmx::vjp {

namespace {

enum Triangle { upper_with_diagonal, upper, lower_with_diagonal, lower };  // ggml_tri_type

SavedValues saved(const Node&) { return SavedValues::nothing(); }

std::string refuses(const Node& node) {
    const std::int32_t type = node.param_i32(0);
    return type >= upper_with_diagonal && type <= lower ? "" : "triangle " + std::to_string(type);
}

void pull(Pull& pull) {
    if (!pull.wants(0)) return;
    const std::int32_t type = pull.node().param_i32(0);
    const std::int64_t n = pull.dy().columns();
    for_each_row(pull, 0, [=](float* dx, const float* dy, std::int64_t, std::int64_t, std::int64_t row) {
        const bool is_lower = type == lower || type == lower_with_diagonal;
        const std::int64_t first = is_lower ? 0 : type == upper ? row + 1 : row;
        const std::int64_t last = !is_lower ? n : std::min(n, type == lower ? row : row + 1);
        if (first < last) add_scaled(dx + first, dy + first, 1.0F, last - first);
    });
}

}  // namespace

extern const Rule tri_rule{"TRI", saved, pull, refuses};

}  // namespace llmx::vjp

// PAD: the source with zeros around it.  dx is the part of dy inside.

#include "vjp/rows.hpp"

namespace llmx::vjp {

namespace {

SavedValues saved(const Node&) { return SavedValues::nothing(); }

std::string refuses(const Node& node) { return node.param_i32(8) == 0 ? "" : "circular padding"; }

void pull(Pull& pull) {
    if (!pull.wants(0)) return;
    TensorView<const float> inside = pull.dy();
    // ggml counts extents from the last; each has its padding before, then after
    for (int i = 0; i < 4; ++i)
        inside.data += pull.node().param_i32(2 * i) * inside.strides[static_cast<std::size_t>(3 - i)];
    inside.shape = pull.node().source(0).shape;
    pull_part(pull, 0, inside);
}

}  // namespace

extern const Rule pad_rule{"PAD", saved, pull, refuses};

}  // namespace llmx::vjp

// CONCAT: sources 0 and 1 one after the other along one extent.  Each takes its own part of dy.

#include "vjp/rows.hpp"

namespace llmx::vjp {

namespace {

SavedValues saved(const Node&) { return SavedValues::nothing(); }

void pull_source(Pull& pull, int source, std::size_t extent, std::int64_t offset) {
    TensorView<const float> part = pull.dy();
    part.data += offset * part.strides[extent];
    part.shape = pull.node().source(source).shape;
    pull_part(pull, source, part);
}

void pull(Pull& pull) {
    const auto extent = static_cast<std::size_t>(3 - pull.node().param_i32(0));  // ggml counts from the rear
    if (pull.wants(0)) pull_source(pull, 0, extent, 0);
    if (pull.wants(1)) pull_source(pull, 1, extent, pull.node().source(0).shape[extent]);
}

}  // namespace

extern const Rule concat_rule{"CONCAT", saved, pull};

}  // namespace llmx::vjp

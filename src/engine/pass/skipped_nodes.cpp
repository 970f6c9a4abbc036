#include "engine/pass/skipped_nodes.hpp"

namespace llmx::engine {

void SkippedNodes::skip(ggml_tensor* node) {
    nodes_.emplace_back(node, node->op);
    node->op = GGML_OP_NONE;
}

void SkippedNodes::restore() {
    for (const auto& [node, op] : nodes_) node->op = op;
    nodes_.clear();
}

}  // namespace llmx::engine

// SET: source 0, with source 1 written over a window of it. Each takes its own part of dy.

#include "vjp/rows.hpp"

namespace llmx::vjp {

namespace {

SavedValues saved(const Node&) { return SavedValues::nothing(); }

std::string refuses(const Node& node) { return node.info.type == "f32" ? "" : "type " + node.info.type; }

/// The window in dense memory that holds the output: ggml gives its strides and offset in bytes.
template <class T>
TensorView<T> window_of(const Node& node, T* memory) {
    const auto elements = [&](int param) { return std::int64_t{node.param_i32(param)} / 4; };
    return {memory + elements(3), node.source(1).shape, {elements(2), elements(1), elements(0), 1}};
}

void pull(Pull& pull) {
    const TensorView<const float> dy = pull.dy();
    if (pull.wants(1)) pull_part(pull, 1, window_of(pull.node(), dy.data));
    if (!pull.wants(0)) return;
    std::vector<float> rest(dy.data, dy.data + dy.elements());
    clear(window_of(pull.node(), rest.data()));
    pull_part(pull, 0, dense_view<const float>(rest.data(), dy.shape));
}

}  // namespace

extern const Rule set_rule{"SET", saved, pull, refuses};

}  // namespace llmx::vjp

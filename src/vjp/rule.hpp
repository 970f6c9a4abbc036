#pragma once
// A rule: how the gradient of one ggml operation's output reaches its sources.
//
// A rule is one file in rules/ that defines `const Rule <file name>_rule`, and one line in rules.def.

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/pass/graph.hpp"

namespace llmx::vjp {

class Pull;

/// The values that a rule needs from the forward pass; bit i: source i.
struct SavedValues {
    std::uint32_t sources = 0;
    bool output = false;

    [[nodiscard]] static SavedValues nothing() { return {}; }
    [[nodiscard]] static SavedValues source(int i) { return {1U << static_cast<unsigned>(i), false}; }
    [[nodiscard]] static SavedValues result() { return {0, true}; }
    friend SavedValues operator|(SavedValues a, SavedValues b) {
        return {a.sources | b.sources, a.output || b.output};
    }
};

/// A node as a rule sees it when the tape is planned.
struct Node {
    const engine::Graph& graph;
    const engine::TensorInfo& info;
    std::uint32_t wanted = 0;  ///< bit i: source i takes a gradient

    [[nodiscard]] bool wants(int i) const { return (wanted >> static_cast<unsigned>(i) & 1U) != 0; }
    [[nodiscard]] bool has(int i) const {
        return i < static_cast<int>(info.sources.size()) && info.sources[static_cast<std::size_t>(i)] >= 0;
    }
    [[nodiscard]] const engine::TensorInfo& source(int i) const {
        return graph.at(info.sources[static_cast<std::size_t>(i)]);
    }
    /// See engine::reading_node.
    [[nodiscard]] int reader(int i) const;
    [[nodiscard]] std::int32_t param_i32(int i) const { return info.params[static_cast<std::size_t>(i)]; }
    [[nodiscard]] float param_f32(int i) const;
};

struct Rule {
    std::string_view op;  ///< ggml's name of the operation

    /// Values that `pull` reads. Weights and inputs (positions, masks, ids) are always available; only memory
    /// and sources computed in the pass must be kept.
    SavedValues (*saved)(const Node&) = nullptr;

    /// Adds the gradient of each wanted source, given the output's. Null: the operation has no gradient, and
    /// none flows through it.
    void (*pull)(Pull&) = nullptr;

    /// Empty if this node's parameters are supported, else what is not. Null: everything is.
    std::string (*refuses)(const Node&) = nullptr;

    /// The node writes only part of its window; `pull` clears what it wrote (SET_ROWS).
    bool clears_itself = false;
};

/// The rule of an operation, or null.
const Rule* find_rule(std::string_view op);

/// Names of all operations with a rule, comma-separated, for messages.
std::string known_rules();

}  // namespace llmx::vjp

#pragma once
// A recorded pass: its graph, and the requested values. Immutable once recorded.

#include <map>
#include <memory>
#include <set>
#include <span>
#include <vector>

#include "core/mask.hpp"
#include "core/tensor_view.hpp"
#include "engine/pass/pass.hpp"
#include "tape/arena.hpp"
#include "tape/lineage.hpp"

namespace llmx::tape {

/// The values of a pass to keep.
using Keeps = std::set<ValueKey>;

class StoredMask;

class Tape {
public:
    /// The arenas hold its values.
    Tape(std::shared_ptr<const engine::Graph> graph, std::vector<std::shared_ptr<Arena>> arenas);

    [[nodiscard]] const engine::Graph& graph() const { return *graph_; }
    [[nodiscard]] const Lineage& lineage() const { return lineage_; }

    /// A tensor's value as node `reader` read it, float32, through the tensor's own window. Throws
    /// Error{internal} if it was not kept.
    [[nodiscard]] TensorView<const float> read_by(int tensor, int reader) const;
    /// The same of integers.
    [[nodiscard]] TensorView<const std::int32_t> indices_read_by(int tensor, int reader) const;
    /// The same of a mask.
    [[nodiscard]] MaskView mask_read_by(int tensor, int reader) const;
    /// What node number `node` wrote.
    [[nodiscard]] TensorView<const float> written_by(int node) const;
    /// A kept value through the window of `tensor`.
    [[nodiscard]] TensorView<const float> value(ValueKey key, const engine::TensorInfo& tensor) const;
    /// All of a kept float32 value, as its storage root lies.
    [[nodiscard]] std::span<const float> all(ValueKey key) const;
    [[nodiscard]] bool has(ValueKey key) const { return values_.contains(key) || masks_.contains(key); }

private:
    friend class Recorder;
    [[nodiscard]] const void* stored(ValueKey key, const engine::TensorInfo& tensor) const;

    std::shared_ptr<const engine::Graph> graph_;
    std::vector<std::shared_ptr<Arena>> arenas_;
    Lineage lineage_;
    std::map<ValueKey, const void*> values_;  // float32, or int32 for integer roots
    std::map<ValueKey, std::shared_ptr<const StoredMask>> masks_;
};

/// Bytes that keeping a value takes; of a large input, as if it were a mask that can be kept by bit.
std::size_t bytes_of(const engine::Graph& graph, ValueKey key);

/// What to keep of a pass, and where. The arenas are the caller's to reset.
struct Recording {
    const Keeps& keeps;
    std::shared_ptr<Arena> arena;
    const Keeps* lasting = nullptr;  ///< kept in an arena of their own, which outlives the other
    std::shared_ptr<Arena> lasting_arena = nullptr;
};

/// Runs the pass and keeps what `recording` names, and every input that a node reads.
Tape record(engine::Session& session, const engine::PassInput& input,
            std::shared_ptr<const engine::Graph> graph, const Recording& recording);

/// A part of a pass, which ends with node `last` (so there are no results).
struct Part {
    int last = 0;
    const std::vector<bool>* runs = nullptr;  ///< by node: does it run? null: every one does
    const Keeps* given = nullptr;             ///< values of nodes that do not, as `values` has them
    const Tape* values = nullptr;
};
Tape record_part(engine::Session& session, const engine::PassInput& input,
                 std::shared_ptr<const engine::Graph> graph, const Recording& recording, const Part& part);

}  // namespace llmx::tape

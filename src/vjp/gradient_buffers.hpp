#pragma once
// GradientBuffers memory: for every storage root that a gradient reaches, a float32 buffer of the same
// extents.

#include <map>
#include <memory>
#include <vector>

#include "core/tensor_view.hpp"
#include "engine/pass/graph.hpp"
#include "vjp/pull.hpp"

namespace llmx::vjp {

/// A buffer of floats that returns to its pool.
class BufferPool {
public:
    struct Free {
        void operator()(float* memory) const;
    };
    using Buffer = std::unique_ptr<float[], Free>;

    Buffer take(std::int64_t elements);
    void give(std::int64_t elements, Buffer buffer);

private:
    std::map<std::int64_t, std::vector<Buffer>> free_;  // by element count
};

class GradientBuffers {
public:
    explicit GradientBuffers(const engine::Graph& graph) : graph_(graph), roots_(graph.tensors.size()) {}

    /// Has any gradient reached the tensor's root?
    [[nodiscard]] bool reached(int tensor) const;

    /// The window of `tensor`; created on first use, then `fresh` if it covers its whole root.
    Sink touch(int tensor, bool may_be_fresh);

    /// The gradient of `tensor`, dense, taken out of the shadow: its window is zero afterwards (the whole
    /// root is released if the tensor is one).
    struct Taken {
        BufferPool::Buffer memory;
        std::int64_t elements = 0;
        TensorView<const float> view;
    };
    Taken take(int tensor, bool clear_window);
    void give_back(Taken taken) { pool_.give(taken.elements, std::move(taken.memory)); }

    /// A dense, zeroed buffer outside the shadow.
    Taken scratch(const Shape& shape);

    /// Drops the gradient of a root.
    void drop(int root);
    /// Drops every gradient.
    void reset();

private:
    struct Root {
        BufferPool::Buffer memory;
        bool fresh = false;  // nothing has been written yet
    };
    void settle(int root);

    const engine::Graph& graph_;
    std::vector<Root> roots_;
    BufferPool pool_;
};

}  // namespace llmx::vjp

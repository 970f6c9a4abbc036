#include "vjp/gradient_buffers.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace llmx::vjp {

void BufferPool::Free::operator()(float* memory) const { std::free(memory); }

BufferPool::Buffer BufferPool::take(std::int64_t elements) {
    auto& list = free_[elements];
    if (!list.empty()) {
        Buffer buffer = std::move(list.back());
        list.pop_back();
        return buffer;
    }
    const std::size_t bytes = (static_cast<std::size_t>(elements) * sizeof(float) + 63) / 64 * 64;
    Buffer buffer(static_cast<float*>(std::aligned_alloc(64, std::max<std::size_t>(bytes, 64))));
    if (!buffer) throw std::bad_alloc();
    return buffer;
}

void BufferPool::give(std::int64_t elements, Buffer buffer) {
    if (buffer) free_[elements].push_back(std::move(buffer));
}

bool GradientBuffers::reached(int tensor) const {
    return roots_[static_cast<std::size_t>(graph_.at(tensor).root)].memory != nullptr;
}

/// Memory handed out as fresh has been written by now; fresh memory that nobody took is cleared.
void GradientBuffers::settle(int root) {
    Root& r = roots_[static_cast<std::size_t>(root)];
    if (r.fresh) std::fill_n(r.memory.get(), graph_.at(root).elements(), 0.0F);
    r.fresh = false;
}

Sink GradientBuffers::touch(int tensor, bool may_be_fresh) {
    const engine::TensorInfo& info = graph_.at(tensor);
    Root& root = roots_[static_cast<std::size_t>(info.root)];
    const std::int64_t root_elements = graph_.at(info.root).elements();
    if (!root.memory) {
        root.memory = pool_.take(root_elements);
        root.fresh = true;
    }
    const TensorView<float> view{root.memory.get() + info.offset, info.shape, info.strides};
    if (root.fresh && may_be_fresh && info.elements() == root_elements) {
        root.fresh = false;
        return {view, true};
    }
    settle(info.root);
    return {view, false};
}

GradientBuffers::Taken GradientBuffers::take(int tensor, bool clear_window) {
    const engine::TensorInfo& info = graph_.at(tensor);
    Root& root = roots_[static_cast<std::size_t>(info.root)];
    settle(info.root);
    if (info.is_root() && clear_window) {
        Taken taken{std::move(root.memory), info.elements(), {}};
        taken.view = dense_view<const float>(taken.memory.get(), info.shape);
        return taken;
    }
    Taken taken{pool_.take(info.elements()), info.elements(), {}};
    taken.view = dense_view<const float>(taken.memory.get(), info.shape);
    const TensorView<float> window{root.memory.get() + info.offset, info.shape, info.strides};
    float* out = taken.memory.get();
    for (std::int64_t r = 0; r < window.rows(); ++r) {
        const float* row = window.row(r);
        for (std::int64_t c = 0; c < window.columns(); ++c) *out++ = row[c * window.strides[3]];
    }
    if (clear_window) clear(window);
    return taken;
}

GradientBuffers::Taken GradientBuffers::scratch(const Shape& shape) {
    const std::int64_t elements = shape[0] * shape[1] * shape[2] * shape[3];
    Taken taken{pool_.take(elements), elements, {}};
    std::fill_n(taken.memory.get(), elements, 0.0F);
    taken.view = dense_view<const float>(taken.memory.get(), shape);
    return taken;
}

void GradientBuffers::drop(int root) {
    const auto i = static_cast<std::size_t>(root);
    pool_.give(graph_.tensors[i].elements(), std::move(roots_[i].memory));
    roots_[i].fresh = false;
}

void GradientBuffers::reset() {
    for (int root = 0; root < static_cast<int>(roots_.size()); ++root) drop(root);
}

}  // namespace llmx::vjp

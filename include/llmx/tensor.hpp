#pragma once
// A dense float32 array.

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace llmx {

/// An owned dense array of float32, row-major: the last extent varies fastest.
struct Tensor {
    std::vector<std::int64_t> shape;
    std::vector<float> values;

    static Tensor zero(std::vector<std::int64_t> shape) {
        std::size_t count = 1;
        for (const std::int64_t extent : shape) count *= static_cast<std::size_t>(extent);
        return {std::move(shape), std::vector<float>(count, 0.0F)};
    }

    [[nodiscard]] bool empty() const noexcept { return values.empty(); }

    /// Row `i` of a matrix [rows, columns]; no bounds check.
    [[nodiscard]] std::span<const float> row(std::size_t i) const {
        const auto columns = static_cast<std::size_t>(shape.back());
        return {values.data() + i * columns, columns};
    }
    [[nodiscard]] std::span<float> row(std::size_t i) {
        const auto columns = static_cast<std::size_t>(shape.back());
        return {values.data() + i * columns, columns};
    }
};

}  // namespace llmx

#pragma once
// A window into memory: four row-major extents with strides in elements. Does not own the memory.

#include <array>
#include <cstdint>

namespace llmx {

using Shape = std::array<std::int64_t, 4>;

template <class T>
struct TensorView {
    T* data = nullptr;
    Shape shape{};
    Shape strides{};

    explicit operator bool() const { return data != nullptr; }
    [[nodiscard]] std::int64_t columns() const { return shape[3]; }
    [[nodiscard]] std::int64_t rows() const { return shape[0] * shape[1] * shape[2]; }
    [[nodiscard]] std::int64_t elements() const { return rows() * columns(); }

    [[nodiscard]] T* row(std::int64_t i0, std::int64_t i1, std::int64_t i2) const {
        return data + i0 * strides[0] + i1 * strides[1] + i2 * strides[2];
    }
    [[nodiscard]] T& at(std::int64_t i0, std::int64_t i1, std::int64_t i2, std::int64_t i3) const {
        return row(i0, i1, i2)[i3 * strides[3]];
    }
    /// Row number `r` of rows(), counted in row-major order.
    [[nodiscard]] T* row(std::int64_t r) const {
        const std::int64_t i2 = r % shape[2];
        const std::int64_t i1 = r / shape[2] % shape[1];
        return row(r / (shape[2] * shape[1]), i1, i2);
    }
};

/// Strides of a dense array of this shape.
inline Shape dense_strides(const Shape& shape) {
    return {shape[1] * shape[2] * shape[3], shape[2] * shape[3], shape[3], 1};
}

template <class T>
TensorView<T> dense_view(T* data, const Shape& shape) {
    return {data, shape, dense_strides(shape)};
}

template <class T>
bool is_dense(const TensorView<T>& view) {
    const Shape dense = dense_strides(view.shape);
    for (std::size_t d = 0; d < 4; ++d) {
        if (view.shape[d] != 1 && view.strides[d] != dense[d]) return false;
    }
    return true;
}

}  // namespace llmx

#pragma once
// Small dense arrays in double, row-major: the values of the tests' own forward functions.

#include <cstdint>
#include <vector>

#include "core/tensor_view.hpp"

namespace llmx::test {

struct Array {
    Shape shape{1, 1, 1, 1};
    std::vector<double> v;

    Array() = default;
    explicit Array(const Shape& s) : shape(s), v(static_cast<std::size_t>(s[0] * s[1] * s[2] * s[3])) {}

    [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(v.size()); }
    [[nodiscard]] std::int64_t columns() const { return shape[3]; }
    [[nodiscard]] std::int64_t rows() const { return shape[0] * shape[1] * shape[2]; }
    [[nodiscard]] double* row(std::int64_t r) { return v.data() + r * shape[3]; }
    [[nodiscard]] const double* row(std::int64_t r) const { return v.data() + r * shape[3]; }

    [[nodiscard]] double at(std::int64_t i0, std::int64_t i1, std::int64_t i2, std::int64_t i3) const {
        return v[static_cast<std::size_t>(((i0 * shape[1] + i1) * shape[2] + i2) * shape[3] + i3)];
    }
    /// As ggml repeats a smaller operand.
    [[nodiscard]] double repeated(std::int64_t i0, std::int64_t i1, std::int64_t i2, std::int64_t i3) const {
        return at(i0 % shape[0], i1 % shape[1], i2 % shape[2], i3 % shape[3]);
    }
    [[nodiscard]] std::int64_t id(std::int64_t i0, std::int64_t i1, std::int64_t i2, std::int64_t i3) const {
        return static_cast<std::int64_t>(at(i0, i1, i2, i3));
    }
};

/// The array with element f(i0, i1, i2, i3) everywhere.
template <class F>
Array make(const Shape& shape, F&& f) {
    Array out(shape);
    std::size_t k = 0;
    for (std::int64_t i0 = 0; i0 < shape[0]; ++i0) {
        for (std::int64_t i1 = 0; i1 < shape[1]; ++i1) {
            for (std::int64_t i2 = 0; i2 < shape[2]; ++i2) {
                for (std::int64_t i3 = 0; i3 < shape[3]; ++i3) out.v[k++] = f(i0, i1, i2, i3);
            }
        }
    }
    return out;
}

}  // namespace llmx::test

#pragma once
// The library's numbers as NumPy arrays that share its memory: read-only, kept alive by their owner.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <llmx/tensor.hpp>
#include <vector>

namespace llmx::python {

namespace nb = nanobind;

template <typename T>
using Array = nb::ndarray<nb::numpy, const T>;

template <typename T>
Array<T> shared(const std::vector<T>& values, nb::handle owner) {
    return Array<T>(values.data(), {values.size()}, owner);
}

inline Array<float> shared(const Tensor& tensor, nb::handle owner) {
    std::vector<std::size_t> shape(tensor.shape.begin(), tensor.shape.end());
    if (shape.empty()) shape = {0};
    return Array<float>(tensor.values.data(), shape.size(), shape.data(), owner);
}

/// None where there is none.
inline nb::object shared_or_none(const Tensor& tensor, nb::handle owner) {
    return tensor.empty() ? nb::none() : nb::cast(shared(tensor, owner));
}

}  // namespace llmx::python

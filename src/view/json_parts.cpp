#include "view/json_parts.hpp"

#include <fmt/format.h>

#include <cmath>
#include <llmx/error.hpp>

#include "view/shortest.hpp"

namespace llmx::view {
namespace {

template <typename Number>
void require_finite(Number value, const std::string& key) {
    if (!std::isfinite(value)) {
        throw Error(ErrorCode::internal,
                    fmt::format("json: {} holds {}; expected a finite number", key, value));
    }
}

}  // namespace

Json number(float value, const std::string& key) {
    require_finite(value, key);
    return shortest(value);
}

Json number(double value, const std::string& key) {
    require_finite(value, key);
    return value;
}

Json numbers(std::span<const float> values, const std::string& key) {
    Json list = Json::array();
    for (const float value : values) list.push_back(number(value, key));
    return list;
}

Json nested(std::span<const float> values, std::span<const std::int64_t> shape, const std::string& key) {
    if (shape.size() == 1) return numbers(values, key);
    Json list = Json::array();
    const auto count = static_cast<std::size_t>(shape[0]);
    const std::size_t step = count == 0 ? 0 : values.size() / count;
    for (std::size_t i = 0; i < count; ++i) {
        list.push_back(nested(values.subspan(i * step, step), shape.subspan(1), key));
    }
    return list;
}

Json nested(const Tensor& tensor, const std::string& key) {
    if (tensor.shape.empty() && tensor.empty()) return Json::array();
    std::size_t expected = 1;
    for (const auto extent : tensor.shape) expected *= static_cast<std::size_t>(extent);
    if (tensor.shape.empty() || expected != tensor.values.size()) {
        throw Error(ErrorCode::internal, fmt::format("json: {} holds {} values; its shape says {}", key,
                                                     tensor.values.size(), expected));
    }
    return nested(tensor.values, tensor.shape, key);
}

}  // namespace llmx::view

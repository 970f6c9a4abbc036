#include "view/json_parts.hpp"

#include <fmt/format.h>

#include <cmath>
#include <llmx/error.hpp>

#include "view/base64.hpp"
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

void require_shape(std::size_t values, std::span<const std::int64_t> shape, const std::string& key) {
    std::size_t expected = 1;
    for (const auto extent : shape) expected *= static_cast<std::size_t>(extent);
    if (!shape.empty() && expected == values) return;
    throw Error(ErrorCode::internal,
                fmt::format("json: {} holds {} values; its shape says {}", key, values, expected));
}

/// `one`: makes JSON of a number.
template <class Number, class One>
Json lists_of(std::span<const Number> values, std::span<const std::int64_t> shape, const One& one) {
    Json list = Json::array();
    const auto count = static_cast<std::size_t>(shape[0]);
    const std::size_t step = count == 0 ? 0 : values.size() / count;
    for (std::size_t i = 0; i < count; ++i) {
        list.push_back(shape.size() == 1 ? one(values[i])
                                         : lists_of(values.subspan(i * step, step), shape.subspan(1), one));
    }
    return list;
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

Json lists(const Tensor& tensor, const std::string& key) {
    if (tensor.shape.empty() && tensor.empty()) return Json::array();
    require_shape(tensor.values.size(), tensor.shape, key);
    return lists_of(std::span(tensor.values), std::span(tensor.shape),
                    [&](float value) { return number(value, key); });
}

Json lists(std::span<const int> values, std::span<const std::int64_t> shape, const std::string& key) {
    require_shape(values.size(), shape, key);
    return lists_of(values, shape, [](int value) { return Json(value); });
}

std::string base64(std::span<const float> values, const std::string& key) {
    for (const float value : values) require_finite(value, key);
    return base64_floats(values);
}

std::string base64(const Tensor& tensor, const std::string& key) {
    return base64(std::span(tensor.values), key);
}

std::string base64(std::span<const std::uint8_t> bytes, const std::string&) { return base64(bytes); }

std::string dumped(const Json& json) {
    try {
        return json.dump();
    } catch (const Json::type_error& e) {  // the only cause: a text that is not UTF-8
        throw Error(ErrorCode::internal, fmt::format("json: {}; expected UTF-8 everywhere", e.what()));
    }
}

}  // namespace llmx::view

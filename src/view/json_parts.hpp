#pragma once
// Numbers as JSON: finite, in their shortest form, lists in lists.

#include <cstdint>
#include <llmx/tensor.hpp>
#include <nlohmann/json.hpp>
#include <span>
#include <string>

namespace llmx::view {

using Json = nlohmann::ordered_json;

/// Throw Error{internal} that names the key where a number is not finite.
Json number(float value, const std::string& key);
Json number(double value, const std::string& key);
Json numbers(std::span<const float> values, const std::string& key);

/// Lists in lists, one level per extent.
Json nested(std::span<const float> values, std::span<const std::int64_t> shape, const std::string& key);
/// An empty tensor without extents stands for numbers that this model does not have.
Json nested(const Tensor& tensor, const std::string& key);

}  // namespace llmx::view

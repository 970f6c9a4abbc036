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

/// Lists in lists, one level per extent. An empty tensor without extents stands for numbers that this model
/// does not have. Throws Error{internal} where values and shape do not agree.
Json lists(const Tensor& tensor, const std::string& key);
Json lists(std::span<const int> values, std::span<const std::int64_t> shape, const std::string& key);

/// Base64 of finite numbers.
std::string base64(const Tensor& tensor, const std::string& key);
std::string base64(std::span<const float> values, const std::string& key);
std::string base64(std::span<const std::uint8_t> bytes, const std::string& key);

/// As text in one line. Throws Error{internal} for a text that is not UTF-8.
std::string dumped(const Json& json);

}  // namespace llmx::view

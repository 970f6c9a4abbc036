#pragma once
// JSON that is read: values that know where they stand, for messages.

#include <fmt/format.h>

#include <llmx/error.hpp>
#include <llmx/tensor.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace llmx::view {

using Json = nlohmann::ordered_json;

/// A value and its place in the file, for messages.
class Place {
public:
    Place(const Json& value, std::string path) : value_(value), path_(std::move(path)) {}

    [[noreturn]] void refuse(const std::string& expected) const {
        throw Error(ErrorCode::input,
                    fmt::format("{}: is {}; expected {}", path_, value_.type_name(), expected));
    }
    [[nodiscard]] bool has(const char* key) const {
        return value_.is_object() && value_.contains(key) && !value_.at(key).is_null();
    }
    [[nodiscard]] Place at(const char* key) const {
        if (!value_.is_object()) refuse("an object");
        if (!value_.contains(key)) throw Error(ErrorCode::input, fmt::format("{}: has no {}", path_, key));
        return {value_.at(key), fmt::format("{}.{}", path_, key)};
    }
    [[nodiscard]] Place at(std::size_t index) const {
        return {value_.at(index), fmt::format("{}[{}]", path_, index)};
    }
    [[nodiscard]] std::size_t size() const {
        if (!value_.is_array()) refuse("a list");
        return value_.size();
    }
    [[nodiscard]] std::string text() const {
        if (!value_.is_string()) refuse("a text");
        return value_.get<std::string>();
    }
    [[nodiscard]] double number() const {
        if (!value_.is_number()) refuse("a number");
        return value_.get<double>();
    }
    [[nodiscard]] int whole() const {
        if (!value_.is_number_integer()) refuse("a whole number");
        const auto number = value_.get<std::int64_t>();
        if (number != static_cast<int>(number)) refuse("a whole number of 32 bits");
        return static_cast<int>(number);
    }
    [[nodiscard]] bool truth() const {
        if (!value_.is_boolean()) refuse("true or false");
        return value_.get<bool>();
    }
    [[nodiscard]] const Json& json() const { return value_; }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    const Json& value_;
    std::string path_;
};

template <class Read>
auto list(const Place& place, Read&& read) {
    std::vector<std::decay_t<decltype(read(place))>> all;
    all.reserve(place.size());
    for (std::size_t i = 0; i < place.size(); ++i) all.push_back(read(place.at(i)));
    return all;
}

std::vector<std::string> texts(const Place& place);
std::vector<int> wholes(const Place& place);
std::vector<double> doubles(const Place& place);
std::vector<float> floats(const Place& place);
std::pair<int, int> range(const Place& place);

/// Rows of one length. `columns`: what it must be, where that is known.
Tensor matrix(const Place& place, std::optional<std::size_t> columns = std::nullopt);

}  // namespace llmx::view

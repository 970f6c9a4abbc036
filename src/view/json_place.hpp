#pragma once
// JSON that is read: values that know where they stand, for messages.

#include <fmt/format.h>
#include <cmath>
#include <limits>

#include <cstdint>
#include <llmx/error.hpp>
#include <nlohmann/json.hpp>
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
    /// One that float32 holds.
    [[nodiscard]] float single() const {
        if (std::abs(number()) > std::numeric_limits<float>::max()) refuse("a number of float32's range");
        return static_cast<float>(number());
    }
    [[nodiscard]] int whole() const {
        if (!value_.is_number_integer()) refuse("a whole number");
        const auto number = value_.get<std::int64_t>();
        if (number != static_cast<int>(number)) refuse("a whole number of 32 bits");
        return static_cast<int>(number);
    }
    /// A whole number from 0 of 64 bits.
    [[nodiscard]] std::uint64_t large() const {
        if (value_.is_number_unsigned()) return value_.get<std::uint64_t>();
        constexpr double most = 1ULL << 63;
        if (number() < 0 || number() >= most) refuse("a number from 0");
        return static_cast<std::uint64_t>(number());
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

/// `read(key, place)` of every member of an object.
template <class Read>
void for_each_member(const Place& place, const Read& read) {
    if (!place.json().is_object()) place.refuse("an object");
    for (const auto& [key, value] : place.json().items()) read(key, place.at(key.c_str()));
}

/// Throws Error{input} for another number of elements.
void require_numbers(const Place& place, std::size_t got, std::size_t expected);

/// Appends the numbers of lists in lists, as deep as `shape` is long, and fills that in. Lists of one depth
/// have one length; where there are none it is 0.
void read_lists(const Place& place, std::vector<std::int64_t>& shape, std::vector<float>& values);
void read_lists(const Place& place, std::vector<std::int64_t>& shape, std::vector<int>& values);

}  // namespace llmx::view

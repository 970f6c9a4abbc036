#pragma once
// JSON files of a checkpoint. Every getter says what it found and what it expected, with file and key.

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace llmx::checkpoint {

using Json = nlohmann::json;

/// A JSON object and its name for messages. A key that is null counts as absent. A getter takes the spellings
/// that a key has had over the years and uses the first that exists.
class Object {
public:
    using Keys = std::initializer_list<std::string_view>;

    Object() = default;
    Object(Json json, std::string name) : json_(std::move(json)), name_(std::move(name)) {}

    /// Throws Error{model} for a file that is missing, too large, not JSON, or not an object.
    static Object read(const std::filesystem::path& file);
    /// The same, or an empty object if there is no such file.
    static Object read_if_there(const std::filesystem::path& file);

    [[nodiscard]] bool has(std::string_view key) const { return find({key}) != nullptr; }
    [[nodiscard]] const Json* find(Keys keys) const;
    [[nodiscard]] const Json& json() const { return json_; }
    [[nodiscard]] const std::string& name() const { return name_; }

    /// Throws Error{model} if it is absent, not a whole number, or outside [least, most].
    [[nodiscard]] std::uint32_t integer(Keys keys, std::uint32_t least = 1,
                                        std::uint32_t most = 1U << 30U) const;
    [[nodiscard]] std::uint32_t integer_or(Keys keys, std::uint32_t otherwise, std::uint32_t least = 0,
                                           std::uint32_t most = 1U << 30U) const;
    /// Throws Error{model} if it is absent or not a finite number.
    [[nodiscard]] float number(Keys keys) const;
    [[nodiscard]] float number_or(Keys keys, float otherwise) const;
    [[nodiscard]] bool flag(Keys keys, bool otherwise) const;
    [[nodiscard]] std::string text(Keys keys) const;
    [[nodiscard]] std::string text_or(Keys keys, std::string_view otherwise) const;
    /// Empty if absent; throws Error{model} for anything but an object.
    [[nodiscard]] Object object(Keys keys) const;
    /// Throws Error{model} if an element is not a finite number; empty if absent.
    [[nodiscard]] std::vector<float> numbers(Keys keys) const;
    /// Throws Error{model} if an element is not a string; empty if absent.
    [[nodiscard]] std::vector<std::string> texts(Keys keys) const;

    /// Throws Error{model} `NAME: what`.
    [[noreturn]] void fail(const std::string& what) const;

private:
    [[noreturn]] void missing(Keys keys, std::string_view expected) const;
    [[noreturn]] void wrong(std::string_view key, const Json& got, std::string_view expected) const;
    [[nodiscard]] std::pair<std::string_view, const Json*> look(Keys keys) const;

    Json json_ = Json::object();
    std::string name_;
};

/// A JSON value in at most about 60 characters, on one line: for messages.
std::string shown(const Json& json);

}  // namespace llmx::checkpoint

#include "checkpoint/json.hpp"

#include <fmt/format.h>

#include <cmath>
#include <llmx/error.hpp>

#include "core/files.hpp"
#include "text/utf8.hpp"

namespace llmx::checkpoint {

namespace fs = std::filesystem;

Object Object::read(const fs::path& file) {
    constexpr std::uintmax_t largest = std::uintmax_t{1} << 30U;
    const std::string name = file.filename().string();
    const auto fail = [&](const std::string& what) {
        throw Error(ErrorCode::model,
                    fmt::format("model {}: {}: {}", file.parent_path().string(), name, what));
    };
    std::error_code error;
    const std::uintmax_t size = fs::file_size(file, error);
    if (error || !fs::is_regular_file(file))
        fail("no such file; expected a Hugging Face directory to have it");
    if (size > largest) fail(fmt::format("{} bytes; expected at most {}", size, largest));
    std::string text;
    try {
        text = read_file(file, name);
    } catch (const Error& e) {
        throw Error(ErrorCode::model, e.what());
    }
    // Deep nesting would overflow the parser's stack on destruction: no such file is real.
    int depth = 0;
    const auto not_too_deep = [&](int level, Json::parse_event_t, Json&) {
        depth = std::max(depth, level);
        if (depth > 200) throw Error(ErrorCode::model, "");
        return true;
    };
    try {
        Object object(Json::parse(text, not_too_deep), name);
        if (!object.json_.is_object()) fail(fmt::format("{}; expected an object", shown(object.json_)));
        return object;
    } catch (const Json::exception& e) {
        const std::string what = e.what();
        const std::size_t at = what.find("parse error");
        std::string line = at == std::string::npos ? what : what.substr(at);
        for (char& c : line) c = c == '\n' ? ' ' : c;
        fail("no JSON: " + utf8::replace_invalid(line.substr(0, 160)));
    } catch (const Error& e) {
        if (std::string_view(e.what()).empty()) fail("nested too deeply for a file of a model");
        throw;
    }
    return {};
}

Object Object::read_if_there(const fs::path& file) {
    return fs::exists(file) ? read(file) : Object(Json::object(), file.filename().string());
}

std::pair<std::string_view, const Json*> Object::look(Keys keys) const {
    for (const std::string_view key : keys) {
        const auto found = json_.find(std::string(key));
        if (found != json_.end() && !found->is_null()) return {key, &*found};
    }
    return {*keys.begin(), nullptr};
}

const Json* Object::find(Keys keys) const { return look(keys).second; }

std::uint32_t Object::integer(Keys keys, std::uint32_t least, std::uint32_t most) const {
    const auto [key, json] = look(keys);
    if (json == nullptr) missing(keys, fmt::format("a whole number from {} to {}", least, most));
    double value = -1;
    if (json->is_number()) value = json->get<double>();
    if (!(value >= least && value <= most && value == std::floor(value))) {
        wrong(key, *json, fmt::format("a whole number from {} to {}", least, most));
    }
    return static_cast<std::uint32_t>(value);
}

std::uint32_t Object::integer_or(Keys keys, std::uint32_t otherwise, std::uint32_t least,
                                 std::uint32_t most) const {
    return find(keys) == nullptr ? otherwise : integer(keys, least, most);
}

float Object::number(Keys keys) const {
    const auto [key, json] = look(keys);
    if (json == nullptr) missing(keys, "a number");
    const double value = json->is_number() ? json->get<double>() : std::nan("");
    if (!std::isfinite(static_cast<float>(value))) wrong(key, *json, "a finite number");
    return static_cast<float>(value);
}

float Object::number_or(Keys keys, float otherwise) const {
    return find(keys) == nullptr ? otherwise : number(keys);
}

bool Object::flag(Keys keys, bool otherwise) const {
    const auto [key, json] = look(keys);
    if (json == nullptr) return otherwise;
    if (!json->is_boolean()) wrong(key, *json, "true or false");
    return json->get<bool>();
}

std::string Object::text(Keys keys) const {
    const auto [key, json] = look(keys);
    if (json == nullptr) missing(keys, "a text");
    if (!json->is_string()) wrong(key, *json, "a text");
    return json->get<std::string>();
}

std::string Object::text_or(Keys keys, std::string_view otherwise) const {
    return find(keys) == nullptr ? std::string(otherwise) : text(keys);
}

Object Object::object(Keys keys) const {
    const auto [key, json] = look(keys);
    if (json == nullptr) return Object(Json::object(), fmt::format("{}: {}", name_, key));
    if (!json->is_object()) wrong(key, *json, "an object");
    return Object(*json, fmt::format("{}: {}", name_, key));
}

std::vector<float> Object::numbers(Keys keys) const {
    const auto [key, json] = look(keys);
    std::vector<float> values;
    if (json == nullptr) return values;
    if (!json->is_array()) wrong(key, *json, "an array of numbers");
    for (const Json& element : *json) {
        if (!element.is_number() || !std::isfinite(element.get<float>()))
            wrong(key, element, "finite numbers");
        values.push_back(element.get<float>());
    }
    return values;
}

std::vector<std::string> Object::texts(Keys keys) const {
    const auto [key, json] = look(keys);
    std::vector<std::string> values;
    if (json == nullptr) return values;
    if (!json->is_array()) wrong(key, *json, "an array of texts");
    for (const Json& element : *json) {
        if (!element.is_string()) wrong(key, element, "texts");
        values.push_back(element.get<std::string>());
    }
    return values;
}

void Object::fail(const std::string& what) const {
    throw Error(ErrorCode::model, fmt::format("{}: {}", name_, what));
}

void Object::missing(Keys keys, std::string_view expected) const {
    std::string names;
    for (const std::string_view key : keys) names += (names.empty() ? "" : " or ") + std::string(key);
    fail(fmt::format("no {}; expected {}", names, expected));
}

void Object::wrong(std::string_view key, const Json& got, std::string_view expected) const {
    fail(fmt::format("{} is {}; expected {}", key, shown(got), expected));
}

std::string shown(const Json& json) {
    constexpr std::size_t most = 60;
    if (json.is_array() && json.size() > 8) return fmt::format("an array of {}", json.size());
    std::string text = json.dump(-1, ' ', true, Json::error_handler_t::replace);
    if (text.size() > most) text = text.substr(0, most) + "...";
    return text;
}

}  // namespace llmx::checkpoint

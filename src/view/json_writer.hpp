#pragma once
// A record's rows as JSON. Numbers are finite and in their shortest form.

#include <fmt/format.h>

#include "view/base64.hpp"
#include "view/json_parts.hpp"
#include "view/result_rows.hpp"

namespace llmx::view {

class JsonWriter {
public:
    /// `path`: of the object, for messages; empty at the root. `raw`: the large tensors, too.
    JsonWriter(Json& object, std::string path, bool raw)
        : object_(object), path_(std::move(path)), raw_(raw) {}

    template <class T>
    void field(const Key& key, const T& value) {
        if (writes(key)) object_[key.json] = json(value, below(key.json));
    }
    template <class T>
    void nullable(const Key& key, const T& value) {
        if (writes(key)) object_[key.json] = lacks(value) ? Json(nullptr) : json(value, below(key.json));
    }
    template <class T>
    void optional(const Key& key, const T& value) {
        if (!lacks(value)) field(key, value);
    }
    template <class T>
    void extra(const Key& key, const T& value) {
        optional(key, value);
    }
    template <class T>
    void in_json(const Key& key, const T& value) {
        field(key, value);
    }
    template <class T>
    void in_json(const Key& key, const std::optional<T>& value) {
        optional(key, value);
    }
    template <class T>
    void in_python(const char*, const T&) {}
    template <class Rows>
    void group(const char* key, const Rows& rows_of_group) {
        JsonWriter inner(object_[key] = Json::object(), below(key), raw_);
        rows_of_group(inner);
    }
    template <class Record>
    void section(const Key&, const std::optional<Record>& record) {
        if (record) rows(*this, *record);
    }
    void tokens(const Key& key, const std::vector<int>& tokens) {
        Json parts = Json::array();
        for (std::size_t i = 0; i < tokens.size();) {
            std::size_t end = i + 1;
            while (end < tokens.size() && tokens[end] == tokens[end - 1] + 1) ++end;
            parts.push_back({tokens[i], tokens[end - 1] + 1});
            i = end;
        }
        object_[key.json] = {tokens.front(), tokens.back() + 1};
        if (parts.size() > 1) object_["parts"] = std::move(parts);
    }

private:
    [[nodiscard]] bool writes(const Key& key) const { return key.applies && (raw_ || !key.is_raw); }
    [[nodiscard]] std::string below(const std::string& key) const {
        return path_.empty() ? key : path_ + '.' + key;
    }

    // Values by their types. `path`: of the value.

    static Json json(bool value, const std::string&) { return value; }
    static Json json(int value, const std::string&) { return value; }
    static Json json(std::uint64_t value, const std::string&) { return value; }
    static Json json(float value, const std::string& path) { return number(value, path); }
    static Json json(double value, const std::string& path) { return number(value, path); }
    static Json json(const std::string& value, const std::string&) { return value; }
    template <class T>
    requires std::is_enum_v<T>
    static Json json(T value, const std::string&) { return to_string(value); }
    static Json json(const std::map<std::string, std::string>& texts, const std::string&) { return texts; }
    static Json json(const std::map<int, std::string>& texts, const std::string&) {
        Json all = Json::object();
        for (const auto& [id, text] : texts) all[std::to_string(id)] = text;
        return all;
    }
    static Json json(const std::vector<std::pair<std::string, double>>& named, const std::string& path) {
        Json all = Json::object();
        for (const auto& [name, value] : named) all[name] = number(value, path + '.' + name);
        return all;
    }
    static Json json(const std::pair<int, int>& pair, const std::string&) {
        return Json::array({pair.first, pair.second});
    }
    template <class T>
    Json json(const std::vector<T>& values, const std::string& path) const {
        constexpr bool records = std::is_class_v<T>;
        Json list = Json::array();
        for (std::size_t i = 0; i < values.size(); ++i)
            list.push_back(json(values[i], records ? fmt::format("{}[{}]", path, i) : path));
        return list;
    }
    template <class T>
    Json json(const std::optional<T>& value, const std::string& path) const {
        return json(*value, path);  // `nullable` and `optional` have looked
    }
    template <class T>
    Json json(const Array<T>& array, const std::string& path) const {
        return json(array.values, path);
    }
    template <class T>
    static Json json(const Nested<T>& nested, const std::string& path) {
        return lists(nested.tensor, path);
    }
    template <class T>
    static Json json(const Table<T>& table, const std::string& path) {
        return lists(table.values, table.shape, path);
    }
    template <class T>
    static Json json(const Packed<T>& packed, const std::string& path) {
        return base64(packed.values, path);
    }
    template <class T>
    static Json json(const Range<T>& range, const std::string&) {
        return Json::array({range.first, range.first + range.count});
    }
    template <class T>
    static Json json(const Count<T>& count, const std::string&) {
        return count.value;
    }
    template <class T>
    static Json json(const Unless<T>& unless, const std::string& path) {
        return json(unless.value, path);
    }
    template <class T>
    Json json(const Columns<T>& columns, const std::string& path) const {
        Json all = Json::object();
        for (const auto& record : columns.records) {
            const Json row = json(record, path);
            for (const auto& [key, value] : row.items()) all[key].push_back(value);
        }
        return all;
    }
    template <class Record>
    requires std::is_class_v<Record> Json json(const Record& record, const std::string& path)
    const {
        Json object = Json::object();
        JsonWriter inner(object, path, raw_);
        rows(inner, record);
        return object;
    }

    Json& object_;
    std::string path_;
    bool raw_;
};

}  // namespace llmx::view

#pragma once
// A record's rows read from JSON.

#include "view/base64.hpp"
#include "view/json_checks.hpp"
#include "view/json_place.hpp"
#include "view/result_rows.hpp"

namespace llmx::view {

/// Every read throws Error{input} that names the place for what is missing or of another kind.
class JsonReader {
public:
    explicit JsonReader(const Place& object) : object_(object) {}

    template <class T>
    void field(const Key& key, T&& value) {
        if (!key.may_lack || object_.has(key.json)) read(object_.at(key.json), value);
    }
    template <class T>
    void nullable(const Key& key, T&& value) {
        if (object_.has(key.json)) read(object_.at(key.json), value);
    }
    template <class T>
    void optional(const Key& key, T&& value) {
        nullable(key, value);
    }
    template <class T>
    void extra(const Key& key, T&& value) {
        nullable(key, value);
    }
    template <class T>
    void in_json(const Key& key, T&& value) {
        field(key, value);
    }
    template <class T>
    void in_json(const Key& key, std::optional<T>& value) {
        nullable(key, value);
    }
    template <class T>
    void in_python(const char*, T&&) {}
    template <class Rows>
    void group(const char* key, const Rows& rows_of_group) {
        const Place place = object_.at(key);
        JsonReader inner(place);
        rows_of_group(inner);
    }
    template <class Record>
    void section(const Key& key, std::optional<Record>& record) {
        if (object_.has(key.json)) rows(*this, record.emplace());
    }
    void tokens(const Key& key, std::vector<int>& tokens) {
        const auto add = [&](const Place& part) {
            int first = 0;
            int count = 0;
            read(part, range(first, count, "tokens"));
            for (int t = 0; t < count; ++t) tokens.push_back(first + t);
        };
        if (!object_.has("parts")) return add(object_.at(key.json));
        for (std::size_t i = 0; i < object_.at("parts").size(); ++i) add(object_.at("parts").at(i));
    }

    // Values by their types.

    static void read(const Place& place, bool& value) { value = place.truth(); }
    static void read(const Place& place, int& value) { value = place.whole(); }
    static void read(const Place& place, std::uint64_t& value) { value = place.large(); }
    static void read(const Place& place, float& value) { value = place.single(); }
    static void read(const Place& place, double& value) { value = place.number(); }
    static void read(const Place& place, std::string& value) { value = place.text(); }
    static void read(const Place& place, Task& value) { value = parse_task(place.text()); }
    static void read(const Place& place, Objective& value) { value = parse_objective(place.text()); }
    static void read(const Place& place, Absence& value) { value = parse_absence(place.text()); }
    static void read(const Place& place, ModelKind& value);
    static void read(const Place& place, std::map<std::string, std::string>& texts) {
        for_each_member(place, [&](const std::string& key, const Place& text) { texts[key] = text.text(); });
    }
    static void read(const Place& place, std::map<int, std::string>& texts);
    static void read(const Place& place, std::vector<std::pair<std::string, double>>& named) {
        for_each_member(place, [&](const std::string& key, const Place& value) {
            named.emplace_back(key, value.number());
        });
    }
    static void read(const Place& place, std::pair<int, int>& pair) {
        if (place.size() != 2) place.refuse("two whole numbers");
        pair = {place.at(std::size_t{0}).whole(), place.at(std::size_t{1}).whole()};
    }
    template <class T>
    static void read(const Place& place, std::vector<T>& values) {
        values.resize(place.size());
        for (std::size_t i = 0; i < values.size(); ++i) read(place.at(i), values[i]);
    }
    template <class T>
    static void read(const Place& place, std::optional<T>& value) {
        // not emplace(): Clang 14 takes a nested class with default members for not constructible
        value = T{};
        read(place, *value);
    }
    template <class T>
    static void read(const Place& place, Array<T> array) {
        read(place, array.values);
    }
    template <class T>
    static void read(const Place& place, Nested<T> nested) {
        nested.tensor = {std::vector<std::int64_t>(nested.rank), {}};
        read_lists(place, nested.tensor.shape, nested.tensor.values);
    }
    template <class T>
    static void read(const Place& place, Table<T> table) {
        read_lists(place, table.shape, table.values);
    }
    static void read(const Place& place, Packed<std::vector<float>> packed) {
        auto values = floats_from_base64(place.text());
        if (!values) place.refuse("float32 numbers in base64");
        packed.values = std::move(*values);
    }
    static void read(const Place& place, Packed<std::vector<std::uint8_t>> packed) {
        auto bytes = from_base64(place.text());
        if (!bytes) place.refuse("bytes in base64");
        packed.values = std::move(*bytes);
    }
    static void read(const Place& place, Packed<Tensor> packed) {
        read(place, Packed<std::vector<float>>{packed.values.values, {}});
        packed.values.shape = std::move(packed.shape);
        std::int64_t expected = 1;
        for (const std::int64_t extent : packed.values.shape) expected *= extent;
        require_numbers(place, packed.values.values.size(), static_cast<std::size_t>(expected));
    }
    static void read(const Place& place, Range<int> range) {
        std::pair<int, int> ends;
        read(place, ends);
        if (ends.first < 0 || ends.second <= ends.first || ends.second > most)
            place.refuse(fmt::format("a range of {}", range.of));
        range.first = ends.first;
        range.count = ends.second - ends.first;
    }
    static void read(const Place& place, Count<int> count) {
        count.value = place.whole();
        if (count.value < 0 || count.value > most) place.refuse("a number from 0 to 16777216");
    }
    template <class T>
    static void read(const Place& place, Unless<T> unless) {
        read(place, unless.value);
    }
    template <class T>
    static void read(const Place& place, Columns<T> columns) {
        typename T::value_type record;
        for (ColumnReader row{place};; ++row.index) {
            rows(row, record);
            if (row.index >= row.count) return;
            columns.records.push_back(record);
        }
    }
    template <class Record>
    requires std::is_class_v<Record>
    static void read(const Place& place, Record& record) {
        JsonReader inner(place);
        rows(inner, record);
        require_fitting(place, record);
    }

private:
    /// One record of `Columns`: a number of each list.
    struct ColumnReader {
        template <class T>
        void field(const Key& key, T& value) {
            const Place list = columns.at(key.json);
            if (count == unknown) count = list.size();
            if (list.size() != count) columns.refuse("lists of one length");
            if (index < count) read(list.at(index), value);
        }

        static constexpr std::size_t unknown = -1;
        const Place& columns;
        std::size_t index = 0;
        std::size_t count = unknown;
    };

    static constexpr int most = 1 << 24;  ///< a text's tokens at most: no file makes us fill the memory

    const Place& object_;
};

}  // namespace llmx::view

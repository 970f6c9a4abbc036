#pragma once
// A row of a result: its key, and values that its forms (JSON, Python) show in a way of their own.
//
// `rows(v, record)` (result_rows.hpp) calls a visitor for every number of a record:
//     v.field(key, value)      always there
//     v.nullable(key, value)   null (None) where there is none
//     v.optional(key, value)   JSON leaves the key out where there is none; Python has None
//     v.extra(key, value)      left out of both
//     v.in_json(key, value)    not in Python; an std::optional is left out where there is none
//     v.in_python(name, value) not in JSON; None for an empty tensor or std::optional
//     v.group(key, rows)       an object of JSON alone: in Python its rows belong to what it is in
//     v.section(key, record)   the reverse: a dict of Python alone, None where there is none
//     v.tokens(key, list)      ascending token indices: in JSON [first, last + 1], and "parts" besides where
//                              there are gaps

#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <llmx/tensor.hpp>

namespace llmx::view {

/// A record that is read from, or written to.
template <class T, class Record>
concept Is = std::same_as<std::remove_const_t<T>, Record>;

/// The names of a row.
struct Key {
    // NOLINTBEGIN(google-explicit-constructor): most rows have one name
    Key(const char* both) : json(both), python(both) {}
    // NOLINTEND(google-explicit-constructor)
    Key(const char* in_json, const char* in_python) : json(in_json), python(in_python) {}

    const char* json;
    const char* python;
    bool is_raw = false;    ///< JSON has it only with JsonContext::raw; Python has None where it is empty
    bool applies = true;    ///< JSON of this result has it
    bool may_lack = false;  ///< reading does not insist on it
};

inline Key raw(Key key) {
    key.is_raw = key.may_lack = true;
    return key;
}
/// Of some results only, in JSON.
inline Key json_if(bool applies, Key key) {
    key.applies = applies;
    key.may_lack = true;
    return key;
}

// How a value is shown where that is not the way of its type.

/// In Python a NumPy array that shares the result's memory (float32 always is).
template <class T>
struct Array {
    T& values;
};
template <class T>
Array<T> array(T& values) {
    return {values};
}

/// Lists in lists, `rank` deep, in JSON.
template <class T>
struct Nested {
    T& tensor;
    std::size_t rank;
};
template <Is<Tensor> T>
Nested<T> nested(T& tensor, std::size_t rank) {
    return {tensor, rank};
}

/// Whole numbers with a shape: lists in lists in JSON, a flat array in Python.
template <class T>
struct Table {
    T& values;
    std::vector<std::int64_t>& shape;  ///< read, too; its length is given
};
template <class T>
Table<T> table(T& values, std::vector<std::int64_t>& shape) {
    return {values, shape};
}

/// Base64 of little-endian float32, or of bytes. Without a shape, as many as there are.
template <class T>
struct Packed {
    T& values;
    std::vector<std::int64_t> shape;
};
template <class T>
Packed<T> packed(T& values, std::vector<std::int64_t> shape = {}) {
    return {values, std::move(shape)};
}

/// Records whose numbers are each a list in JSON.
template <class T>
struct Columns {
    T& records;
};
template <class T>
Columns<T> columns(T& records) {
    return {records};
}

/// [first, first + count], count at least 1. `of` is for messages.
template <class T>
struct Range {
    T& first;
    int& count;
    const char* of;
};
template <Is<int> T>
Range<T> range(T& first, int& count, const char* of) {
    return {first, count, of};
}

/// A whole number from 0, small enough that no file makes us fill the memory.
template <class T>
struct Count {
    T& value;
};
template <Is<int> T>
Count<T> count(T& value) {
    return {value};
}

/// A number that is `none` where there is none.
template <class T>
struct Unless {
    T& value;
    std::remove_const_t<T> none;
};
template <class T>
Unless<T> unless(T& value, std::remove_const_t<T> none) {
    return {value, none};
}

// Is there nothing?
template <class T>
bool lacks(const T&) {
    return false;
}
template <class T>
bool lacks(const std::optional<T>& value) {
    return !value;
}
inline bool lacks(const Tensor& tensor) { return tensor.empty(); }
template <class T>
bool lacks(const std::vector<T>& values) {
    return values.empty();
}
template <class T>
bool lacks(const Array<T>& array) {
    return array.values.empty();
}
template <class T>
bool lacks(const Nested<T>& nested) {
    return nested.tensor.empty();
}
template <class T>
bool lacks(const Packed<T>& packed) {
    return packed.values.empty();
}
template <class T>
bool lacks(const Columns<T>& columns) {
    return columns.records.empty();
}
template <class T>
bool lacks(const Unless<T>& unless) {
    return unless.value == unless.none;
}

}  // namespace llmx::view

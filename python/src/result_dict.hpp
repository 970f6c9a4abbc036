#pragma once
// A result's rows (view/result_rows.hpp) as Python's dicts. Arrays share the result's memory.

#include <nanobind/stl/map.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "arrays.hpp"
#include "view/result_rows.hpp"

namespace llmx::python {

class DictWriter {
public:
    /// `owner`: the Python object that holds the result. `only`: the one key that is wanted, else all.
    explicit DictWriter(nb::handle owner, const char* only = nullptr)
        : owner_(owner), only_(only == nullptr ? "" : only) {}

    [[nodiscard]] nb::dict dict() const { return dict_; }

    template <class T>
    void field(const view::Key& key, const T& value) {
        put(key.python, [&] { return key.is_raw && view::lacks(value) ? nb::none() : object(value); });
    }
    template <class T>
    void nullable(const view::Key& key, const T& value) {
        put(key.python, [&] { return view::lacks(value) ? nb::none() : object(value); });
    }
    template <class T>
    void optional(const view::Key& key, const T& value) {
        nullable(key, value);
    }
    template <class T>
    void extra(const view::Key& key, const T& value) {
        if (!view::lacks(value)) field(key, value);
    }
    template <class T>
    void in_json(const view::Key&, const T&) {}
    template <class T>
    void in_python(const char* name, const T& value) {
        field(name, value);
    }
    template <class T>
    void in_python(const char* name, const std::optional<T>& value) {
        nullable(name, value);
    }
    void in_python(const char* name, const Tensor& value) { nullable(name, value); }
    template <class Rows>
    void group(const char*, const Rows& rows_of_group) {
        rows_of_group(*this);
    }
    template <class Record>
    void section(const view::Key& key, const std::optional<Record>& record) {
        nullable(key, record);
    }
    void tokens(const view::Key& key, const std::vector<int>& tokens) { field(key, tokens); }

private:
    template <class Make>
    void put(const char* key, const Make& make) {
        if (only_.empty() || only_ == key) dict_[key] = make();
    }

    // Values by their types: nanobind's own conversions, but for these.

    template <class T>
    nb::object object(const T& value) const {
        if constexpr (std::is_enum_v<T>) {
            return nb::cast(to_string(value));
        } else if constexpr (requires(DictWriter & inner) { view::rows(inner, value); }) {
            DictWriter inner(owner_);
            view::rows(inner, value);
            return inner.dict();
        } else {
            return nb::cast(value);
        }
    }
    [[nodiscard]] nb::object object(const Tensor& tensor) const { return nb::cast(shared(tensor, owner_)); }
    [[nodiscard]] nb::object object(const std::vector<float>& values) const {
        return nb::cast(shared(values, owner_));
    }
    template <class T>
    nb::object object(const std::vector<T>& values) const {
        nb::list list;
        for (const T& value : values) list.append(object(value));
        return list;
    }
    template <class T>
    nb::object object(const std::optional<T>& value) const {
        return object(*value);  // `nullable` has looked
    }
    template <class T>
    nb::object object(const view::Array<T>& array) const {
        return nb::cast(shared(array.values, owner_));
    }
    template <class T>
    nb::object object(const view::Nested<T>& nested) const {
        return object(nested.tensor);
    }
    template <class T>
    nb::object object(const view::Table<T>& table) const {
        return nb::cast(shared(table.values, owner_));
    }
    template <class T>
    nb::object object(const view::Count<T>& count) const {
        return nb::cast(count.value);
    }
    template <class T>
    nb::object object(const view::Columns<T>& columns) const {
        return object(columns.records);
    }

    nb::handle owner_;
    std::string only_;
    nb::dict dict_;
};

}  // namespace llmx::python

// Result: an explanation's numbers, and the forms it is written in.

#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/string.h>

#include <filesystem>
#include <llmx/error.hpp>

#include "bind.hpp"
#include "core/files.hpp"
#include "result_data.hpp"
#include "result_dict.hpp"
#include "view/plot/plot.hpp"
#include "view/safetensors.hpp"
#include "work.hpp"

namespace llmx::python {

namespace nb = nanobind;
using namespace nb::literals;

std::string ResultData::json(bool raw) const {
    if (raw && !has_raw) {
        throw Error(
            ErrorCode::usage,
            "raw: the numbers of a result that was read from a file are not all there; expected one that "
            "was just made");
    }
    return view::json(stored.explanation, {stored.command_json, raw});
}

namespace {

/// Gives the Python class a property for each row.
class PropertyWriter {
public:
    explicit PropertyWriter(nb::class_<ResultData>& owner) : class_(owner) {}

    template <class T>
    void field(const view::Key& key, const T&) {
        define(key.python);
    }
    template <class T>
    void optional(const view::Key& key, const T& value) {
        field(key, value);
    }
    template <class T>
    void nullable(const view::Key& key, const T& value) {
        field(key, value);
    }
    template <class T>
    void extra(const view::Key& key, const T& value) {
        field(key, value);
    }
    template <class T>
    void section(const view::Key& key, const T& value) {
        field(key, value);
    }
    template <class T>
    void in_json(const view::Key&, const T&) {}
    template <class T>
    void in_python(const char* name, const T& value) {
        field(name, value);
    }
    template <class Rows>
    void group(const char*, const Rows& rows_of_group) {
        rows_of_group(*this);
    }

private:
    void define(const char* name) {
        class_.def_prop_ro(name, [name](nb::handle self) -> nb::any {
            DictWriter one(self, name);
            view::rows(one, nb::cast<const ResultData&>(self).stored.explanation);
            return nb::borrow<nb::any>(
                one.dict().attr("get")(name));  // None for what this result does not have
        });
    }

    nb::class_<ResultData>& class_;
};

std::string html(const ResultData& result, const std::string& name) {
    const view::NamedResult named{name, result.stored.explanation, result.stored.command_json};
    return view::html({&named, 1});
}

void save(const ResultData& result, const std::filesystem::path& path, const std::string& form, bool raw) {
    if (form == "safetensors")
        return view::safetensors(path, result.stored.explanation, result.stored.command_json);
    write_file_atomically(path, form == "json" ? result.json(raw) + "\n" : html(result, path.filename()));
}

ResultData result_of(view::StoredResult stored) {
    ResultData result{.stored = std::move(stored)};
    const auto& attention = result.stored.explanation.original.attention;
    const auto& gradient = result.stored.explanation.original.gradient;
    result.has_raw = (!gradient || !gradient->gradient.empty()) &&
                     (!attention || !attention->median_raw.empty() || attention->mean_group.empty());
    return result;
}

/// Of JSON or of a safetensors file.
ResultData read(const nb::bytes& bytes, const std::string& what) {
    const std::string_view all(bytes.c_str(), bytes.size());
    const Unlocked unlocked;
    return result_of(view::is_safetensors(all) ? view::read_safetensors(all, what)
                                               : view::read_json(all, what));
}

nb::bytes to_bytes(const ResultData& result) {
    const std::string bytes = [&] {
        const Unlocked unlocked;
        return view::safetensors_bytes(result.stored.explanation, result.stored.command_json);
    }();
    return nb::bytes(bytes.data(), bytes.size());
}

ResultData read_file(const std::filesystem::path& path) {
    const Unlocked unlocked;
    const std::string bytes = llmx::read_file(path, "result");
    const std::string what = path.string();
    return result_of(view::is_safetensors(bytes) ? view::read_safetensors(bytes, what)
                                                 : view::read_json(bytes, what));
}

}  // namespace

void bind_result(nb::module_& module) {
    nb::class_<ResultData> c(module, "Result");
    PropertyWriter properties(c);
    const Explanation any;
    view::rows(properties, any);
    c.def_prop_ro("command_json", [](const ResultData& r) { return r.stored.command_json; })
        .def("json", &ResultData::json, "raw"_a = false, nb::call_guard<Unlocked>())
        .def(
            "html", [](const ResultData& r) { return html(r, "result.json"); }, nb::call_guard<Unlocked>())
        .def(
            "svg",
            [](const ResultData& r, const std::string& kind, const std::string& method, int width) {
                return view::plot(r.stored.explanation, {kind, method, width});
            },
            "kind"_a = "text", "method"_a = "", "width"_a = 960, nb::call_guard<Unlocked>())
        .def("to_bytes", to_bytes)
        .def("save", save, "path"_a, "form"_a, "raw"_a = false, nb::call_guard<Unlocked>());
    module.def("read", read, "bytes"_a, "what"_a = "result");
    module.def("read_file", read_file, "path"_a);
}

}  // namespace llmx::python

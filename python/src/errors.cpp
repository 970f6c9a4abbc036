#include "errors.hpp"

#include <nanobind/stl/string.h>

#include <exception>
#include <llmx/error.hpp>
#include <map>
#include <string>
#include <vector>

namespace llmx::python {
namespace {

namespace nb = nanobind;

struct Kind {
    ErrorCode code;
    const char* name;
    std::vector<PyObject*> also;  ///< the built-in classes that it is, too
    const char* doc;
};

// As long as the interpreter: exceptions may be thrown to its end.
std::map<ErrorCode, nb::object>& classes() {
    static auto* all = new std::map<ErrorCode, nb::object>;
    return *all;
}

void translate(const std::exception_ptr& thrown, void*) {
    try {
        std::rethrow_exception(thrown);
    } catch (const Error& error) {
        const nb::object& kind = classes().at(error.code());
        const nb::object made = kind(error.what());
        if (const std::string key = error.key(); !key.empty()) made.attr("key") = key;
        PyErr_SetObject(kind.ptr(), made.ptr());
    }
}

}  // namespace

void bind_errors(nb::module_& module) {
    const Kind kinds[] = {
        {ErrorCode::usage,
         "UsageError",
         {PyExc_ValueError, PyExc_TypeError},
         "An argument, option or key is unknown, of a wrong type, or not allowed."},
        {ErrorCode::input,
         "InputError",
         {PyExc_ValueError},
         "A text, list or file given as input cannot be used."},
        {ErrorCode::model,
         "ModelError",
         {PyExc_OSError},
         "The model is missing, broken, or lacks what was asked of it."},
        {ErrorCode::unsupported,
         "UnsupportedError",
         {PyExc_NotImplementedError},
         "The model runs, but cannot be explained: an operation or architecture is not supported."},
        {ErrorCode::context_overflow,
         "ContextOverflowError",
         {PyExc_ValueError},
         "Prompt plus answer do not fit the context."},
        {ErrorCode::output,
         "OutputError",
         {PyExc_OSError},
         "A result could not be written; an existing file is untouched."},
        {ErrorCode::cancelled, "CancelledError", {}, "Stopped by the caller."},
        {ErrorCode::internal, "InternalError", {}, "A bug in this library or in llama.cpp."},
    };
    nb::dict defaults;
    defaults["key"] = nb::none();
    const nb::object base = nb::steal(PyErr_NewExceptionWithDoc(
        "explainer.Error",
        "Base class of this package's errors. `code`: the command line's exit code; "
        "`key`: the argument at fault, or None.",
        PyExc_RuntimeError, defaults.ptr()));
    module.attr("Error") = base;
    for (const Kind& kind : kinds) {
        nb::dict members;
        members["code"] = static_cast<int>(kind.code);
        nb::list bases;
        bases.append(base);
        for (PyObject* also : kind.also) bases.append(nb::handle(also));
        const nb::tuple all_bases(bases);
        const std::string name = std::string("explainer.") + kind.name;
        classes()[kind.code] =
            nb::steal(PyErr_NewExceptionWithDoc(name.c_str(), kind.doc, all_bases.ptr(), members.ptr()));
        module.attr(kind.name) = classes()[kind.code];
    }
    nb::register_exception_translator(translate);
}

}  // namespace llmx::python

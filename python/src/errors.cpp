#include "errors.hpp"

#include <nanobind/stl/string.h>

#include <exception>
#include <llmx/error.hpp>
#include <map>
#include <string>

namespace llmx::python {
namespace {

namespace nb = nanobind;

struct Kind {
    ErrorCode code;
    const char* name;
    PyObject* also;  ///< the built-in class that it is, too
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
        {ErrorCode::usage, "UsageError", PyExc_ValueError,
         "An argument, option or key is unknown or not allowed."},
        {ErrorCode::input, "InputError", PyExc_ValueError,
         "A text, list or file given as input cannot be used."},
        {ErrorCode::model, "ModelError", PyExc_OSError,
         "The model is missing, broken, or lacks what was asked of it."},
        {ErrorCode::unsupported, "UnsupportedError", PyExc_NotImplementedError,
         "The model runs, but cannot be explained: an operation or architecture is not supported."},
        {ErrorCode::context_overflow, "ContextOverflowError", PyExc_ValueError,
         "Prompt plus answer do not fit the context."},
        {ErrorCode::output, "OutputError", PyExc_OSError,
         "A result could not be written; an existing file is untouched."},
        {ErrorCode::cancelled, "CancelledError", nullptr, "Stopped by the caller."},
        {ErrorCode::internal, "InternalError", nullptr, "A bug in this library or in llama.cpp."},
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
        const nb::object bases = kind.also == nullptr
                                     ? nb::object(nb::make_tuple(base))
                                     : nb::object(nb::make_tuple(base, nb::handle(kind.also)));
        const std::string name = std::string("explainer.") + kind.name;
        classes()[kind.code] =
            nb::steal(PyErr_NewExceptionWithDoc(name.c_str(), kind.doc, bases.ptr(), members.ptr()));
        module.attr(kind.name) = classes()[kind.code];
    }
    nb::register_exception_translator(translate);
}

}  // namespace llmx::python

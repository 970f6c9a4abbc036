#include "errors.hpp"

#include <algorithm>
#include <exception>
#include <llmx/error.hpp>
#include <map>
#include <regex>
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

/// "--label-ids" as Python has it: label_ids.
std::string with_keys(const std::string& message) {
    static const std::regex flag("(^|[^-\\w])--([a-z][a-z0-9-]*)");
    std::string keys;
    auto end = message.cbegin();
    for (std::sregex_iterator at(message.begin(), message.end(), flag); at != std::sregex_iterator(); ++at) {
        std::string name = (*at)[2];
        std::replace(name.begin(), name.end(), '-', '_');
        keys.append(end, (*at)[0].first).append((*at)[1]).append(name);
        end = (*at)[0].second;
    }
    return keys.append(end, message.cend());
}

void translate(const std::exception_ptr& thrown, void*) {
    try {
        std::rethrow_exception(thrown);
    } catch (const Error& error) {
        PyErr_SetString(classes().at(error.code()).ptr(), with_keys(error.what()).c_str());
    }
}

}  // namespace

void bind_errors(nb::module_& module) {
    const Kind kinds[] = {
        {ErrorCode::usage, "UsageError", PyExc_ValueError,
         "An argument, option or key that is not known or not allowed."},
        {ErrorCode::input, "InputError", PyExc_ValueError,
         "A text, list or file given as input cannot be used."},
        {ErrorCode::model, "ModelError", PyExc_OSError,
         "The model is missing, broken, or lacks what is asked of it."},
        {ErrorCode::unsupported, "UnsupportedError", PyExc_NotImplementedError,
         "The model runs, but an operation or architecture has no rule here."},
        {ErrorCode::context_overflow, "ContextOverflowError", PyExc_ValueError,
         "Prompt plus answer do not fit the context."},
        {ErrorCode::output, "OutputError", PyExc_OSError,
         "A result could not be written; what was there is untouched."},
        {ErrorCode::cancelled, "CancelledError", nullptr, "Stopped at the caller's wish."},
        {ErrorCode::internal, "InternalError", nullptr, "A broken promise inside this library or llama.cpp."},
    };
    const nb::object base = nb::steal(PyErr_NewExceptionWithDoc(
        "explainer.Error", "What every error of this package is. `code`: the command line's exit code.",
        PyExc_RuntimeError, nullptr));
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

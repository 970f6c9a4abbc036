#include <llmx/version.hpp>

#include "bind.hpp"
#include "errors.hpp"
#include "work.hpp"

NB_MODULE(_core, module) {
    module.doc() = "The engine of LLM Explainer. Use the package `explainer` around it.";
    module.attr("version") = llmx::version().c_str();
    llmx::python::bind_errors(module);
    llmx::python::bind_work(module);
    llmx::python::bind_model(module);
    llmx::python::bind_result(module);
    llmx::python::bind_request(module);
    llmx::python::bind_comparison(module);
}

#pragma once
// The parts of the extension module.

#include <nanobind/nanobind.h>

namespace llmx::python {

void bind_model(nanobind::module_& module);
void bind_result(nanobind::module_& module);
void bind_request(nanobind::module_& module);
void bind_comparison(nanobind::module_& module);

}  // namespace llmx::python

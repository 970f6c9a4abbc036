#pragma once

#include <nanobind/nanobind.h>

namespace llmx::python {

/// Error and a class of it for each of the library's error codes; llmx::Error becomes one of them.
void bind_errors(nanobind::module_& module);

}  // namespace llmx::python

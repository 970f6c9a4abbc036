#pragma once
// Threads that the engine works on, apart from those of Python.

#include <functional>

namespace llmx::python {

/// Has `work` run on another thread, then `done` as soon as that thread is free again; neither may throw.
/// Threads are kept for later work, with the pools of threads that OpenMP has made for them. A forked process
/// makes its own.
void start_elsewhere(std::function<void()> work, std::function<void()> done);

}  // namespace llmx::python

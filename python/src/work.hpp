#pragma once
// The engine's work outside the interpreter's lock, counted: the interpreter waits for it before it ends, and
// a child process knows whether it was forked in the middle of it.

#include <nanobind/nanobind.h>

#include <cstdint>
#include <optional>

namespace llmx::python {

/// Gives up the interpreter's lock while it lives; a call guard. Throws Error{cancelled} where the
/// interpreter is ending, Error{unsupported} in a child process that was forked while the engine worked.
class Unlocked {
public:
    Unlocked();
    ~Unlocked();
    Unlocked(const Unlocked&) = delete;
    Unlocked& operator=(const Unlocked&) = delete;

private:
    std::uint64_t process_;  ///< that it was counted in: a fork's child counts anew
    std::optional<nanobind::gil_scoped_release> released_;
};

/// While it lives, a callback of Python runs, and the interpreter's end does not wait for ever.
class Asking {
public:
    Asking();
    ~Asking();
    Asking(const Asking&) = delete;
    Asking& operator=(const Asking&) = delete;

private:
    std::uint64_t process_;
};

/// The interpreter is ending: work of other threads than the main one is to stop.
bool is_ending();
/// Whether this is the thread that Python gives signals to. Needs the interpreter's lock.
bool on_main_thread();

/// Runs Python's handlers of signals that have come, in the main thread; throws what they raise. Needs the
/// interpreter's lock.
void handle_signals();

/// Has the interpreter stop the work and wait for it before it ends.
void bind_work(nanobind::module_& module);

}  // namespace llmx::python

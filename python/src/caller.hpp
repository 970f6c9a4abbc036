#pragma once
// The Python code that waits for the engine: told how far it is, and able to end it by Ctrl-C.

#include <nanobind/nanobind.h>

#include <atomic>
#include <csignal>
#include <exception>
#include <llmx/activity.hpp>
#include <llmx/error.hpp>
#include <llmx/model.hpp>
#include <utility>

namespace llmx::python {

/// While it lives, SIGINT is noted, and then handled as before. Only the main thread's calls listen: Python
/// gives Ctrl-C to that one.
class Interrupts {
public:
    Interrupts();
    ~Interrupts();
    Interrupts(const Interrupts&) = delete;
    Interrupts& operator=(const Interrupts&) = delete;

    [[nodiscard]] bool came() const;

private:
    bool listens_ = false;
    struct sigaction before_ {};
};

/// `progress`: called with (stage, part done), may return False to stop; `on_text`: with the answer's text as
/// it is written; None: nobody. What they throw ends the work, and comes out of `call`.
class Caller final : public Activity {
public:
    Caller(nanobind::object progress, nanobind::object on_text)
        : progress_(std::move(progress)), on_text_(std::move(on_text)) {}

    Progress progress() override {
        return [this](std::string_view stage, double done) { return goes_on(stage, done); };
    }
    void stream(std::string_view text) override;
    void require_wanted() override {
        if (is_stopped()) throw Error(ErrorCode::cancelled, "stopped by the caller");
    }

    /// Runs `work` without the interpreter's lock.
    template <typename Work>
    auto call(const Work& work) {
        try {
            const Interrupts listening;
            interrupts_ = &listening;
            raise_pending();  // what came before that
            const nanobind::gil_scoped_release released;
            return finished(work());
        } catch (const Error& error) {
            if (error.code() == ErrorCode::cancelled) raise_reason();
            throw;
        }
    }

    /// What a callback says while the engine works: whether to go on. Anything but False does.
    template <typename Callback>
    bool ask(const Callback& callback) {
        if (is_stopped()) return false;
        const nanobind::gil_scoped_acquire locked;
        try {
            const nanobind::object answer = callback();
            return !answer.is(nanobind::handle(Py_False));
        } catch (...) {
            thrown_ = std::current_exception();
            stopped_ = true;
            return false;
        }
    }

private:
    [[nodiscard]] bool is_stopped() const { return stopped_ || interrupts_->came(); }
    bool goes_on(std::string_view stage, double done);
    /// Work that was told to stop may have ended well all the same, with less.
    template <typename Value>
    Value finished(Value value) {
        if (thrown_ || interrupts_->came()) throw Error(ErrorCode::cancelled, "stopped by the caller");
        return value;
    }
    /// Throws what a callback threw, or KeyboardInterrupt; else returns.
    void raise_reason();
    /// Throws what Python's own handlers of signals that have come raise.
    static void raise_pending();

    nanobind::object progress_, on_text_;
    const Interrupts* interrupts_ = nullptr;  ///< of the call that is going on
    std::atomic<bool> stopped_ = false;
    std::exception_ptr thrown_;
};

}  // namespace llmx::python

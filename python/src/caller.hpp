#pragma once
// The Python code that waits for the engine: told how far it is, and able to end it.
//
// The engine works on a thread of its own, so that the calling one is free for Python: it runs the callbacks,
// and the main thread the handlers of signals (Ctrl-C, alarms). It also means that no calling thread has a
// pool of OpenMP's threads, which a fork would not copy.

#include <nanobind/nanobind.h>

#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <llmx/activity.hpp>
#include <llmx/error.hpp>
#include <llmx/model.hpp>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

namespace llmx::python {

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

    /// What `work` returns, which runs without the interpreter's lock. Throws what it throws, what a callback
    /// throws, and what a handler of a signal throws.
    template <typename Work>
    auto call(const Work& work) {
        std::optional<std::invoke_result_t<Work>> value;
        run([&] { value.emplace(work()); });
        return std::move(*value);
    }

    /// From the engine: what a callback says, which the calling thread runs: whether to go on. Anything but
    /// False does.
    bool ask(const std::function<nanobind::object()>& callback);

private:
    [[nodiscard]] bool is_stopped() const;
    bool goes_on(std::string_view stage, double done);
    void run(const std::function<void()>& work);
    /// Runs callbacks and handlers of signals until the work is done.
    void attend();
    bool answer(const std::function<nanobind::object()>& callback);
    /// Runs Python code, with the interpreter's lock; false if it throws, which ends the work.
    bool attempt(const std::function<bool()>& python);

    nanobind::object progress_, on_text_;
    bool is_main_ = false;  ///< the call is of the main thread
    std::atomic<bool> stopped_ = false;
    std::exception_ptr thrown_;  ///< by Python code

    std::mutex mutex_;
    std::condition_variable asked_, answered_;
    const std::function<nanobind::object()>* question_ = nullptr;
    bool answer_ = false;
    bool done_ = false;
};

}  // namespace llmx::python

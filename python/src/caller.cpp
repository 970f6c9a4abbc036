#include "caller.hpp"

#include <chrono>

#include "engine_thread.hpp"
#include "work.hpp"

namespace llmx::python {
namespace {

namespace nb = nanobind;
using namespace std::chrono_literals;

constexpr auto between_signals = 50ms;

}  // namespace

bool Caller::is_stopped() const { return stopped_ || (is_ending() && !is_main_); }

void Caller::stream(std::string_view text) {
    if (on_text_.is_none() || text.empty()) return;
    ask([&] { return on_text_(nb::str(text.data(), text.size())); });
}

bool Caller::goes_on(std::string_view stage, double done) {
    if (progress_.is_none()) return !is_stopped();
    if (!ask([&] { return progress_(nb::str(stage.data(), stage.size()), done); })) stopped_ = true;
    return !stopped_;
}

bool Caller::ask(const std::function<nb::object()>& callback) {
    std::unique_lock lock(mutex_);
    if (is_stopped()) return false;
    question_ = &callback;
    asked_.notify_one();
    answered_.wait(lock, [&] { return question_ == nullptr; });
    return answer_;
}

void Caller::run(const std::function<void()>& work) {
    is_main_ = on_main_thread();
    handle_signals();  // that came before
    done_ = false;
    std::exception_ptr failure;
    {
        const Unlocked unlocked;
        start_elsewhere(
            [&] {
                try {
                    work();
                } catch (...) {
                    failure = std::current_exception();
                }
            },
            [&] {
                const std::lock_guard lock(mutex_);
                done_ = true;
                asked_.notify_one();
            });
        attend();
    }
    if (thrown_) std::rethrow_exception(thrown_);
    if (failure) std::rethrow_exception(failure);
    require_wanted();  // work that was told to stop may have ended well all the same, with less
}

void Caller::attend() {
    std::unique_lock lock(mutex_);
    const auto wanted = [&] { return done_ || question_ != nullptr; };
    while (!done_) {
        if (is_main_) {
            asked_.wait_for(lock, between_signals, wanted);
        } else {
            asked_.wait(lock, wanted);
        }
        const auto* question = question_;
        lock.unlock();
        const bool goes_on = question != nullptr && answer(*question);
        if (is_main_) {
            attempt([] {
                handle_signals();
                return true;
            });
        }
        lock.lock();
        if (question == nullptr) continue;
        answer_ = goes_on;
        question_ = nullptr;
        answered_.notify_one();
    }
}

bool Caller::answer(const std::function<nb::object()>& callback) {
    const Asking asking;
    return attempt([&] { return !callback().is(nb::handle(Py_False)); });
}

bool Caller::attempt(const std::function<bool()>& python) {
    if (thrown_) return false;
    const nb::gil_scoped_acquire locked;
    try {
        return python();
    } catch (...) {
        thrown_ = std::current_exception();
        stopped_ = true;
        return false;
    }
}

}  // namespace llmx::python

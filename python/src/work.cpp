#include "work.hpp"

#include <pthread.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <llmx/error.hpp>
#include <mutex>
#include <new>

namespace llmx::python {
namespace {

namespace nb = nanobind;
using namespace std::chrono_literals;

constexpr auto patience = 5s;  // with callbacks that do not return while the interpreter ends

struct Work {
    std::mutex mutex;
    std::condition_variable changed;
    int running = 0;  ///< calls
    int asking = 0;   ///< of which so many wait for a callback
};

// Never destroyed: threads may outlive every destructor.
Work* work() {
    alignas(Work) static std::byte memory[sizeof(Work)];
    static Work* const made = new (memory) Work;
    return made;
}

std::atomic<bool> ending = false;
std::atomic<bool> forked_amid_work = false;
std::atomic<std::uint64_t> process = 0;  ///< counts forks

/// A child has none of its parent's other threads, and locks as they were: it begins anew.
void begin_child() {
    if (work()->running > 0) forked_amid_work = true;
    new (work()) Work;
    ++process;
}

/// A change of a count of this process, seen by whoever waits.
template <typename Change>
void change(const Change& change_counts) {
    const std::lock_guard lock(work()->mutex);
    change_counts(*work());
    work()->changed.notify_all();
}

/// Until nothing runs but callbacks that have not returned for long.
void end_work() {
    ending = true;
    const nb::gil_scoped_release released;
    std::unique_lock lock(work()->mutex);
    auto last_progress = std::chrono::steady_clock::now();
    while (work()->running > 0) {
        work()->changed.wait_for(lock, 100ms);
        lock.unlock();
        {
            const nb::gil_scoped_acquire locked;
            handle_signals();
        }
        lock.lock();
        const auto now = std::chrono::steady_clock::now();
        if (work()->running > work()->asking) last_progress = now;
        if (now - last_progress > patience) return;
    }
}

}  // namespace

bool is_ending() { return ending; }

void handle_signals() {
    if (PyErr_CheckSignals() != 0) throw nb::python_error();
}

bool on_main_thread() {
    const nb::object threading = nb::module_::import_("threading");
    return threading.attr("current_thread")().is(threading.attr("main_thread")());
}

Unlocked::Unlocked() : process_(process) {
    if (forked_amid_work) {
        throw Error(
            ErrorCode::unsupported,
            "process: was forked while the engine worked in another thread; expected a process that is "
            "started anew: multiprocessing.get_context(\"spawn\")");
    }
    if (ending && !on_main_thread()) {
        throw Error(ErrorCode::cancelled, "interpreter: is ending; expected no more work for the engine");
    }
    change([](Work& all) { ++all.running; });
    released_.emplace();
}

Unlocked::~Unlocked() {
    released_.reset();
    if (process_ == process) change([](Work& all) { --all.running; });
}

Asking::Asking() : process_(process) {
    change([](Work& all) { ++all.asking; });
}

Asking::~Asking() {
    if (process_ == process) change([](Work& all) { --all.asking; });
}

void bind_work(nb::module_& module) {
    module.def("_end_work", end_work);
    nb::module_::import_("atexit").attr("register")(module.attr("_end_work"));
    pthread_atfork([] { work()->mutex.lock(); }, [] { work()->mutex.unlock(); }, begin_child);
}

}  // namespace llmx::python

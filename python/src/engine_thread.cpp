#include "engine_thread.hpp"

#include <pthread.h>

#include <condition_variable>
#include <cstddef>
#include <llmx/error.hpp>
#include <mutex>
#include <new>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace llmx::python {
namespace {

struct EngineThread {
    std::condition_variable given;
    std::function<void()> work, done;
};

struct Threads {
    std::mutex mutex;
    std::vector<EngineThread*> idle;
};

/// Never destroyed: idle threads wait to the end of the process.
Threads* threads() {
    alignas(Threads) static std::byte memory[sizeof(Threads)];
    static Threads* const made = [] {
        pthread_atfork([] { threads()->mutex.lock(); }, [] { threads()->mutex.unlock(); },
                       [] { new (threads()) Threads; });  // a child has none of them
        return new (memory) Threads;
    }();
    return made;
}

void serve(EngineThread& self) {
    std::unique_lock lock(threads()->mutex);
    while (true) {
        self.given.wait(lock, [&] { return self.work != nullptr; });
        lock.unlock();
        self.work();
        lock.lock();
        self.work = nullptr;
        const std::function<void()> done = std::move(self.done);
        threads()->idle.push_back(&self);
        lock.unlock();
        done();
        lock.lock();
    }
}

}  // namespace

void start_elsewhere(std::function<void()> work, std::function<void()> done) {
    const std::lock_guard lock(threads()->mutex);
    std::vector<EngineThread*>& idle = threads()->idle;
    if (idle.empty()) {
        auto* const made = new EngineThread;
        try {
            std::thread([made] { serve(*made); }).detach();
        } catch (const std::system_error& error) {
            delete made;
            throw Error(ErrorCode::internal, std::string("thread: could not be started (") + error.what() +
                                                 "); expected room for one more");
        }
        idle.push_back(made);
    }
    EngineThread* const next = idle.back();
    idle.pop_back();
    next->work = std::move(work);
    next->done = std::move(done);
    next->given.notify_one();
}

}  // namespace llmx::python

// The dispatcher of `llmx serve` with many concurrent clients and a fake worker.

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "serve/dispatcher.hpp"
#include "threads/fake_worker.hpp"

namespace llmx::serve {
namespace {

using namespace std::chrono_literals;

WorkPlan plan() { return {.worker_terms = "{}", .longest_queue = 4, .longest_work = 60s, .patience = 60s}; }

/// Retries while the queue is full.
std::shared_ptr<Job> submit(Dispatcher& dispatcher, const std::string& text) {
    for (;;) {
        try {
            return dispatcher.submit({.request = text, .explain = true, .stream = false});
        } catch (const HttpError& failure) {
            if (failure.status != 429) throw;
            std::this_thread::yield();
        }
    }
}

Event last_of(Job& job) {
    for (;;) {
        if (std::optional<Event> event = job.take(60s); !event || event->is_last()) return event.value();
    }
}

TEST(Dispatcher, EveryClientGetsItsOwnResult) {
    Metrics metrics;
    Dispatcher dispatcher(plan(), metrics);
    dispatcher.start();
    std::atomic<int> right = 0;
    std::atomic<bool> done = false;
    std::thread observer([&] {
        while (!done) EXPECT_NE(metrics.text(dispatcher.gauges()) + dispatcher.state(), "");
    });
    constexpr int clients = 6, requests = 30;
    std::vector<std::thread> threads;
    for (int client = 0; client < clients; ++client) {
        threads.emplace_back([&, client] {
            for (int k = 0; k < requests; ++k) {
                const std::string text = std::to_string(client) + " " + std::to_string(k);
                if (k % 5 == 4) {  // a client that disconnects
                    const auto job = submit(dispatcher, "hang");
                    job->take(1ms);
                    (void)dispatcher.ahead_of(*job);
                    dispatcher.cancel(*job);
                } else {
                    right += last_of(*submit(dispatcher, text)).payload == text;
                }
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    done = true;
    observer.join();
    EXPECT_EQ(right, clients * requests * 4 / 5);
}

TEST(Dispatcher, StartsAnotherWorkerForThoseWhoWait) {
    Metrics metrics;
    Dispatcher dispatcher(plan(), metrics);
    dispatcher.start();
    const auto fatal = submit(dispatcher, "die");
    const auto next = submit(dispatcher, "next");
    const Event event = last_of(*fatal);
    ASSERT_TRUE(event.failure);
    EXPECT_EQ(event.failure->status, 502);
    EXPECT_EQ(last_of(*next).payload, "next");
    EXPECT_EQ(dispatcher.model().at("name"), "fake");
}

TEST(Dispatcher, StopsWhileClientsWait) {
    Metrics metrics;
    Dispatcher dispatcher(plan(), metrics);
    dispatcher.start();
    std::vector<std::shared_ptr<Job>> jobs;
    for (int k = 0; k < 4; ++k) jobs.push_back(submit(dispatcher, "hang"));
    std::atomic<int> refused = 0;
    std::vector<std::thread> clients;
    clients.reserve(jobs.size());
    for (const auto& job : jobs) {
        clients.emplace_back([&refused, job] {
            const Event event = last_of(*job);
            refused += event.failure && event.failure->status == 503;
        });
    }
    dispatcher.stop(10ms);
    for (std::thread& client : clients) client.join();
    EXPECT_EQ(refused, 4);
    EXPECT_EQ(dispatcher.state(), "stopping");
    EXPECT_THROW(dispatcher.submit({.request = "late"}), HttpError);
}

}  // namespace
}  // namespace llmx::serve

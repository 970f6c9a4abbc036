#include "service.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <pthread.h>

#include <atomic>
#include <csignal>
#include <iostream>
#include <llmx/error.hpp>
#include <thread>

#include "log.hpp"
#include "router.hpp"

namespace llmx::serve {
namespace {

constexpr std::chrono::seconds last_answers{5};

/// For so long at most.
template <typename Condition>
void wait_until(std::chrono::seconds longest, const Condition& condition) {
    const auto until = std::chrono::steady_clock::now() + longest;
    while (!condition() && std::chrono::steady_clock::now() < until)
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

/// Blocked in every thread, so that this one alone takes them.
sigset_t stop_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

}  // namespace

void serve(ServicePlan plan) {
    signal(SIGPIPE, SIG_IGN);
    sigset_t stop = stop_signals();
    pthread_sigmask(SIG_BLOCK, &stop, nullptr);

    HttpServer server(plan.access.longest_body, plan.work.longest_queue + 1);
    const int port = server.bind(plan.host, plan.port);

    Metrics metrics;
    Dispatcher dispatcher(std::move(plan.work), metrics);
    dispatcher.start();
    Router front(dispatcher, metrics, std::move(plan.language), std::move(plan.access), plan.quiet);
    front.install(server);

    bool broken = false;
    std::atomic<bool> ending = false;
    std::thread listening([&] {
        broken = !server.open() && !ending;  // it may be told to stop before it has begun
        if (broken) kill(getpid(), SIGTERM);
    });
    const bool v6 = plan.host.find(':') != std::string::npos;
    fmt::print(std::cout, "llmx: serving at http://{}{}{}:{}/\n", v6 ? "[" : "", plan.host, v6 ? "]" : "",
               port);
    std::cout.flush();

    int got = 0;
    sigwait(&stop, &got);
    ending = true;
    pthread_sigmask(SIG_UNBLOCK, &stop, nullptr);  // the next one ends the program
    if (!plan.quiet) log(fmt::format("stopping; running requests may take up to {} s", plan.grace.count()));
    dispatcher.stop(plan.grace);
    // The library cuts off answers that are being sent when it is stopped.
    wait_until(last_answers, [&] { return server.serving() == 0; });
    server.stop();
    listening.join();
    server.finish();
    if (broken) throw Error(ErrorCode::internal, "serve: the system ended the listening socket");
}

}  // namespace llmx::serve

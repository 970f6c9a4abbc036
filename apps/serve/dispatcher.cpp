#include "dispatcher.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <llmx/error.hpp>

#include "log.hpp"

namespace llmx::serve {
namespace {

using namespace std::chrono_literals;

constexpr auto first_pause = 250ms, longest_pause = 30'000ms;  // between attempts to load

HttpError stopping() { return {503, "stopping", "the service is stopping; try again when it is back", 5}; }

Event failed(HttpError failure) { return {Event::Kind::failure, {}, {}, std::move(failure)}; }

}  // namespace

Dispatcher::Dispatcher(WorkPlan plan, Metrics& metrics)
    : plan_(std::move(plan)), metrics_(metrics), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (wake_ < 0) throw Error(ErrorCode::internal, "service: no event descriptor; too many open files?");
}

Dispatcher::~Dispatcher() {
    stop(0ms);
    close(wake_);
}

void Dispatcher::start() {
    load();
    thread_ = std::thread([this] { loop(); });
}

std::shared_ptr<Job> Dispatcher::submit(JobSpec ask) {
    const std::lock_guard lock(mutex_);
    if (stopping_) throw stopping();
    if (waiting_.size() >= plan_.longest_queue) {
        throw HttpError(429, "busy",
                        fmt::format("{} requests are waiting already, the most that may; try again later",
                                    waiting_.size()),
                        2);
    }
    waiting_.push_back(std::make_shared<Job>(++last_, std::move(ask)));
    wake();
    return waiting_.back();
}

void Dispatcher::cancel(Job& job) {
    job.give_up();
    {
        const std::lock_guard lock(mutex_);
        std::erase_if(waiting_, [&](const auto& other) { return other.get() == &job; });
    }
    wake();
}

void Dispatcher::stop(std::chrono::milliseconds grace) {
    {
        std::unique_lock lock(mutex_);
        stopping_ = true;
        for (const auto& job : waiting_) job->put(failed(stopping()));
        waiting_.clear();
        if (!idle_.wait_for(lock, grace, [this] { return !running_; })) {
            running_->put(failed(stopping()));
            running_->give_up();
        }
    }
    wake();
    if (thread_.joinable()) thread_.join();
    worker_.reset();
}

std::optional<std::size_t> Dispatcher::ahead_of(const Job& job) const {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
        if (waiting_[i].get() == &job) return i + (running_ ? 1 : 0);
    }
    return std::nullopt;
}

std::string Dispatcher::state() const {
    const std::lock_guard lock(mutex_);
    return stopping_ ? "stopping" : worker_id_ == 0 ? "restarting" : "ready";
}

nlohmann::json Dispatcher::model() const {
    const std::lock_guard lock(mutex_);
    return model_;
}

Gauges Dispatcher::gauges() const {
    const std::lock_guard lock(mutex_);
    return {.ready = worker_id_ != 0 && !stopping_,
            .waiting = static_cast<int>(waiting_.size()),
            .waiting_most = static_cast<int>(plan_.longest_queue),
            .running = running_ ? 1 : 0,
            .worker_resident = worker_id_ != 0 ? resident_bytes(worker_id_) : 0};
}

bool Dispatcher::is_stopping() const {
    const std::lock_guard lock(mutex_);
    return stopping_;
}

void Dispatcher::wake() const { eventfd_write(wake_, 1); }

/// For a message of the worker; comes back early, without one, where something else has changed.
Dispatcher::Waited Dispatcher::wait(Message& message, Clock::time_point until) {
    Channel& channel = worker_->channel();
    if (channel.next(message)) return Waited::message;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    const auto timeout = std::clamp<std::int64_t>(left.count(), 0, 60'000);
    std::array<pollfd, 2> ready = {{{channel.socket(), POLLIN, 0}, {wake_, POLLIN, 0}}};
    poll(ready.data(), ready.size(), static_cast<int>(timeout));
    eventfd_t ignored = 0;
    if (ready[1].revents != 0) eventfd_read(wake_, &ignored);
    if (ready[0].revents == 0) return Waited::nothing;
    if (!channel.fill(/*wait=*/false)) return Waited::gone;
    return channel.next(message) ? Waited::message : Waited::nothing;
}

void Dispatcher::load() {
    worker_ = std::make_unique<WorkerProcess>(std::vector<std::string>{"serve-worker"});
    worker_->channel().send({{"kind", "terms"}}, plan_.worker_terms, [this] { return !is_stopping(); });
    for (;;) {
        Message message;
        const Waited waited = wait(message, Clock::now() + 1s);
        if (is_stopping()) throw Error(ErrorCode::cancelled, "the service is stopping");
        if (waited == Waited::gone) {
            throw Error(ErrorCode::internal,
                        fmt::format("the model worker ended while loading the model: {}", worker_->end()));
        }
        if (waited != Waited::message) continue;
        const std::string kind = message.head.value("kind", "");
        if (kind == "error") {
            throw Error(static_cast<ErrorCode>(message.head.value("code", 9)),
                        message.head.value("message", "the model could not be loaded"));
        }
        const std::lock_guard lock(mutex_);
        model_ = message.head.at("model");
        worker_id_ = worker_->id();
        return;
    }
}

/// Until it succeeds, with pauses that grow; false where the service stops before. Whoever waits meanwhile
/// is told why.
bool Dispatcher::load_again() {
    for (auto pause = first_pause; !is_stopping(); pause = std::min(2 * pause, longest_pause)) {
        try {
            metrics_.worker_restarted();
            load();
            return true;
        } catch (const std::exception& error) {
            worker_.reset();
            const auto seconds = static_cast<int>(std::chrono::ceil<std::chrono::seconds>(pause).count());
            log(fmt::format("the model cannot be loaded again: {}", error.what()));
            fail_waiting(
                {503, "restarting", "the model cannot be loaded again; the service tries on", seconds});
        }
        for (const auto until = Clock::now() + pause; Clock::now() < until && !is_stopping();) {
            std::this_thread::sleep_for(20ms);
        }
    }
    return false;
}

void Dispatcher::fail_waiting(const HttpError& failure) {
    const std::lock_guard lock(mutex_);
    for (const auto& job : waiting_) job->put(failed(failure));
    waiting_.clear();
}

void Dispatcher::loop() {
    while (worker_ || load_again()) {
        const std::shared_ptr<Job> job = next();
        if (job) {
            run(*job);
            const std::lock_guard lock(mutex_);
            running_.reset();
            idle_.notify_all();
        } else if (worker_ && is_stopping()) {
            return;
        }
    }
}

/// Waits for a job; none where the service stops, or where the worker has died meanwhile.
std::shared_ptr<Job> Dispatcher::next() {
    for (;;) {
        {
            const std::lock_guard lock(mutex_);
            if (!waiting_.empty()) {
                running_ = waiting_.front();
                waiting_.pop_front();
                return running_;
            }
            if (stopping_) return nullptr;
        }
        Message late;  // of a job that was given up
        if (wait(late, Clock::now() + 60s) == Waited::gone) {
            worker_died(nullptr);
            return nullptr;
        }
    }
}

void Dispatcher::run(Job& job) {
    auto until = Clock::now() + plan_.longest_work;
    bool cancelled = false;
    const auto go_on = [&] { return Clock::now() < until && !job.is_given_up() && !is_stopping(); };
    if (!worker_->channel().send(
            {{"kind", "run"}, {"id", job.id}, {"explain", job.ask.explain}, {"stream", job.ask.stream}},
            job.ask.request, go_on)) {
        if (Clock::now() >= until) {
            time_out(job);
            worker_died(&job);
        } else {
            worker_died(waits_again(job) ? nullptr : &job);
        }
        return;
    }
    bool begun = false;
    for (;;) {
        Message message;
        switch (wait(message, until)) {
            case Waited::message:
                begun = begun || message.head.value("id", std::uint64_t{0}) == job.id;
                if (passed_on(job, std::move(message))) return;
                break;
            case Waited::gone:
                worker_died(!begun && !cancelled && waits_again(job) ? nullptr : &job);
                return;
            case Waited::nothing:
                break;
        }
        const bool late = Clock::now() >= until;
        if (late && cancelled) {  // it does not listen
            worker_died(&job);
            return;
        }
        if (late && !job.is_given_up()) time_out(job);
        if ((late || job.is_given_up()) && !cancelled) {
            cancelled = true;
            until = Clock::now() + plan_.patience;
            worker_->channel().send({{"kind", "cancel"}, {"id", job.id}}, {},
                                    [&] { return Clock::now() < until; });
        }
    }
}

void Dispatcher::time_out(Job& job) {
    metrics_.timed_out();
    job.put(
        failed({504, "timeout",
                fmt::format("the request took longer than the limit of {} s", plan_.longest_work.count())}));
}

/// A job that the worker had not begun did not end it: it waits for the next worker, once.
bool Dispatcher::waits_again(const Job& job) {
    const std::lock_guard lock(mutex_);
    if (stopping_ || job.is_given_up() || again_ == job.id) return false;
    again_ = job.id;
    waiting_.push_front(running_);
    return true;
}

/// True where that was the last of the job's messages.
bool Dispatcher::passed_on(Job& job, Message message) {
    const std::string kind = message.head.value("kind", "");
    if (message.head.value("id", std::uint64_t{0}) != job.id) return false;
    if (kind == "token") {
        job.put({Event::Kind::token, std::move(message.head), {}, {}});
    } else if (kind == "progress") {
        job.put({Event::Kind::progress, std::move(message.head), {}, {}});
    } else if (kind == "result") {
        metrics_.wrote(message.head.value("prompt_tokens", 0), message.head.value("answer_tokens", 0));
        job.put({Event::Kind::result, std::move(message.head), std::move(message.payload), {}});
        return true;
    } else if (kind == "error") {
        job.put(failed({message.head.value("code", 9), message.head.value("message", "")}));
        return true;
    }
    return false;
}

void Dispatcher::worker_died(Job* job) {
    {
        const std::lock_guard lock(mutex_);
        worker_id_ = 0;
    }
    const std::string how = worker_->end();
    worker_.reset();
    log(fmt::format("the model worker was ended by {}; restarting it", how));
    if (job != nullptr) {
        job->put(failed({502, "worker_died",
                         fmt::format("the model worker was ended by {} while working on this request; it is "
                                     "restarted, but the request is not",
                                     how)}));
    }
}

}  // namespace llmx::serve

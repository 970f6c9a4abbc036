// The process behind `llmx serve` that holds the model: requests in, results out, one at a time.

#include "worker.hpp"

#include <fmt/format.h>
#include <malloc.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <llmx/error.hpp>
#include <llmx/view.hpp>
#include <memory>
#include <mutex>
#include <new>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "channel.hpp"
#include "model_facts.hpp"
#include "request/automatic_methods.hpp"
#include "request/carry_out.hpp"
#include "request/json.hpp"
#include "terms.hpp"
#include "worker_process.hpp"

namespace llmx::serve {
namespace {

/// What the page asks for at first; empty for a model that cannot be explained.
std::vector<std::string> default_methods(const Model& model) {
    std::vector<std::string> names;
    try {
        for (const Method& method : request::automatic_methods(model, {}, {})) names.push_back(method.name);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::unsupported) throw;
    }
    return names;
}

/// What the service sends, read in a thread of its own: a cancellation comes while work is going on.
class Inbox {
public:
    explicit Inbox(Channel& channel) : channel_(channel), thread_([this] { read(); }) { thread_.detach(); }

    Message next() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return !requests_.empty(); });
        Message message = std::move(requests_.front());
        requests_.pop_front();
        return message;
    }
    [[nodiscard]] bool is_cancelled(std::uint64_t id) const { return cancelled_ == id; }

private:
    /// Without a service there is nothing to do.
    void read() {
        while (channel_.fill(/*wait=*/true)) {
            for (Message message; channel_.next(message);) take(std::move(message));
        }
        std::_Exit(0);
    }

    void take(Message message) {
        if (message.head.value("kind", "") == "cancel") {
            cancelled_ = message.head.value("id", std::uint64_t{0});
            return;
        }
        const std::lock_guard lock(mutex_);
        requests_.push_back(std::move(message));
        changed_.notify_all();
    }

    Channel& channel_;
    std::atomic<std::uint64_t> cancelled_ = 0;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Message> requests_;
    std::thread thread_;
};

/// Tells the service.
class RemoteActivity final : public Activity {
public:
    RemoteActivity(Channel& channel, const Inbox& inbox, std::uint64_t id, bool streams)
        : channel_(channel), inbox_(inbox), id_(id), streams_(streams) {}

    Progress progress() override {
        return [this](std::string_view stage, double done) {
            const auto now = Clock::now();
            const bool news = stage != stage_ || now - told_ > std::chrono::milliseconds(100);
            if (streams_ && news) {
                stage_ = stage;
                told_ = now;
                channel_.send({{"kind", "progress"}, {"id", id_}, {"stage", stage_}, {"done", done}});
            }
            return !inbox_.is_cancelled(id_);
        };
    }
    void stream(std::string_view text) override {
        if (streams_ && !text.empty())
            channel_.send({{"kind", "token"}, {"id", id_}, {"text", std::string(text)}});
    }
    void require_wanted() override {
        if (inbox_.is_cancelled(id_)) throw Error(ErrorCode::cancelled, "cancelled; nobody waits for it");
    }

private:
    using Clock = std::chrono::steady_clock;
    Channel& channel_;
    const Inbox& inbox_;
    std::uint64_t id_;
    bool streams_;
    std::string stage_;
    Clock::time_point told_;
};

class Worker {
public:
    Worker() : channel_(worker_descriptor) {}

    /// Until the service is gone.
    void work() {
        if (!load()) return;
        Inbox inbox(channel_);
        for (;;) {
            const Message message = inbox.next();
            const auto id = message.head.value("id", std::uint64_t{0});
            channel_.send({{"kind", "begun"}, {"id", id}});
            RemoteActivity activity(channel_, inbox, id, message.head.value("stream", false));
            answer(id, [&] { carry_out(message, activity); });
            malloc_trim(0);  // the next request may be a short one
        }
    }

private:
    bool load() {
        Message first;
        while (!channel_.next(first)) {
            if (!channel_.fill(/*wait=*/true)) return false;
        }
        return answer(0, [&] {
            request::apply(fields(terms_), request::parse_object(first.payload));
            Activity silent;
            model_ = request::load_model(terms_.defaults, silent);
            nlohmann::ordered_json facts = facts_json(*model_);
            facts["default_methods"] = default_methods(*model_);
            channel_.send({{"kind", "ready"}, {"model", std::move(facts)}});
        });
    }

    template <typename Work>
    bool answer(std::uint64_t id, const Work& work) {
        const auto fail = [&](ErrorCode code, const std::string& message) {
            channel_.send({{"kind", "error"},
                           {"id", id},
                           {"code", static_cast<int>(code)},
                           {"message", id == 0 ? message : without_paths(message, terms_)}});
            return false;
        };
        try {
            work();
            return true;
        } catch (const Error& error) {
            return fail(error.code(), error.what());
        } catch (const std::bad_alloc&) {
            return fail(ErrorCode::internal,
                        "out of memory; a smaller memory budget or a shorter text needs less");
        } catch (const std::exception& error) {
            return fail(ErrorCode::internal, fmt::format("internal error: {}", error.what()));
        }
    }

    void carry_out(const Message& message, Activity& activity) {
        request::Prepared ready =
            request::prepare(*model_, read_served(message.payload, terms_), activity, terms_.most_runs);
        require_short(*model_, ready.request, terms_);
        request::write_answer(*model_, ready, activity);
        const Generation& answer = ready.request.output;
        nlohmann::json head = {{"kind", "result"},
                               {"id", message.head.value("id", std::uint64_t{0})},
                               {"text", answer.text},
                               {"ended", answer.ended},
                               {"prompt_tokens", ready.request.input_ids.size()},
                               {"answer_tokens", answer.ids.size()}};
        std::string result;
        if (message.head.value("explain", true)) {
            result =
                view::json(request::explain(*model_, ready), {request_to_json(ready.asked), ready.asked.raw});
        }
        channel_.send(std::move(head), result);
    }

    ServiceTerms terms_;
    Channel channel_;
    std::optional<Model> model_;
};

}  // namespace

void run_worker() {
    signal(SIGPIPE, SIG_IGN);  // the service's log may have lost its reader
    Worker().work();
}

}  // namespace llmx::serve

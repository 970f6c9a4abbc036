#include "batch/run.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <llmx/error.hpp>
#include <llmx/view.hpp>
#include <map>
#include <mutex>
#include <new>
#include <thread>

#include "core/memory.hpp"
#include "explain/estimate.hpp"
#include "memory_gate.hpp"
#include "messages.hpp"
#include "model_cache.hpp"
#include "request/carry_out.hpp"
#include "terminal/terminal.hpp"

namespace llmx::cli {
namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string duration(double seconds) {
    const auto whole = static_cast<long>(seconds + 0.5);
    if (whole < 60) return fmt::format("{} s", whole);
    if (whole < 3600) return fmt::format("{}:{:02} min", whole / 60, whole % 60);
    return fmt::format("{}:{:02} h", whole / 3600, whole / 60 % 60);
}

class Batch {
public:
    explicit Batch(const BatchPlan& plan)
        : plan_(plan),
          gate_(plan.memory > 0 ? plan.memory : available_memory()),
          activity_(plan.quiet),
          silent_(true) {}

    BatchOutcome run() {
        for (const std::string& notice : plan_.results.notices()) say(notice);
        find_pending();
        drop_other_models();
        outcome_.kept = static_cast<int>(plan_.requests.size() - pending_.size());
        start_ = Clock::now();
        const int jobs = std::min<int>(plan_.jobs, static_cast<int>(pending_.size()));
        std::vector<std::thread> workers;
        workers.reserve(static_cast<std::size_t>(std::max(jobs, 0)));
        for (int j = 0; j < jobs; ++j) workers.emplace_back([this] { work(); });
        for (std::thread& worker : workers) worker.join();
        activity_.clear();
        if (failure_) std::rethrow_exception(failure_);
        outcome_.stopped = interrupted() != 0 && outcome_.done < static_cast<int>(pending_.size());
        if (!outcome_.stopped) plan_.results.finish(plan_.requests);
        return outcome_;
    }

private:
    void say(const std::string& notice) {
        if (plan_.quiet) return;
        activity_.clear();
        complain("batch: " + notice);
    }

    void find_pending() {
        std::vector<std::string> changed;
        for (std::size_t i = 0; i < plan_.requests.size(); ++i) {
            const BatchRequest& request = plan_.requests[i];
            const auto kept = plan_.results.kept(request);
            if (kept && kept->digest != request.digest) changed.push_back(request.name);
            const bool again =
                !kept || kept->digest != request.digest || (kept->failed && plan_.retry_failed);
            if (again) {
                pending_.push_back(i);
            } else if (kept->failed) {
                ++outcome_.failed;
            }
        }
        if (changed.empty()) return;
        const std::size_t shown = std::min<std::size_t>(changed.size(), 5);
        say(fmt::format(
            "{} changed since and {} done again: {}{}", changed.size(), changed.size() == 1 ? "is" : "are",
            fmt::join(changed.begin(), changed.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
            shown < changed.size() ? ", ..." : ""));
    }

    /// Nothing where the model is not there any more: its results are better than an error.
    std::string digest_of(const ExplainRequest& request) {
        try {
            return models_.get(request, silent_).sha256_16();
        } catch (const Error& error) {
            if (error.code() == ErrorCode::cancelled) throw;
            say(fmt::format("earlier results are kept unchecked: {}", error.what()));
            return {};
        }
    }

    /// Results of a model whose file has changed since are done again.
    void drop_other_models() {
        std::map<std::string, std::string> digests;  // by path
        std::vector<std::size_t> again;
        for (std::size_t i = 0; i < plan_.requests.size(); ++i) {
            if (std::binary_search(pending_.begin(), pending_.end(), i)) continue;
            const auto kept = plan_.results.kept(plan_.requests[i]);
            if (kept->failed) continue;
            const ExplainRequest request = read_request(plan_.requests[i].line, plan_.defaults);
            auto known = digests.find(request.model);
            if (known == digests.end()) known = digests.emplace(request.model, digest_of(request)).first;
            if (!known->second.empty() && known->second != kept->model_sha256) again.push_back(i);
        }
        if (again.empty()) return;
        say(fmt::format("{} of another model file than is there now; done again", again.size()));
        pending_.insert(pending_.end(), again.begin(), again.end());
        std::sort(pending_.begin(), pending_.end());
    }

    void work() {
        while (!stopping_ && interrupted() == 0) {
            const std::size_t at = next_++;
            if (at >= pending_.size()) return;
            const BatchRequest& request = plan_.requests[pending_[at]];
            try {
                bool failed = false;
                const std::string body = result_of(request, failed);
                const std::lock_guard lock(mutex_);
                plan_.results.add(request, body);
                ++outcome_.done;
                outcome_.failed += failed ? 1 : 0;
                outcome_.failed_now += failed ? 1 : 0;
                show_progress();
            } catch (...) {
                stopping_ = true;
                const std::lock_guard lock(mutex_);
                if (!failure_ && interrupted() == 0) failure_ = std::current_exception();
            }
        }
    }

    /// The keys of the result or of the error, without braces. Throws Error{cancelled} after a signal.
    std::string result_of(const BatchRequest& request, bool& failed) {
        const auto error = [&](ErrorCode code, const std::string& message) {
            failed = true;
            const Json json = {{"error", {{"code", static_cast<int>(code)}, {"message", message}}}};
            const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
            return text.substr(1, text.size() - 2);
        };
        try {
            const std::string text = explained(request);
            return text.substr(1, text.size() - 2);
        } catch (const Error& e) {
            if (e.code() == ErrorCode::cancelled) throw;
            return error(e.code(), e.what());
        } catch (const std::bad_alloc&) {
            return error(ErrorCode::internal,
                         "out of memory; fewer --jobs, a smaller memory budget or a shorter text needs less");
        } catch (const std::exception& e) {
            return error(ErrorCode::internal, fmt::format("internal error: {}", e.what()));
        }
    }

    std::string explained(const BatchRequest& request) {
        ExplainRequest asked = read_request(request.line, plan_.defaults);
        const int threads = asked.load.threads;  // the result says what was asked for
        if (threads == 0 && plan_.jobs > 1)
            asked.load.threads =
                std::max(1, static_cast<int>(std::thread::hardware_concurrency()) / plan_.jobs);
        TerminalActivity silent(true);
        const auto start = Clock::now();
        const Model model = models_.get(asked, silent);
        const double load_s = seconds_since(start);
        const MemoryGate::Pass pass = gate_.enter(memory_of(model, asked), models_.bytes());
        if (gate_.take_notice()) {
            const std::lock_guard lock(mutex_);
            say("not enough memory for that many jobs; running fewer at a time");
        }
        Outcome done = request::carry_out(model, load_s, asked, silent);
        done.request.load.threads = threads;
        return view::json(done.explanation, {request_to_json(done.request), done.request.raw});
    }

    /// An estimate, for requests that share the memory.
    [[nodiscard]] std::uint64_t memory_of(const Model& model, const ExplainRequest& asked) const {
        if (plan_.jobs == 1) return 0;
        const TaskInputs& texts = asked.texts;
        const Request request = prepare(model, texts);
        const std::size_t prompt = std::max(request.input_ids.size(), texts.context.value_or("").size() / 3);
        const std::size_t answer = texts.answer || texts.answer_ids
                                       ? request.output.ids.size()
                                       : static_cast<std::size_t>(asked.writing.max_new_tokens);
        return estimated_memory(model.facts(), prompt, answer,
                                asked.how.memory_budget.value_or(usual_memory_budget));
    }

    void show_progress() {
        const auto all = static_cast<double>(pending_.size());
        const double left = seconds_since(start_) / outcome_.done * (all - outcome_.done);
        const std::string stage = fmt::format(
            "{}/{} done{}, {} left", outcome_.kept + outcome_.done, plan_.requests.size(),
            outcome_.failed > 0 ? fmt::format(", {} failed", outcome_.failed) : "", duration(left));
        activity_.progress()(stage, outcome_.done / all);
    }

    const BatchPlan& plan_;
    ModelCache models_;
    MemoryGate gate_;
    TerminalActivity activity_, silent_;
    std::vector<std::size_t> pending_;  ///< in the requests' order
    std::atomic<std::size_t> next_ = 0;
    std::atomic<bool> stopping_ = false;
    std::mutex mutex_;  ///< of all below, and of the results
    BatchOutcome outcome_;
    std::exception_ptr failure_;
    Clock::time_point start_;
};

}  // namespace

BatchOutcome run_batch(const BatchPlan& plan) { return Batch(plan).run(); }

}  // namespace llmx::cli

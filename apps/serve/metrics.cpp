#include "metrics.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <llmx/version.hpp>
#include <string_view>

#include "log.hpp"

namespace llmx::serve {
namespace {

void head(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
    fmt::format_to(std::back_inserter(out), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

template <typename Number>
void single(std::string& out, std::string_view name, std::string_view type, std::string_view help,
            Number value) {
    head(out, name, type, help);
    fmt::format_to(std::back_inserter(out), "{} {}\n", name, value);
}

}  // namespace

void Metrics::answered(const std::string& path, int status, double seconds) {
    const std::lock_guard lock(mutex_);
    ++answers_[{path, status}];
    Histogram& histogram = seconds_[path];
    const auto at = std::lower_bound(bounds.begin(), bounds.end(), seconds) - bounds.begin();
    ++histogram.counts[static_cast<std::size_t>(at)];
    histogram.sum += seconds;
}

void Metrics::abandoned() {
    const std::lock_guard lock(mutex_);
    ++abandoned_;
}

void Metrics::timed_out() {
    const std::lock_guard lock(mutex_);
    ++timed_out_;
}

void Metrics::worker_restarted() {
    const std::lock_guard lock(mutex_);
    ++restarts_;
}

void Metrics::wrote(int prompt_tokens, int answer_tokens) {
    const std::lock_guard lock(mutex_);
    prompt_tokens_ += static_cast<std::uint64_t>(prompt_tokens);
    answer_tokens_ += static_cast<std::uint64_t>(answer_tokens);
}

std::string Metrics::text(const Gauges& now) const {
    const std::lock_guard lock(mutex_);
    std::string out;
    const auto to = std::back_inserter(out);
    head(out, "llmx_info", "gauge", "The program that runs.");
    fmt::format_to(to, "llmx_info{{version=\"{}\"}} 1\n", version());
    head(out, "llmx_requests_total", "counter", "Requests answered, by path and HTTP status.");
    for (const auto& [key, count] : answers_) {
        fmt::format_to(to, "llmx_requests_total{{path=\"{}\",status=\"{}\"}} {}\n", key.first, key.second,
                       count);
    }
    head(out, "llmx_request_seconds", "histogram", "Seconds from a connection to the end of its answer.");
    for (const auto& [path, histogram] : seconds_) {
        std::uint64_t below = 0;
        for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
            below += histogram.counts[i];
            const std::string bound = i < bounds.size() ? fmt::format("{}", bounds[i]) : "+Inf";
            fmt::format_to(to, "llmx_request_seconds_bucket{{path=\"{}\",le=\"{}\"}} {}\n", path, bound,
                           below);
        }
        fmt::format_to(to, "llmx_request_seconds_sum{{path=\"{}\"}} {}\n", path, histogram.sum);
        fmt::format_to(to, "llmx_request_seconds_count{{path=\"{}\"}} {}\n", path, below);
    }
    single(out, "llmx_abandoned_total", "counter", "Requests whose client left first.", abandoned_);
    single(out, "llmx_timed_out_total", "counter", "Requests that took longer than allowed.", timed_out_);
    single(out, "llmx_worker_restarts_total", "counter", "Times that the model worker was started again.",
           restarts_);
    single(out, "llmx_prompt_tokens_total", "counter", "Tokens of the prompts worked on.", prompt_tokens_);
    single(out, "llmx_answer_tokens_total", "counter", "Tokens of their answers.", answer_tokens_);
    single(out, "llmx_log_lines_lost_total", "counter", "Lines that standard error did not take.",
           lost_log_lines());
    single(out, "llmx_ready", "gauge", "1: the model is loaded.", now.ready ? 1 : 0);
    single(out, "llmx_requests_running", "gauge", "Requests that the model works on.", now.running);
    single(out, "llmx_requests_waiting", "gauge", "Requests in the queue.", now.waiting);
    single(out, "llmx_requests_waiting_limit", "gauge", "Requests that the queue holds.", now.waiting_most);
    single(out, "llmx_worker_resident_memory_bytes", "gauge", "Memory of the model worker.",
           now.worker_resident);
    single(out, "process_resident_memory_bytes", "gauge", "Memory of the service without its worker.",
           resident_bytes(getpid()));
    return out;
}

std::uint64_t resident_bytes(int process) {
    std::ifstream file(fmt::format("/proc/{}/statm", process));
    std::uint64_t all = 0, resident = 0;
    file >> all >> resident;
    return file ? resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

}  // namespace llmx::serve

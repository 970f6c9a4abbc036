#pragma once
// A client that waits for a job.

#include <cpp-httplib/httplib.h>

#include <functional>
#include <memory>
#include <string>

#include "dispatcher.hpp"

namespace llmx::serve {

/// The status in logs and metrics of a request whose client left before it was answered, as nginx has it.
constexpr int client_left = 499;

/// As long as it lives, somebody waits: a job that has not ended by then is cancelled.
class ClientWait {
public:
    /// Throws HttpError where there is no room for the job.
    ClientWait(Dispatcher& dispatcher, Metrics& metrics, JobSpec ask);
    ~ClientWait();
    ClientWait(const ClientWait&) = delete;
    ClientWait& operator=(const ClientWait&) = delete;

    /// The job's next event, or its place in the queue where that has changed, or nothing for now.
    std::optional<Event> next();
    /// The last one. Throws HttpError: the job's own, or that the client has left.
    Event result();

private:
    Dispatcher& dispatcher_;
    Metrics& metrics_;
    std::shared_ptr<Job> job_;
    std::optional<std::size_t> ahead_;
    bool ended_ = false;
};

/// Answers by server-sent events: what `text_of` makes of each event. The last one ends the answer.
void send_events(httplib::Response& response, std::shared_ptr<ClientWait> exchange,
                 std::function<std::string(const Event&)> text_of);

}  // namespace llmx::serve

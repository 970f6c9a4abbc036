#include "client_wait.hpp"

#include "connection.hpp"

namespace llmx::serve {
namespace {

using namespace std::chrono_literals;

constexpr auto look = 200ms;       // how often a client is told its place in the queue
constexpr int looks_to_ping = 50;  // a comment shows proxies and clients that somebody is there

}  // namespace

ClientWait::ClientWait(Dispatcher& dispatcher, Metrics& metrics, JobSpec ask)
    : dispatcher_(dispatcher), metrics_(metrics), job_(dispatcher.submit(std::move(ask))) {}

ClientWait::~ClientWait() {
    if (ended_) return;
    metrics_.abandoned();
    dispatcher_.cancel(*job_);
}

std::optional<Event> ClientWait::next() {
    Connection::current().wait_beside(job_->descriptor(), look);
    std::optional<Event> event = job_->take(0ms);
    if (event) {
        ended_ = event->is_last();
        return event;
    }
    const auto ahead = dispatcher_.ahead_of(*job_);
    if (ahead == ahead_) return std::nullopt;
    ahead_ = ahead;
    if (!ahead) return std::nullopt;
    return Event{Event::Kind::progress, {{"stage", "queue"}, {"done", 0.0}, {"ahead", *ahead}}, {}, {}};
}

Event ClientWait::result() {
    for (;;) {
        std::optional<Event> event = next();
        if (event && event->failure) throw HttpError(*event->failure);
        if (event && event->is_last()) return std::move(*event);
        if (event || !Connection::current().is_left()) continue;
        Connection::current().note_left();
        throw HttpError(
            400, "cancelled",
            "connection: closed, or its sending half, before the answer; expected it to stay open "
            "until then");
    }
}

void send_events(httplib::Response& response, std::shared_ptr<ClientWait> exchange,
                 std::function<std::string(const Event&)> text_of) {
    response.status = 200;
    const auto provide = [exchange = std::move(exchange), text_of = std::move(text_of), silent = 0](
                             std::size_t, httplib::DataSink& sink) mutable {
        const std::optional<Event> event = exchange->next();
        std::string text = event ? text_of(*event) : "";
        silent = text.empty() ? silent + 1 : 0;
        if (!event && (Connection::current().is_left() || !Connection::current().flush())) return false;
        if (text.empty() && silent % looks_to_ping == 0) text = ": still here\n\n";
        if (!text.empty() && !sink.write(text.data(), text.size())) return false;
        if (event && event->is_last()) sink.done();
        return true;
    };
    if (Connection::current().takes_chunks()) {
        response.set_chunked_content_provider("text/event-stream", provide);
    } else {
        response.set_content_provider("text/event-stream", provide);
    }
}

}  // namespace llmx::serve

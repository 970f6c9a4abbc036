#include "router.hpp"

#include <fmt/format.h>

#include <atomic>
#include <ctime>
#include <llmx/version.hpp>

#include "chat.hpp"
#include "client_wait.hpp"
#include "log.hpp"
#include "methods.hpp"
#include "openapi.hpp"
#include "view/html/page.hpp"

namespace llmx::serve {
namespace {

using Json = nlohmann::ordered_json;

const std::vector<Route> routes = {
    {"POST", "/v1/explain"},     {"POST", "/v1/explain/stream"},    {"POST", "/v1/chat/completions"},
    {"GET", "/v1/models"},       {"GET", "/v1/models/{id}"},        {"GET", "/v1/methods"},
    {"GET", "/metrics"},         {"GET", "/health", /*open=*/true}, {"GET", "/openapi.json", /*open=*/true},
    {"GET", "/", /*open=*/true},
};

void set_json(httplib::Response& response, std::string text) {
    response.body = std::move(text);
    response.set_header("Content-Type", "application/json");
}

void fail(httplib::Response& response, const HttpError& failure) {
    response.status = failure.status;
    set_json(response, failure.body());
    if (failure.retry_after > 0) response.set_header("Retry-After", std::to_string(failure.retry_after));
    if (!failure.allowed_methods.empty()) response.set_header("Allow", failure.allowed_methods);
    if (failure.status == 401) response.set_header("WWW-Authenticate", "Bearer");
}

/// Whatever is thrown becomes an answer.
template <typename Work>
void answer(httplib::Response& response, const Work& work) {
    try {
        work();
    } catch (const HttpError& failure) {
        fail(response, failure);
    } catch (const Error& error) {
        fail(response, HttpError(error));
    } catch (const std::bad_alloc&) {
        fail(response, HttpError(503, "busy", "out of memory; try again later", 5));
    } catch (const std::exception& error) {
        fail(response, HttpError(500, "internal", fmt::format("internal error: {}", error.what())));
    }
}

/// What the library itself refuses, before anybody is asked.
void fail_by_status(httplib::Response& response) {
    const int status = response.status;
    if (status == 414) return fail(response, {414, "too_large", "path: too long"});
    fail(response, {status, "usage", "request: not a readable HTTP request"});
}

std::string read_body(const httplib::ContentReader& reader, std::size_t longest) {
    const auto arriving = Connection::current().arriving();
    std::string body;
    bool too_long = false;
    const bool whole = reader([&](const char* data, std::size_t size) {
        too_long = body.size() + size > longest;
        if (!too_long) body.append(data, size);
        return !too_long;
    });
    if (too_long) throw HttpError(413, "too_large", fmt::format("body: expected at most {} bytes", longest));
    if (!whole)
        throw HttpError(400, "input", "body: ended before its declared length, or arrived too slowly");
    return body;
}

ChatAnswer new_chat_answer(const std::string& model) {
    static std::atomic<std::uint64_t> last = 0;
    const std::int64_t now = std::time(nullptr);
    return {model, fmt::format("chatcmpl-{:x}-{:x}", now, ++last), now};
}

std::string server_sent(const char* name, const std::string& data) {
    return fmt::format("event: {}\ndata: {}\n\n", name, data);
}

std::string explain_event(const Event& event) {
    switch (event.kind) {
        case Event::Kind::token:
            return server_sent("token", Json{{"text", event.head["text"]}}.dump());
        case Event::Kind::progress: {
            Json data = {{"stage", event.head["stage"]}, {"done", event.head["done"]}};
            if (event.head.contains("ahead")) data["ahead"] = event.head["ahead"];
            return server_sent("progress", data.dump());
        }
        case Event::Kind::result:
            return server_sent("result", event.payload);
        case Event::Kind::failure:
            return server_sent("error", event.failure->body());
    }
    return {};
}

}  // namespace

Router::Router(Dispatcher& dispatcher, Metrics& metrics, RequestSchema language, Access access, bool quiet)
    : dispatcher_(dispatcher),
      metrics_(metrics),
      language_(std::move(language)),
      longest_body_(access.longest_body),
      needs_key_(!access.api_key.empty()),
      guard_(std::move(access), routes),
      quiet_(quiet) {}

void Router::explain(const std::string& body, httplib::Response& response) {
    language_.check(body);
    ClientWait exchange(dispatcher_, metrics_, {.request = body});
    set_json(response, exchange.result().payload);
}

void Router::explain_stream(const std::string& body, httplib::Response& response) {
    language_.check(body);
    send_events(response,
                std::make_shared<ClientWait>(dispatcher_, metrics_, JobSpec{.request = body, .stream = true}),
                explain_event);
}

void Router::chat(const std::string& body, httplib::Response& response) {
    const ChatCall call = read_chat(body, language_.most_answer_tokens);
    language_.check(call.ask.request);
    const ChatAnswer answer = new_chat_answer(language_.model);
    const auto exchange = std::make_shared<ClientWait>(dispatcher_, metrics_, call.ask);
    if (!call.ask.stream) return set_json(response, chat_completion(answer, exchange->result()));
    const auto text_of = [answer, usage = call.usage_at_end, begun = false](const Event& event) mutable {
        const auto data = [&](const Json& delta) { return "data: " + chat_chunk(answer, delta) + "\n\n"; };
        if (event.failure) return "data: " + event.failure->body() + "\n\n";
        std::string text;
        if (!begun && event.kind != Event::Kind::progress) {
            begun = true;
            text = data({{"role", "assistant"}, {"content", ""}});
        }
        if (event.kind == Event::Kind::token) text += data({{"content", event.head["text"]}});
        if (event.kind == Event::Kind::result) text += chat_end(answer, event, usage);
        return text;
    };
    send_events(response, exchange, text_of);
}

Json Router::model() const {
    Json model = {{"id", language_.model}, {"object", "model"}, {"created", started_}, {"owned_by", "llmx"}};
    const nlohmann::json facts = dispatcher_.model();
    for (const auto& [key, value] : facts.items()) model[key] = value;
    return model;
}

void Router::models(httplib::Response& response) const {
    set_json(response, Json{{"object", "list"}, {"data", {model()}}}.dump());
}

void Router::one_model(const std::string& id, httplib::Response& response) const {
    if (id != language_.model)
        throw HttpError(404, "not_found",
                        fmt::format("model: unknown; this service has {}", language_.model));
    set_json(response, model().dump());
}

void Router::health(httplib::Response& response) const {
    const std::string state = dispatcher_.state();
    response.status = state == "ready" ? 200 : 503;
    set_json(response, Json{{"status", state}}.dump());
}

void Router::post(HttpServer& server, const std::string& path,
                  void (Router::*handler)(const std::string&, httplib::Response&)) {
    server.Post(path, [this, handler](const httplib::Request&, httplib::Response& response,
                                      const httplib::ContentReader& reader) {
        answer(response, [&] { (this->*handler)(read_body(reader, longest_body_), response); });
    });
}

void Router::count(const std::string& path, int status, double seconds) {
    metrics_.answered(path, status, seconds);
    if (!quiet_) log(fmt::format("{} {} {:.3f} s", path, status, seconds));
}

void Router::answered(const httplib::Request& request, const httplib::Response& response) {
    const auto known = std::find_if(routes.begin(), routes.end(),
                                    [&](const Route& route) { return route.serves(request.path); });
    const std::string path = known == routes.end() ? "other" : known->path;
    const double seconds = Connection::current().seconds();
    count(path, Connection::current().is_noted_left() ? client_left : response.status, seconds);
}

void Router::install(HttpServer& server) {
    // Nothing that a page elsewhere could read, frame, guess the type of, or keep.
    server.set_default_headers({{"Cache-Control", "no-store"},
                                {"Cross-Origin-Resource-Policy", "same-origin"},
                                {"Referrer-Policy", "no-referrer"},
                                {"X-Content-Type-Options", "nosniff"},
                                {"X-Frame-Options", "DENY"}});
    server.set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
        answer(response, [&] { guard_.check(request); });
        return response.status == -1 ? HttpServer::HandlerResponse::Unhandled
                                     : HttpServer::HandlerResponse::Handled;
    });
    server.set_expect_100_continue_handler(
        [this](const httplib::Request& request, httplib::Response& response) {
            answer(response, [&] { guard_.check(request); });
            return response.status == -1 ? 100 : response.status;
        });
    const HttpServer::HandlerWithResponse fail_unsaid = [](const httplib::Request&,
                                                           httplib::Response& response) {
        if (response.body.empty()) fail_by_status(response);
        return HttpServer::HandlerResponse::Handled;
    };
    server.set_error_handler(fail_unsaid);
    server.set_refused([this](int status, double seconds) { count("other", status, seconds); });
    server.set_logger([this](const httplib::Request& request, const httplib::Response& response) {
        answered(request, response);
    });

    post(server, "/v1/explain", &Router::explain);
    post(server, "/v1/explain/stream", &Router::explain_stream);
    post(server, "/v1/chat/completions", &Router::chat);
    const auto get = [&](const char* path, auto handler) {
        server.Get(path, [handler](const httplib::Request&, httplib::Response& response) {
            answer(response, [&] { handler(response); });
        });
    };
    // The page holds no secret: what it shows, it asks for, with the key that its reader gives it.
    const std::string page =
        view::page({.title = "LLM Explainer", .data_json = Json{{"version", version()}}.dump(), .app = true});
    get("/", [page](httplib::Response& response) {
        response.set_content(page, "text/html; charset=utf-8");
        response.set_header("Content-Security-Policy", "frame-ancestors 'none'");
    });
    get("/v1/models", [this](httplib::Response& response) { models(response); });
    server.Get("/v1/models/(.+)", [this](const httplib::Request& request, httplib::Response& response) {
        answer(response, [&] { one_model(request.matches[1].str(), response); });
    });
    get("/v1/methods",
        [](httplib::Response& response) { set_json(response, methods_document(known_methods()).dump()); });
    get("/health", [this](httplib::Response& response) { health(response); });
    get("/metrics", [this](httplib::Response& response) {
        response.set_content(metrics_.text(dispatcher_.gauges()), "text/plain; version=0.0.4");
    });
    get("/openapi\\.json", [this](httplib::Response& response) {
        set_json(response, openapi(language_.properties, needs_key_).dump(2));
    });
}

}  // namespace llmx::serve

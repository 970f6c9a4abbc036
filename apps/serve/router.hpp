#pragma once
// The service's paths, and what each answers.

#include <cstdint>
#include <ctime>
#include <nlohmann/json.hpp>
#include <string>

#include "dispatcher.hpp"
#include "guard.hpp"
#include "http_server.hpp"
#include "request_schema.hpp"

namespace llmx::serve {

class Router {
public:
    Router(Dispatcher& dispatcher, Metrics& metrics, RequestSchema language, Access access, bool quiet);
    /// Refers to this object.
    void install(HttpServer& server);

private:
    void explain(const std::string& body, httplib::Response& response);
    void explain_stream(const std::string& body, httplib::Response& response);
    void chat(const std::string& body, httplib::Response& response);
    [[nodiscard]] nlohmann::ordered_json model() const;
    void models(httplib::Response& response) const;
    void one_model(const std::string& id, httplib::Response& response) const;
    void health(httplib::Response& response) const;
    void count(const std::string& path, int status, double seconds);
    void answered(const httplib::Request& request, const httplib::Response& response);
    void post(HttpServer& server, const std::string& path,
              void (Router::*handler)(const std::string&, httplib::Response&));

    Dispatcher& dispatcher_;
    Metrics& metrics_;
    RequestSchema language_;
    std::size_t longest_body_;
    bool needs_key_;
    Guard guard_;
    bool quiet_;
    std::int64_t started_ = std::time(nullptr);
};

}  // namespace llmx::serve

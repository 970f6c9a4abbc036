#pragma once
// The service from its start to its stop.

#include <chrono>
#include <string>

#include "dispatcher.hpp"
#include "guard.hpp"
#include "request_schema.hpp"

namespace llmx::serve {

struct ServicePlan {
    std::string host = "127.0.0.1";
    int port = 8080;  ///< 0: any that is free
    Access access;
    WorkPlan work;
    RequestSchema language;
    std::chrono::seconds grace{30};  ///< for what runs when the service is to stop
    bool quiet = false;
};

/// Loads the model in its worker, says on standard output where it serves, and serves until SIGTERM or
/// SIGINT; a second one ends the program at once. Throws Error where it cannot begin.
void serve(ServicePlan plan);

}  // namespace llmx::serve

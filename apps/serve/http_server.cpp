#include "http_server.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <llmx/error.hpp>

#include "head.hpp"
#include "log.hpp"
#include "peer.hpp"

namespace llmx::serve {
namespace {

constexpr std::size_t spare_threads = 32;    // for requests that want nothing of the model
constexpr std::size_t arriving_bodies = 16;  // of the spare threads

/// Connections are handed to the door where they are accepted.
class AtOnce final : public httplib::TaskQueue {
public:
    bool enqueue(std::function<void()> work) override {
        work();
        return true;
    }
    void shutdown() override {}
};

/// Connections need descriptors, of which the system's first limit allows few.
void allow_connections() {
    rlimit limit = {};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 1 << 16);
    setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

HttpServer::HttpServer(std::size_t longest_body, std::size_t jobs)
    : longest_body_(longest_body),
      threads_(static_cast<int>(jobs + spare_threads)),
      arrivals_(arriving_bodies) {
    new_task_queue = [] { return new AtOnce; };
}

HttpServer::~HttpServer() { finish(); }

int HttpServer::bind(const std::string& host, int port) {
    // The library's own options would let a second program listen at the same port.
    set_socket_options([](socket_t socket) {
        const int on = 1;
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    });
    const std::string asked = fmt::format("{}:{}", host, port);
    if (port == 0) {
        port = bind_to_any_port(host);
        if (port <= 0) port = -1;
    } else if (!bind_to_port(host, port)) {
        port = -1;
    }
    if (port < 0) {
        throw Error(ErrorCode::usage,
                    fmt::format("serve: cannot listen at {} ({}); expected an address of this machine and a "
                                "free port",
                                asked, std::strerror(errno)));
    }
    return port;
}

bool HttpServer::open() {
    allow_connections();
    pool_ = std::make_unique<httplib::ThreadPool>(static_cast<std::size_t>(threads_));
    door_ = std::make_unique<Door>(
        Door::Limits{}, [this](Guest guest) { return enter(std::move(guest)); }, refused_);
    return listen_after_bind();
}

void HttpServer::finish() {
    finishing_ = true;
    if (pool_) pool_->shutdown();
    door_.reset();
    pool_.reset();
}

bool HttpServer::process_and_close_socket(socket_t socket) {
    door_->admit(socket);
    return true;
}

bool HttpServer::enter(Guest guest) {
    if (finishing_ || serving_ >= 2 * threads_) return false;
    ++serving_;
    pool_->enqueue([this, guest = std::move(guest)]() mutable {
        serve(std::move(guest));
        --serving_;
    });
    return true;
}

void HttpServer::serve(Guest guest) {
    const int socket = guest.socket;
    bool answered = false;
    std::string rest;
    try {
        Connection connection(std::move(guest), arrivals_);
        bool closed = false;
        const Peer remote = peer_of(socket), local = own_end_of(socket);
        answered = process_request(connection, remote.address, remote.port, local.address, local.port,
                                   /*close_connection=*/true, closed, [&](httplib::Request& request) {
                                       connection.begin_body(longest_body_ + longest_head,
                                                             request.version != "HTTP/1.0");
                                       request.ranges.clear();  // results come whole, as they are
                                       request.headers.erase("Accept-Encoding");
                                   });
        if (answered) rest = connection.take_unsent();
    } catch (const std::exception& error) {
        log(fmt::format("a connection ended by an error: {}", error.what()));
    }
    if (answered) {
        door_->see_off(socket, std::move(rest));
    } else {
        shutdown(socket, SHUT_RDWR);
        close(socket);
    }
}

}  // namespace llmx::serve

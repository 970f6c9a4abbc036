#pragma once
// cpp-httplib's server behind a door: a thread serves a request once its head is there, and until its answer
// is ready.

#include <cpp-httplib/httplib.h>

#include <atomic>
#include <memory>
#include <string>

#include "arrivals.hpp"
#include "connection.hpp"
#include "door.hpp"

namespace llmx::serve {

/// One request a connection: nobody has to guess where a refused request's body ends.
class HttpServer final : public httplib::Server {
public:
    /// `jobs`: requests that may wait for the model at a time, each in a thread.
    HttpServer(std::size_t longest_body, std::size_t jobs);
    ~HttpServer() override;

    /// Binds to an address and port (0: any) and returns the port. Throws Error{usage} where that fails.
    int bind(const std::string& host, int port);
    /// Of requests that the door has answered. Before `open`.
    void set_refused(Door::Refused refused) { refused_ = std::move(refused); }
    /// Listens until `stop`. False where the system has ended it.
    bool open();
    /// Ends what is still served, and lets clients read their answers.
    void finish();
    /// Requests that are being served.
    [[nodiscard]] int serving() const { return serving_; }

private:
    bool process_and_close_socket(socket_t socket) override;
    bool enter(Guest guest);
    void serve(Guest guest);

    std::size_t longest_body_;
    int threads_;
    Arrivals arrivals_;
    Door::Refused refused_;
    std::atomic<int> serving_ = 0;
    std::atomic<bool> finishing_ = false;
    std::unique_ptr<httplib::ThreadPool> pool_;
    std::unique_ptr<Door> door_;
};

}  // namespace llmx::serve

#pragma once
// Messages between the service and its model worker, over a socket pair: a line of JSON each, and as many
// raw bytes behind it as its "bytes" says. A result of megabytes passes through without being parsed.

#include <cstddef>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace llmx::serve {

struct Message {
    nlohmann::json head;
    std::string payload;
};

class Channel {
public:
    /// Owns the socket.
    explicit Channel(int socket) : socket_(socket) {}
    ~Channel();
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    /// False where the other end is gone, or while it does not read and `go_on`, asked now and then, says so;
    /// no message can be sent after that. From any thread.
    bool send(
        nlohmann::json head, std::string_view payload = {},
        const std::function<bool()>& go_on = [] { return true; });

    /// Reads what there is; waits for it where `wait`. False where the other end is gone.
    bool fill(bool wait);
    /// Takes the next whole message that has been read. Throws Error{internal} for what is none.
    bool next(Message& message);

    [[nodiscard]] int socket() const { return socket_; }

private:
    int socket_;
    std::mutex sending_;
    std::string read_;
    Message begun_;  ///< its head is read, its payload not yet
    std::size_t missing_ = 0;
    bool has_head_ = false;
};

}  // namespace llmx::serve

#pragma once
// Connections that no thread has to wait for: those whose request's head has not come yet, and those whose
// answer the client has still to read. One thread holds them all.

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "http_error.hpp"

namespace llmx::serve {

/// A client whose request has begun to come.
struct Guest {
    int socket = -1;
    std::string arrived;                          ///< the request's head, and what came with it
    std::chrono::steady_clock::time_point start;  ///< of its first byte
};

class Door {
public:
    struct Limits {
        std::size_t of_source = 128,
                    all = 512;             ///< connections; one more closes the one that is idle longest
        std::chrono::seconds arrival{20};  ///< of a head
        std::chrono::seconds reading{30};  ///< of a client, for the next bytes of its answer
        std::chrono::seconds goodbye{2};   ///< for the client to close its end
    };
    /// Takes over the socket; false where there is no room. Must not wait.
    using Enter = std::function<bool(Guest)>;
    /// Of a request that was answered here: its status and seconds.
    using Refused = std::function<void(int status, double seconds)>;

    Door(Limits limits, Enter enter, Refused refused);
    /// Closes what is still there.
    ~Door();
    Door(const Door&) = delete;
    Door& operator=(const Door&) = delete;

    /// Owns the socket from now on.
    void admit(int socket);
    /// Sends the rest of an answer, says that no more comes, and lets the client read it before the socket is
    /// closed: it may still be sending a body that was refused. Owns the socket.
    void see_off(int socket, std::string rest);
    /// Nobody enters any more. Waits for answers to be read, for seconds.
    void close();

private:
    using Clock = std::chrono::steady_clock;
    enum class Stage { arriving, sending, goodbye };
    struct Visitor {
        std::string source;
        Stage stage = Stage::arriving;
        Clock::time_point start, last;  ///< of its first byte, or of the connection; of the newest byte
        std::string bytes;              ///< that have come; that have still to be sent
        std::size_t sent = 0;
        std::size_t discarded = 0;
    };

    void loop();
    void take_new();
    void make_room(const std::string& source);
    void attend(int socket, Visitor& visitor);
    void receive(int socket, Visitor& visitor);
    void pass_on(int socket, Visitor& visitor);
    void refuse(int socket, Visitor& visitor, const HttpError& failure);
    void send(int socket, Visitor& visitor);
    void discard(int socket, Visitor& visitor);
    void end_late(bool closing);
    void watch(int socket, std::uint32_t what) const;
    void drop(int socket);
    void wake() const;

    const Limits limits_;
    const Enter enter_;
    const Refused refused_;
    int epoll_, wake_;
    std::unordered_map<int, Visitor> visitors_;  ///< by socket; of the door's thread alone

    std::mutex mutex_;  ///< of all below
    std::vector<std::pair<int, Visitor>> new_;
    bool closing_ = false;
    std::thread thread_;
};

}  // namespace llmx::serve

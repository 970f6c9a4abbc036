#pragma once
// One connection of a client, from its request's head on: cpp-httplib reads and writes through it. It bounds
// what the library does not: the time that a body may take to arrive, and what waits for a client that does
// not read. It also knows whether the client is still there.

#include <cpp-httplib/httplib.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <string>

#include "arrivals.hpp"
#include "door.hpp"

namespace llmx::serve {

class Connection final : public httplib::Stream {
public:
    using Clock = std::chrono::steady_clock;

    static constexpr std::chrono::seconds longest_arrival{20}, longest_write{30};

    /// Of a connected socket, which the caller closes. The connection is `current()` in this thread, as long
    /// as it lives.
    Connection(Guest guest, Arrivals& arrivals);
    ~Connection() override;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// The one that this thread serves.
    static Connection& current();

    /// The head is read; the rest may be so long. An HTTP/1.0 client takes an answer of unknown length only
    /// up to the connection's end.
    void begin_body(std::size_t most, bool takes_chunks);
    [[nodiscard]] bool takes_chunks() const { return takes_chunks_; }
    /// A thread waits for the body, as long as it lives.
    [[nodiscard]] Arrivals::Arrival arriving() { return {arrivals_, socket_}; }

    /// The client has closed its end.
    [[nodiscard]] bool is_left() const;
    /// Waits, so long at most, until `descriptor` can be read or the client has left.
    void wait_beside(int descriptor, std::chrono::milliseconds longest) const;
    /// The request was given up because of that: for the log.
    void note_left() { noted_left_ = true; }
    [[nodiscard]] bool is_noted_left() const { return noted_left_; }
    /// The seconds since the request's first byte.
    [[nodiscard]] double seconds() const;

    /// Sends what waits, as far as the client reads. False where it has not read for long.
    bool flush();
    /// What still waits.
    std::string take_unsent();

    [[nodiscard]] bool is_readable() const override;
    [[nodiscard]] bool wait_readable() const override { return is_readable(); }
    [[nodiscard]] bool wait_writable() const override { return true; }
    [[nodiscard]] time_t duration() const override { return static_cast<time_t>(seconds()); }
    ssize_t read(char* to, std::size_t size) override;
    /// Never waits.
    ssize_t write(const char* from, std::size_t size) override;
    void get_remote_ip_and_port(std::string& ip, int& port) const override;
    void get_local_ip_and_port(std::string& ip, int& port) const override;
    [[nodiscard]] int socket() const override { return socket_; }

private:
    [[nodiscard]] bool wait_for(short what, Clock::time_point until) const;

    Arrivals& arrivals_;
    int socket_;
    Clock::time_point start_, until_ = Clock::now() + longest_arrival;
    std::size_t may_read_;
    std::string arrived_;
    std::size_t at_ = 0;
    std::string unsent_;
    std::size_t sent_ = 0;  ///< of `unsent_`
    Clock::time_point last_sent_ = Clock::now();
    bool takes_chunks_ = true, noted_left_ = false;
};

}  // namespace llmx::serve

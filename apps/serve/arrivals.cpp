#include "arrivals.hpp"

#include <sys/socket.h>

namespace llmx::serve {

Arrivals::Arrival::Arrival(Arrivals& all, int socket) : all_(all), socket_(socket) {
    const std::lock_guard lock(all_.mutex_);
    if (all_.sockets_.size() >= all_.most_) {
        shutdown(all_.sockets_.front(), SHUT_RD);  // its thread reads the end, and answers
        all_.sockets_.pop_front();
    }
    all_.sockets_.push_back(socket_);
}

Arrivals::Arrival::~Arrival() {
    const std::lock_guard lock(all_.mutex_);
    all_.sockets_.remove(socket_);
}

}  // namespace llmx::serve

#include "peer.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <array>

namespace llmx::serve {
namespace {

Peer end_of(int (*get)(int, sockaddr*, socklen_t*), int socket) {
    sockaddr_storage address = {};
    socklen_t size = sizeof address;
    std::array<char, INET6_ADDRSTRLEN> text = {};
    if (get(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
    Peer peer;
    if (address.ss_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
        inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
        peer.port = ntohs(v4.sin_port);
    } else if (address.ss_family == AF_INET6) {
        const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
        inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
        peer.port = ntohs(v6.sin6_port);
    }
    peer.address = text.data();
    return peer;
}

}  // namespace

Peer peer_of(int socket) { return end_of(getpeername, socket); }

Peer own_end_of(int socket) { return end_of(getsockname, socket); }

}  // namespace llmx::serve

#pragma once

#include <string>

namespace llmx::serve {

struct Peer {
    std::string address;
    int port = 0;
};

/// The other end of a connection; the own one. Empty where the system does not tell.
Peer peer_of(int socket);
Peer own_end_of(int socket);

}  // namespace llmx::serve

#pragma once
// Asking a server of llama.cpp's RPC whether it is there and answers. llama.cpp itself ends the process or
// waits for ever where it does not.

#include <string>

namespace llmx::engine {

/// "HOST:PORT" as it is given, and with the host's IPv4 address.
struct RpcEndpoint {
    std::string given;
    std::string address;  ///< what llama.cpp gets; short, as its name is part of tensors' names
};

/// Throws Error{usage} for another form, Error{input} for a host that is not known.
RpcEndpoint rpc_endpoint(const std::string& text);

/// Greets the server. Throws Error{input} where nobody listens, nobody answers within some seconds, or who
/// answers speaks another protocol.
void probe(const RpcEndpoint& endpoint);

}  // namespace llmx::engine

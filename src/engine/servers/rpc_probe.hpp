#pragma once
// Checks that a server of llama.cpp's RPC is reachable and answers. llama.cpp itself would end the process or
// wait forever if it does not.

#include <string>

namespace llmx::engine {

/// "HOST:PORT" as given, and with the host's IPv4 address.
struct RpcEndpoint {
    std::string given;
    std::string address;  ///< passed to llama.cpp; short, as it becomes part of tensors' names
};

/// Throws Error{usage} for any other form, Error{input} for an unknown host.
RpcEndpoint rpc_endpoint(const std::string& text);

/// Greets the server. Throws Error{input} if nobody listens, nobody answers within some seconds, or the
/// answer is in another protocol.
void probe(const RpcEndpoint& endpoint);

}  // namespace llmx::engine

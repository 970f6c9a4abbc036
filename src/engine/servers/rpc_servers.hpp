#pragma once
// The servers of llama.cpp's RPC that have a model's layers.

#include <ggml-backend.h>
#include <llama.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace llmx::engine {

/// Holds a connection to each server. A server has one client at a time, so models of this process share it.
class RpcServers {
public:
    /// `servers`: "HOST:PORT" each. Throws Error{usage} for another form or one that comes twice,
    /// Error{input} for a server that is not there.
    explicit RpcServers(const std::vector<std::string>& servers);
    ~RpcServers();
    RpcServers(const RpcServers&) = delete;
    RpcServers& operator=(const RpcServers&) = delete;

    /// All layers go to the servers, in parts that fit their free memory; the embedding table stays here.
    /// This object must outlive the model.
    void give_layers(llama_model_params& params);

private:
    struct Connection;
    static std::shared_ptr<Connection> connection_to(const std::string& server);

    std::vector<std::shared_ptr<Connection>> connections_;
    std::vector<ggml_backend_dev_t> devices_;  // ends in nullptr
    std::array<llama_model_tensor_buft_override, 2> no_override_{};
};

}  // namespace llmx::engine

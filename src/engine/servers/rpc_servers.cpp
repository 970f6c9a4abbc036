#include "engine/servers/rpc_servers.hpp"

#include <fmt/format.h>
#include <ggml-cpu.h>
#include <ggml-rpc.h>

#include <llmx/error.hpp>
#include <map>
#include <mutex>
#include <set>

#include "engine/llama_guard.hpp"
#include "engine/servers/rpc_probe.hpp"

namespace llmx::engine {

namespace {

/// What llama.cpp knows of a server it keeps for ever, in tables that end before the program does: a leak, to
/// the sanitizers, of what nobody holds. One caller at a time.
void hold(const void* known) {
    static auto* const held = new std::set<const void*>;
    held->insert(known);
}

}  // namespace

/// llama.cpp hangs up when nobody holds a back end or a buffer; another client could then come first.
struct RpcServers::Connection {
    explicit Connection(const RpcEndpoint& endpoint) {
        probe(endpoint);
        const LlamaGuard guard;
        try {
            ggml_backend_reg_t server = ggml_backend_rpc_add_server(endpoint.address.c_str());
            const std::size_t count = server != nullptr ? ggml_backend_reg_dev_count(server) : 0;
            hold(server);
            for (std::size_t i = 0; i < count; ++i) {
                devices.push_back(ggml_backend_reg_dev_get(server, i));
                if (i == 0) backend = ggml_backend_dev_init(devices.front(), nullptr);
                hold(ggml_backend_dev_buffer_type(devices.back()));
            }
        } catch (const std::exception& e) {  // also LlamaAbort
            fail(endpoint, one_line(e.what()));
        }
        if (backend == nullptr) fail(endpoint, "the server offers no device");
    }
    ~Connection() { ggml_backend_free(backend); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    [[noreturn]] static void fail(const RpcEndpoint& endpoint, const std::string& reason) {
        throw Error(ErrorCode::input,
                    fmt::format("rpc {}: {}; expected a ggml-rpc-server of the same llama.cpp",
                                endpoint.given, reason));
    }

    std::vector<ggml_backend_dev_t> devices;
    ggml_backend_t backend = nullptr;
};

RpcServers::RpcServers(const std::vector<std::string>& servers) {
    init_llama();
    std::set<std::string> addresses;
    for (const std::string& server : servers) {
        if (!addresses.insert(rpc_endpoint(server).address).second) {
            throw Error(ErrorCode::usage,
                        fmt::format("rpc: \"{}\" comes twice; expected each server once", server));
        }
    }
    if (servers.size() > GGML_RPC_MAX_SERVERS) {
        throw Error(ErrorCode::usage, fmt::format("rpc: {} servers; expected at most {}", servers.size(),
                                                  GGML_RPC_MAX_SERVERS));
    }
    for (const std::string& server : servers) {
        connections_.push_back(connection_to(server));
        const auto& devices = connections_.back()->devices;
        devices_.insert(devices_.end(), devices.begin(), devices.end());
    }
    devices_.push_back(nullptr);
}

RpcServers::~RpcServers() = default;

// llama.cpp has one connection to a server for all of a process: to greet a server that this process is
// already a client of would wait for ever.
std::shared_ptr<RpcServers::Connection> RpcServers::connection_to(const std::string& server) {
    static std::mutex mutex;
    static std::map<std::string, std::weak_ptr<Connection>> open;
    const RpcEndpoint endpoint = rpc_endpoint(server);
    const std::scoped_lock lock(mutex);
    std::weak_ptr<Connection>& place = open[endpoint.address];
    std::shared_ptr<Connection> connection = place.lock();
    if (!connection) {
        connection = std::make_shared<Connection>(endpoint);
        place = connection;
    }
    return connection;
}

void RpcServers::give_layers(llama_model_params& params) {
    params.devices = devices_.data();
    params.split_mode = LLAMA_SPLIT_MODE_LAYER;
    params.n_gpu_layers = -1;
    // With several devices llama.cpp would keep four copies of every input, for passes that overlap; it does
    // not where a tensor's place is chosen, so a place is chosen for none.
    no_override_[0] = {"^$", ggml_backend_cpu_buffer_type()};
    params.tensor_buft_overrides = no_override_.data();
}

}  // namespace llmx::engine

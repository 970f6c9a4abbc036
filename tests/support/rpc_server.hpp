#pragma once
// llama.cpp's RPC server as a child process on loopback.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <stdexcept>
#include <string>
#include <thread>

#include "support/temporary.hpp"

namespace llmx::test {

/// A socket that listens on a free port of loopback; nobody accepts.
class Listener {
public:
    Listener() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof(address);
        auto* any = reinterpret_cast<sockaddr*>(&address);
        if (bind(socket_, any, length) != 0 || listen(socket_, 4) != 0 ||
            getsockname(socket_, any, &length) != 0)
            throw std::runtime_error("no socket on loopback");
        port_ = ntohs(address.sin_port);
    }
    ~Listener() { close(socket_); }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    [[nodiscard]] int socket_number() const { return socket_; }
    [[nodiscard]] int port() const { return port_; }
    [[nodiscard]] std::string name() const { return "127.0.0.1:" + std::to_string(port_); }

private:
    int socket_;
    int port_ = 0;
};

class RpcServer {
public:
    RpcServer() {
        const std::string port = std::to_string(Listener().port());
        name_ = "127.0.0.1:" + port;
        const std::string log = log_();
        child_ = fork();
        if (child_ == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that crashes leaves no server behind
            const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
            dup2(file, STDOUT_FILENO);
            dup2(file, STDERR_FILENO);
            execl(LLMX_RPC_SERVER, LLMX_RPC_SERVER, "-H", "127.0.0.1", "-p", port.c_str(), "-t", "1",
                  nullptr);
            _exit(127);
        }
        wait_until_it_listens(static_cast<std::uint16_t>(std::stoi(port)));
    }
    ~RpcServer() {
        kill(child_, SIGKILL);
        waitpid(child_, nullptr, 0);
    }
    RpcServer(const RpcServer&) = delete;
    RpcServer& operator=(const RpcServer&) = delete;

    [[nodiscard]] const std::string& name() const { return name_; }

    /// Connections that it has had.
    [[nodiscard]] int connections() const {
        const std::string text = slurp(log_());
        int count = 0;
        for (std::size_t at = text.find("Accepted"); at != std::string::npos;
             at = text.find("Accepted", at + 1))
            ++count;
        return count;
    }

private:
    [[nodiscard]] std::string log_() const { return (dir_ / "log").string(); }

    void wait_until_it_listens(std::uint16_t port) const {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(port);
        for (int i = 0; i < 1000; ++i) {
            const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
            const int failed = connect(client, reinterpret_cast<sockaddr*>(&address), sizeof(address));
            close(client);
            if (failed == 0) return;
            if (waitpid(child_, nullptr, WNOHANG) != 0) break;
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        throw std::runtime_error("the RPC server does not start: " + slurp(log_()));
    }

    TemporaryDirectory dir_;
    std::string name_;
    pid_t child_ = -1;
};

}  // namespace llmx::test

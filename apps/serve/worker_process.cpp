#include "worker_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <llmx/error.hpp>

namespace llmx::serve {
namespace {

[[noreturn]] void fail(const char* what, int error) {
    throw Error(ErrorCode::internal, fmt::format("worker: cannot {}: {}", what, std::strerror(error)));
}

/// A process group of its own, so that a Ctrl-C at the terminal ends the service and not the work in
/// progress; no signal blocked; the channel and the error output, nothing else.
class Spawning {
public:
    explicit Spawning(int channel) {
        posix_spawnattr_init(&attributes_);
        posix_spawn_file_actions_init(&actions_);
        sigset_t none, all;
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawnattr_setsigmask(&attributes_, &none);
        posix_spawnattr_setsigdefault(&attributes_, &all);
        posix_spawnattr_setpgroup(&attributes_, 0);
        posix_spawnattr_setflags(&attributes_,
                                 POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
        posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions_, STDERR_FILENO, STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&actions_, channel, worker_descriptor);
    }
    ~Spawning() {
        posix_spawnattr_destroy(&attributes_);
        posix_spawn_file_actions_destroy(&actions_);
    }
    Spawning(const Spawning&) = delete;
    Spawning& operator=(const Spawning&) = delete;

    pid_t start(const std::vector<std::string>& arguments) {
        std::vector<char*> argv;
        argv.reserve(arguments.size() + 2);
        std::string name = "llmx";
        argv.push_back(name.data());
        for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
        argv.push_back(nullptr);
        pid_t process = -1;
        const int error =
            posix_spawn(&process, "/proc/self/exe", &actions_, &attributes_, argv.data(), environ);
        if (error != 0) fail("start", error);
        return process;
    }

private:
    posix_spawnattr_t attributes_;
    posix_spawn_file_actions_t actions_;
};

}  // namespace

WorkerProcess::WorkerProcess(const std::vector<std::string>& arguments) {
    std::array<int, 2> ends = {-1, -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) fail("make a channel", errno);
    channel_ = std::make_unique<Channel>(ends[0]);
    const Channel others(ends[1]);
    process_ = Spawning(ends[1]).start(arguments);
}

WorkerProcess::~WorkerProcess() { end(); }

std::string WorkerProcess::end() {
    if (process_ < 0) return "ended before";
    kill(process_, SIGKILL);  // does nothing to one that has ended and is not yet waited for
    int status = 0;
    while (waitpid(process_, &status, 0) < 0 && errno == EINTR) {
    }
    process_ = -1;
    if (WIFSIGNALED(status)) {
        const int signal = WTERMSIG(status);
        return fmt::format("signal {} ({})", signal, strsignal(signal));
    }
    return fmt::format("exit code {}", WEXITSTATUS(status));
}

}  // namespace llmx::serve

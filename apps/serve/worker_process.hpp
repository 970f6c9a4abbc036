#pragma once
// The process that holds the model. Whatever happens to it, the service goes on.

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "channel.hpp"

namespace llmx::serve {

/// The worker finds its end of the channel at this file descriptor.
constexpr int worker_descriptor = 3;

class WorkerProcess {
public:
    /// Starts this program again with other arguments. Throws Error{internal} where the system does not.
    explicit WorkerProcess(const std::vector<std::string>& arguments);
    /// Kills it, if it is still there.
    ~WorkerProcess();
    WorkerProcess(const WorkerProcess&) = delete;
    WorkerProcess& operator=(const WorkerProcess&) = delete;

    Channel& channel() { return *channel_; }
    [[nodiscard]] pid_t id() const { return process_; }
    /// Ends it at once and says how it had ended: "signal 9 (Killed)", "exit code 4".
    std::string end();

private:
    pid_t process_ = -1;
    std::unique_ptr<Channel> channel_;
};

}  // namespace llmx::serve

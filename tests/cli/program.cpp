#include "program.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "support/data.hpp"

namespace llmx::test {
namespace {

/// A nameless file to hand to a child: no pipe that could fill up.
class Scratch {
public:
    Scratch() : file_(std::tmpfile()) {
        if (file_ == nullptr) throw std::runtime_error("no temporary file");
    }
    ~Scratch() { std::fclose(file_); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    [[nodiscard]] int descriptor() const { return fileno(file_); }
    void write(const std::string& bytes) {
        std::fwrite(bytes.data(), 1, bytes.size(), file_);
        std::fflush(file_);
        std::rewind(file_);
    }
    std::string read() {
        std::rewind(file_);
        std::string bytes;
        std::array<char, 4096> buffer;
        while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), file_)) {
            bytes.append(buffer.data(), got);
        }
        return bytes;
    }

private:
    std::FILE* file_;
};

[[noreturn]] void execute(const Arguments& arguments, const RunOptions& options) {
    unsetenv("NO_COLOR");
    setenv("TERM", "xterm", 1);
    for (const std::string& name : options.without) unsetenv(name.c_str());
    for (const auto& [name, value] : options.environment) setenv(name.c_str(), value.c_str(), 1);
    if (options.largest_file > 0) {
        const rlimit limit = {options.largest_file, options.largest_file};
        setrlimit(RLIMIT_FSIZE, &limit);
        signal(SIGXFSZ, SIG_IGN);
    }
    std::vector<char*> argv = {const_cast<char*>(LLMX_CLI)};
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    execv(LLMX_CLI, argv.data());
    _exit(127);
}

Outcome wait_for(pid_t child) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    Outcome run;
    run.signalled = WIFSIGNALED(status);
    run.code = run.signalled ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return run;
}

/// Reads until the other end is closed; a terminal then answers EIO.
std::string read_all(int descriptor) {
    std::string bytes;
    std::array<char, 4096> buffer;
    for (;;) {
        const ssize_t got = read(descriptor, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return bytes;
        bytes.append(buffer.data(), static_cast<std::size_t>(got));
    }
}

}  // namespace

Outcome llmx(const Arguments& arguments, const RunOptions& options) {
    Scratch in, out, err;
    in.write(options.input);
    const pid_t child = fork();
    if (child == 0) {
        dup2(in.descriptor(), STDIN_FILENO);
        dup2(out.descriptor(), STDOUT_FILENO);
        dup2(err.descriptor(), STDERR_FILENO);
        if (!options.standard_output.empty()) {
            const int target = open(options.standard_output.c_str(), O_WRONLY);
            dup2(target, STDOUT_FILENO);
        }
        execute(arguments, options);
    }
    Outcome run = wait_for(child);
    run.out = out.read();
    run.err = err.read();
    return run;
}

LiveRun::LiveRun(const Arguments& arguments) {
    child_ = forkpty(&terminal_, nullptr, nullptr, nullptr);
    if (child_ < 0) throw std::runtime_error("no terminal");
    if (child_ == 0) {
        const int nothing = open("/dev/null", O_RDWR);
        dup2(nothing, STDIN_FILENO);
        dup2(nothing, STDOUT_FILENO);
        execute(arguments, {});
    }
}

LiveRun::~LiveRun() {
    if (child_ > 0) {
        kill(child_, SIGKILL);
        wait_for(child_);
    }
    close(terminal_);
}

bool LiveRun::wait_for_text() {
    std::array<char, 256> buffer;
    const ssize_t got = read(terminal_, buffer.data(), buffer.size());
    if (got <= 0) return false;
    shown_.append(buffer.data(), static_cast<std::size_t>(got));
    return true;
}

void LiveRun::signal(int number) const { kill(child_, number); }

Outcome LiveRun::finish() {
    shown_ += read_all(terminal_);
    Outcome run = wait_for(child_);
    child_ = -1;
    run.err = shown_;
    return run;
}

Outcome llmx_on_terminal(const Arguments& arguments, const std::map<std::string, std::string>& environment) {
    int terminal = -1;
    const pid_t child = forkpty(&terminal, nullptr, nullptr, nullptr);
    if (child < 0) throw std::runtime_error("no terminal");
    if (child == 0) {
        RunOptions options;
        options.environment = environment;
        execute(arguments, options);
    }
    const std::string shown = read_all(terminal);
    Outcome run = wait_for(child);
    close(terminal);
    run.out = shown;
    return run;
}

Arguments joined(Arguments first, const Arguments& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

std::string golden(const std::string& name) { return data_file(name); }

void expect_failure(const Outcome& run, int code, const std::vector<std::string>& words) {
    EXPECT_EQ(run.code, code) << run.err;
    EXPECT_EQ(run.out, "");
    EXPECT_TRUE(run.err.starts_with("llmx: ")) << run.err;
    EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
    EXPECT_TRUE(run.err.ends_with('\n')) << run.err;
    for (const std::string& word : words) {
        EXPECT_NE(run.err.find(word), std::string::npos) << "\"" << word << "\" is not in: " << run.err;
    }
}

nlohmann::json json_of(const Arguments& arguments, const RunOptions& options) {
    const Outcome run = llmx(arguments, options);
    EXPECT_EQ(run.code, 0) << run.err;
    auto parsed = nlohmann::json::parse(run.out, nullptr, false);
    EXPECT_FALSE(parsed.is_discarded()) << run.out.substr(0, 400);
    return parsed;
}

}  // namespace llmx::test

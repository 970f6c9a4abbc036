#pragma once
// The program under test as a child process: arguments, environment and input in; exit code and
// output out.

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace llmx::test {

using Arguments = std::vector<std::string>;

/// One list after the other.
Arguments joined(Arguments first, const Arguments& second);

struct Outcome {
    int code = -1;  ///< exit code; 128 + signal where one ended it
    bool signalled = false;
    std::string out;  ///< standard output
    std::string err;  ///< standard error
};

struct RunOptions {
    std::string input;                               ///< standard input
    std::map<std::string, std::string> environment;  ///< added to the test's own, NO_COLOR removed
    Arguments without;                               ///< names taken out of the test's own, before that
    std::size_t largest_file = 0;                    ///< bytes it may write to one file; 0: any
    std::string standard_output;                     ///< a path instead of Outcome::out
};

/// Runs llmx with these arguments to its end.
Outcome llmx(const Arguments& arguments, const RunOptions& options = {});

/// llmx with its standard error on a terminal, where it shows the text as it is written.
class LiveRun {
public:
    explicit LiveRun(const Arguments& arguments);
    ~LiveRun();
    LiveRun(const LiveRun&) = delete;
    LiveRun& operator=(const LiveRun&) = delete;

    /// Waits until the terminal has shown some text. False where the program ended before.
    bool wait_for_text();
    void signal(int number) const;
    /// Waits for the end; `err` is what the terminal got, `out` is empty.
    Outcome finish();

private:
    pid_t child_ = -1;
    int terminal_ = -1;
    std::string shown_;
};

/// llmx with standard output and standard error on one terminal; `out` is what it showed.
Outcome llmx_on_terminal(const Arguments& arguments,
                         const std::map<std::string, std::string>& environment = {});

/// The path of a golden file.
std::string golden(const std::string& name);

/// Fails the test unless the run ended with `code` and wrote exactly one line, with all these words,
/// to standard error, and nothing to standard output.
void expect_failure(const Outcome& run, int code, const std::vector<std::string>& words);

/// Runs, expects success, parses standard output.
nlohmann::json json_of(const Arguments& arguments, const RunOptions& options = {});

}  // namespace llmx::test

#pragma once
// One function per subcommand: it declares the options and says what to run once they are parsed.

#include <CLI/CLI.hpp>
#include <functional>
#include <stdexcept>
#include <string>

namespace llmx::cli {

struct Command {
    CLI::App* app;
    std::function<void()> run;  ///< after a successful parse; throws llmx::Error
};

/// The command did its work, but some of what it was asked for failed: exit code 1.
class PartlyFailed : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

Command add_why(CLI::App& program);
Command add_explain(CLI::App& program);
Command add_evaluate(CLI::App& program);
Command add_methods(CLI::App& program);
Command add_modules(CLI::App& program);
Command add_model(CLI::App& program);
Command add_tokenize(CLI::App& program);
Command add_quantize(CLI::App& program);
Command add_compare(CLI::App& program);
Command add_batch(CLI::App& program);
Command add_drift(CLI::App& program);
Command add_view(CLI::App& program);
Command add_plot(CLI::App& program);
Command add_serve(CLI::App& program);
/// What `llmx serve` runs its model in; not for people.
Command add_serve_worker(CLI::App& program);

/// One line about what could not be parsed; an unknown option comes with the nearest known one.
std::string describe(const CLI::ParseError& error, const CLI::App& program);

}  // namespace llmx::cli

// llmx batch: many requests, whose results outlive an interruption.

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <array>

#include <filesystem>
#include <iostream>
#include <llmx/error.hpp>
#include <memory>

#include "batch/run.hpp"
#include "batch/table.hpp"
#include "commands.hpp"
#include "core/files.hpp"
#include "flags.hpp"
#include "numbers.hpp"
#include "output.hpp"
#include "request/fields.hpp"
#include "terminal/terminal.hpp"

namespace llmx::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* footer = R"(Examples:
  llmx batch requests.jsonl --model m.gguf --out results.jsonl
  llmx batch requests.jsonl --model m.gguf --method input_x_gradient --out results/ --jobs 2
  llmx batch requests.jsonl --model m.gguf --out results.jsonl --retry-failed
A line of requests.jsonl: {"id": "opening", "user": "When is it open?", "label": "From 8 to 5."}
Exit codes: see llmx --help; 1: some requests failed.)";

struct Options {
    std::string requests, out, csv;
    request::Json defaults = request::Json::object();
    int jobs = 1;
    std::uint64_t memory = 0;
    bool retry_failed = false, quiet = false;
};

/// A directory is one that is there, or a name that does not end like a file of lines.
bool is_directory(const std::string& out) {
    if (fs::is_directory(out)) return true;
    return !fs::exists(out) && !out.ends_with(".jsonl") && !out.ends_with(".json");
}

void require_places(const Options& options) {
    if (options.requests.empty())
        throw Error(ErrorCode::usage,
                    "batch: no requests given; expected llmx batch REQUESTS.jsonl --out PLACE");
    if (options.out.empty() || options.out == "-") {
        throw Error(ErrorCode::usage, fmt::format("--out: {}; expected a file such as results.jsonl, or a "
                                                  "directory",
                                                  options.out.empty() ? "got none" : "got -"));
    }
    std::error_code error;
    if (options.requests != "-" && fs::equivalent(options.requests, options.out, error))
        throw Error(ErrorCode::usage,
                    fmt::format("--out: {} is the file of requests; expected another file", options.out));
}

/// `directory`: of the results, or empty.
void require_table_place(const Options& options, const std::string& directory) {
    if (options.csv == "-")
        throw Error(ErrorCode::usage, "--csv: cannot write to standard output; expected a file name");
    const std::array<std::pair<std::string, std::string>, 3> files = {
        {{"requests", options.requests}, {"--out", options.out}, {"--csv", options.csv}}};
    require_different(files);
    std::error_code error;
    const fs::path folder = fs::path(options.csv).parent_path();
    if (!directory.empty() && fs::weakly_canonical(folder.empty() ? "." : folder, error) ==
                                  fs::weakly_canonical(directory, error)) {
        throw Error(ErrorCode::usage,
                    fmt::format("--csv: {} is among the results in {}; expected another directory",
                                options.csv, directory));
    }
    require_writable_place(options.csv);
}

std::string without_slash(std::string path) {
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    return path;
}

void run(const Options& options) {
    require_places(options);
    InputReader reader;
    const bool directory = is_directory(options.out);
    const std::string out = directory ? without_slash(options.out) : options.out;
    if (!options.csv.empty()) require_table_place(options, directory ? out : "");
    const std::vector<BatchRequest> requests =
        batch_requests(read_request_lines(reader, "batch", options.requests), options.defaults, directory);
    const auto results = directory ? results_in_directory(out, requests) : results_in_file(out);

    catch_interrupts();
    const BatchOutcome outcome = run_batch({.requests = requests,
                                            .defaults = options.defaults,
                                            .results = *results,
                                            .jobs = options.jobs,
                                            .memory = options.memory,
                                            .retry_failed = options.retry_failed,
                                            .quiet = options.quiet});
    if (outcome.stopped) {
        throw Error(ErrorCode::cancelled,
                    fmt::format("batch: interrupted; {} of {} requests are done and kept in {}; run the same "
                                "command again to continue",
                                outcome.kept + outcome.done, requests.size(), results->unfinished()));
    }
    if (!options.csv.empty()) write_file_atomically(options.csv, scores_csv(requests, *results));
    if (!options.quiet) {
        const int failed_before = outcome.failed - outcome.failed_now;
        fmt::print(std::cout, "{} requests: {} done now, {} before, {} failed; {}\n", requests.size(),
                   outcome.done - outcome.failed_now, outcome.kept - failed_before, outcome.failed, out);
        std::cout.flush();
    }
    if (outcome.failed > 0) {
        throw PartlyFailed(
            fmt::format("batch: {} of {} requests failed; each has its error in {}; --retry-failed "
                        "tries them again",
                        outcome.failed, requests.size(), out));
    }
}

}  // namespace

Command add_batch(CLI::App& program) {
    CLI::App* app =
        program.add_subcommand("batch", "Explain many requests; goes on where it was interrupted");
    app->footer(footer);
    auto options = std::make_shared<Options>();
    app->add_option(
           "requests", options->requests,
           "JSON lines: each an object with the keys of llmx explain --request, and an \"id\" if you\n"
           "like; -: standard input")
        ->type_name("FILE");
    app->add_option("--out", options->out,
                    "results.jsonl: a line for each request, in their order; a directory:\n"
                    "a file for each, named by its id or line number")
        ->type_name("FILE|DIR");
    app->add_option("--csv", options->csv,
                    "Also write all scores as one table: a row for each unit and target")
        ->type_name("FILE");
    add_number(*app, "--jobs", options->jobs, "Requests at a time, which share the cores and the memory", 1,
               256);
    app->add_option("--memory", options->memory, "That jobs may take together (default: what is free)")
        ->transform(CLI::AsSizeValue(false).description(""))
        ->type_name("BYTES|SIZE");
    app->add_flag("--retry-failed", options->retry_failed, "Do requests again that failed before");
    app->add_flag("--quiet", options->quiet, "No text or progress; errors only");
    ExplainRequest rows;
    declare_flags(*app, request::fields(rows), options->defaults);
    return {app, [options] { run(*options); }};
}

}  // namespace llmx::cli

// llmx view: a result of yesterday, as a page or in the terminal.

#include <fmt/format.h>

#include <iostream>
#include <llmx/error.hpp>
#include <llmx/view.hpp>
#include <memory>

#include "commands.hpp"
#include "core/files.hpp"
#include "input.hpp"
#include "output.hpp"
#include "terminal/explanation.hpp"
#include "terminal/terminal.hpp"

namespace llmx::cli {
namespace {

constexpr const char* footer = R"(Examples:
  llmx view result.json -o report.html
  llmx view german.json english.json -o comparison.html
  llmx view result.json                       in the terminal)";

struct Options {
    std::vector<std::string> results;
    std::string out, color = "auto";
};

void run(const Options& options) {
    if (options.results.empty() || options.results.size() > 2) {
        throw Error(ErrorCode::usage, fmt::format("view: {} results given; expected one, or two to compare",
                                                  options.results.size()));
    }
    const bool color = wants_color(options.color);
    require_json_place(options.out);
    InputReader reader;
    std::vector<view::StoredResult> results;
    for (const std::string& path : options.results)
        results.push_back(view::read_json(reader.file("view", path), path));
    if (!options.out.empty()) {
        std::vector<view::NamedResult> named;
        for (std::size_t i = 0; i < results.size(); ++i)
            named.push_back({options.results[i], results[i].explanation, results[i].command_json});
        write_text(options.out, view::html(named));
        return;
    }
    if (results.size() == 2) {
        throw Error(ErrorCode::usage,
                    "view: two results are a page; expected -o FILE, or llmx compare for the terminal");
    }
    print_explanation(std::cout, results[0].explanation, color);
}

}  // namespace

Command add_view(CLI::App& program) {
    CLI::App* app =
        program.add_subcommand("view", "Show a result, or two side by side, as a page of their own");
    app->footer(footer);
    auto options = std::make_shared<Options>();
    app->add_option("results", options->results, "Results of llmx explain --json; -: standard input")
        ->type_name("FILE");
    app->add_option(
           "-o,--html", options->out,
           "Write one self-contained HTML file; -: to standard\noutput. Without it: text in the terminal")
        ->type_name("FILE");
    app->add_option("--color", options->color, "auto, always, never")->capture_default_str();
    return {app, [options] { run(*options); }};
}

}  // namespace llmx::cli

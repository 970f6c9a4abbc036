// llmx explain: prompt and answer in, scores out.

#include <fmt/format.h>

#include <exception>
#include <iostream>
#include <llmx/error.hpp>
#include <llmx/task.hpp>
#include <llmx/view.hpp>
#include <memory>

#include "commands.hpp"
#include "core/files.hpp"
#include "explain_text.hpp"
#include "output.hpp"
#include "request/explain_options.hpp"
#include "request/pipeline.hpp"
#include "terminal.hpp"

namespace llmx::cli {
namespace {

constexpr const char* footer = R"(Examples:
  llmx explain --model m.gguf --system "Be brief." --user "When is the shop open?"
  llmx explain --model m.gguf --user-file question.txt --label "From 8 to 5." --json result.json
  llmx explain --model m.gguf --prompt "Once upon a time" --answer " there was a fox" --method gradient
  llmx explain --model bert-qa --question "Who came?" --context "Ada came at noon." --label Ada
  llmx explain --model t5 --task translation --source "The house is small." \
               --prefix "translate English to German: "
  llmx explain --model m.gguf --assistant small.gguf --user "When is the shop open?" --draft-tokens 8
  llmx explain --model t5 --task summarization --source-file article.txt --label-file gist.txt
  echo '{"model": "m.gguf", "user": "Hello"}' | llmx explain --request - --json -
Exit codes: see llmx --help.)";

bool to_standard_output(const ExplainOptions::Text& path) { return path && *path == "-"; }

/// Before any work whose result would be lost.
void require_places(const ExplainOptions& options) {
    if (to_standard_output(options.tensors)) {
        throw Error(ErrorCode::usage, "--tensors: - is not possible; expected a file name");
    }
    if (to_standard_output(options.html)) {
        throw Error(ErrorCode::usage, "--html: - is not possible; expected a file name");
    }
    const auto differ = [](const char* names, const ExplainOptions::Text& a, const ExplainOptions::Text& b) {
        if (a && a == b)
            throw Error(ErrorCode::usage, fmt::format("{}: both say {}; expected two files", names, *a));
    };
    differ("--json, --tensors", options.json, options.tensors);
    differ("--json, --html", options.json, options.html);
    differ("--html, --tensors", options.html, options.tensors);
    if (options.json && !to_standard_output(options.json)) require_writable_place(*options.json);
    if (options.html) require_writable_place(*options.html);
    if (options.tensors) require_writable_place(*options.tensors);
}

/// Everything that was asked for is tried before the first failure is reported.
void write_files(const ExplainOptions& options, const ExplainInputs& inputs, const Explained& explained) {
    std::exception_ptr failure;
    const auto attempt = [&](const auto& write) {
        try {
            write();
        } catch (const Error&) {
            if (!failure) failure = std::current_exception();
        }
    };
    if (options.tensors) attempt([&] { view::safetensors(*options.tensors, explained.result); });
    const std::string command = command_json(options, inputs, explained.texts);
    if (options.json) {
        attempt([&] {
            write_text(*options.json, view::json(explained.result, {command, options.raw}) + '\n');
        });
    }
    if (options.html) {
        attempt([&] {
            const view::NamedResult named{
                options.json && *options.json != "-" ? *options.json : "result.json", explained.result,
                command};
            write_file_atomically(*options.html, view::html({&named, 1}));
        });
    }
    if (failure) std::rethrow_exception(failure);
}

void run(CLI::App& app, ExplainOptions& options) {
    InputReader reader;
    if (options.request) apply_request(app, reader.file("--request", *options.request), app);
    const bool color = wants_color(options.color);
    const ExplainInputs inputs = read_explain_inputs(options, reader);
    require_places(options);

    catch_interrupts();
    TerminalActivity activity(options.quiet || to_standard_output(options.json));
    const Explained explained = explain(options, inputs, activity);
    activity.clear();
    require_not_interrupted();

    if (!options.quiet) {
        for (const std::string& warning : explained.result.warnings) {
            fmt::print(stderr, "llmx: warning: {}\n", view::printable(warning));
        }
        if (!to_standard_output(options.json)) {
            print_explanation(std::cout, explained.result, color);
            std::cout.flush();
        }
    }
    write_files(options, inputs, explained);
}

}  // namespace

Command add_explain(CLI::App& program) {
    CLI::App* app = program.add_subcommand("explain", "Show which tokens of the prompt an answer rests on");
    app->footer(footer);
    auto options = std::make_shared<ExplainOptions>();
    declare_explain_options(*app, *options);
    return {app, [app, options] { run(*app, *options); }};
}

}  // namespace llmx::cli

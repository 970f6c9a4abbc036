// llmx explain: prompt and answer in, scores out.

#include <fmt/format.h>

#include <array>
#include <exception>
#include <iostream>
#include <llmx/error.hpp>
#include <llmx/task.hpp>
#include <llmx/view.hpp>
#include <memory>

#include "commands.hpp"
#include "core/files.hpp"
#include "core/profile.hpp"
#include "flags.hpp"
#include "input.hpp"
#include "messages.hpp"
#include "output.hpp"
#include "request/automatic_methods.hpp"
#include "request/check.hpp"
#include "request/json.hpp"
#include "terminal/explanation.hpp"
#include "terminal/terminal.hpp"

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

constexpr const char* why_footer = R"(Examples:
  llmx why --model m.gguf --user-file question_and_documents.txt
  llmx why --model m.gguf --question "When is the shop open?" --context-file notice.txt
  llmx why --model m.gguf --user "Ada has a cat. Bo has a dog. Who has a cat?" --answer "Ada."
  llmx why --model m.gguf --request chat.json --json why.json
Exit codes: see llmx --help.)";

/// Where the result goes, and how it is shown.
struct Output {
    std::string json, html, tensors;
    std::string color = "auto";
    bool quiet = false;
    bool profile = false;
};

const request::Words<std::string> color_words = {{"auto", "auto"}, {"always", "always"}, {"never", "never"}};

void visit(request::Rows& v, Output& o) {
    v.group("Output");
    v.path("json", o.json, "Write the result as JSON; -: to standard output, and nothing else.");
    v.path("html", o.html, "Write a report: one self-contained HTML page.");
    v.path("tensors", o.tensors, "Write the raw tensors as safetensors.");
    v.word("color", o.color, color_words, "Colours on the terminal.");
    v.flag("quiet", o.quiet, "Print no text, progress or warnings; errors only.");
    v.flag(
        "profile", o.profile,
        "Say where the time of replays and reverse passes went, by operation, on the standard error; passes "
        "that perturbations share are not in it. Replays stop at every node for it and are slower.");
}

/// Before any work whose result would be lost.
void require_places(const Output& output) {
    for (const auto& [key, path] : {std::pair("tensors", &output.tensors), std::pair("html", &output.html)}) {
        if (*path == "-")
            throw Error(ErrorCode::usage,
                        fmt::format("`{}`: cannot write to standard output; expected a file name", key));
    }
    const std::array<std::pair<std::string, std::string>, 3> files = {
        {{"`json`", output.json}, {"`html`", output.html}, {"`tensors`", output.tensors}}};
    require_different(files);
    require_json_place(output.json);
    if (!output.html.empty()) require_writable_place(output.html);
    if (!output.tensors.empty()) require_writable_place(output.tensors);
}

/// Everything that was asked for is tried before the first failure is reported.
void write_files(const Output& output, const Outcome& outcome) {
    std::exception_ptr failure;
    const auto attempt = [&](const auto& write) {
        try {
            write();
        } catch (const Error&) {
            if (!failure) failure = std::current_exception();
        }
    };
    if (!output.tensors.empty()) attempt([&] { view::safetensors(output.tensors, outcome.explanation); });
    const std::string command = request_to_json(outcome.request);
    if (!output.json.empty()) {
        attempt([&] {
            write_text(output.json, view::json(outcome.explanation, {command, outcome.request.raw}) + '\n');
        });
    }
    if (!output.html.empty()) {
        attempt([&] {
            const bool file = !output.json.empty() && output.json != "-";
            const view::NamedResult named{file ? output.json : "result.json", outcome.explanation, command};
            write_file_atomically(output.html, view::html({&named, 1}));
        });
    }
    if (failure) std::rethrow_exception(failure);
}

/// What the command line says, by key, and where --request is.
struct Options {
    request::Json given = request::Json::object();
    request::Json defaults = request::Json::object();  ///< of the command
    std::optional<std::string> request_file;
};

struct Asked {
    ExplainRequest request;
    Output output;

    request::Fields fields() {
        request::Fields all = request::fields(request);
        request::Rows rows(all);
        visit(rows, output);
        return all;
    }
};

/// Flags override the keys of --request.
Asked read(const Options& options) {
    InputReader reader;
    request::Json object = options.defaults;
    if (options.request_file)
        object =
            merged(std::move(object), request::parse_object(reader.file("--request", *options.request_file)));
    object = merged(std::move(object), options.given);
    Asked asked;
    const request::Fields fields = asked.fields();
    reader.read_texts(object, fields);
    request::apply(fields, object);
    // A report shows what there is of attention, unless the request says what it is to have.
    ExplainRequest& request = asked.request;
    const bool has_report = !asked.output.html.empty();
    const bool automatic = request::is_automatic(request.methods) && !request.how.why.asked;
    const bool looks = request::asks_for(request, "attention") || automatic;
    if (request.automatic_views && has_report && looks)
        request.how.views.attention = request.how.views.neuron = request.how.views.if_any = true;
    request = request::checked(std::move(request));
    return asked;
}

void print_profile() {
    const std::vector<Profile::Entry> entries = profile().entries();
    std::string part;
    double sum = 0;
    for (const Profile::Entry& entry : entries) {
        if (entry.part != part) {
            part = entry.part;
            sum = 0;
            for (const Profile::Entry& other : entries) sum += other.part == part ? other.seconds : 0;
            fmt::print(stderr, "{:<22}{:>9.3f} s\n", part, sum);
        }
        if (entry.seconds > 1e-3 * sum)
            fmt::print(stderr, "  {:<20}{:>9.3f} s{:>9} nodes\n", entry.operation, entry.seconds,
                       entry.nodes);
    }
}

void run(const Options& options) {
    const auto [request, output] = read(options);
    const bool color = wants_color(output.color);
    require_places(output);

    catch_interrupts();
    const bool to_output = output.json == "-";
    TerminalActivity activity(output.quiet || to_output);
    profile().on = output.profile;
    const Outcome outcome = explain(request, activity);
    activity.clear();
    require_not_interrupted();

    if (!output.quiet) {
        for (const std::string& warning : outcome.explanation.warnings) {
            complain("warning: " + warning);
        }
        if (!to_output) {
            print_explanation(std::cout, outcome.explanation, color);
            std::cout.flush();
        }
    }
    if (output.profile) print_profile();
    write_files(output, outcome);
}

Command add(CLI::App& program, const char* name, const char* help, const char* examples,
            request::Json defaults) {
    CLI::App* app = program.add_subcommand(name, help);
    app->footer(examples);
    auto options = std::make_shared<Options>();
    options->defaults = std::move(defaults);
    declare_flags(*app, Asked().fields(), options->given);
    app->add_option("--request", options->request_file,
                    "Read options from a JSON object whose keys are the flags in snake_case\n"
                    "(docs/options.md); -: standard input. Flags override keys.")
        ->type_name("FILE");
    return {app, [options] { run(*options); }};
}

}  // namespace

Command add_explain(CLI::App& program) {
    return add(program, "explain", "Show which tokens of the prompt an answer rests on", footer,
               request::Json::object());
}

Command add_why(CLI::App& program) {
    return add(program, "why", "Say which passages of the prompt each sentence of an answer rests on",
               why_footer, {{"why", true}});
}

}  // namespace llmx::cli

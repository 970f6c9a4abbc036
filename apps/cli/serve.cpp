// llmx serve: explanations over HTTP.

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <llmx/error.hpp>
#include <memory>
#include <set>

#include "commands.hpp"
#include "core/files.hpp"
#include "request/numbers.hpp"
#include "request/option_names.hpp"
#include "serve/service.hpp"
#include "serve_requests.hpp"

namespace llmx::cli {
namespace {

constexpr const char* footer = R"(Examples:
  llmx serve --model m.gguf
  llmx serve --model m.gguf --host 0.0.0.0 --api-key-file key.txt --allow-host explain.example.org
  curl http://127.0.0.1:8080/v1/explain -H 'Content-Type: application/json' \
       -d '{"system": "Be brief.", "user": "When is the shop open?"}'
What it answers: docs/serve.md, and /openapi.json of the service itself.)";

struct Options {
    ServiceTerms terms;
    std::string host = "127.0.0.1";
    int port = 8080;
    std::optional<std::string> api_key, api_key_file;
    std::vector<std::string> allowed_hosts;
    std::uint64_t most_body = std::uint64_t{1} << 20;
    int most_queue = 16, time_limit = 600, grace = 30;
    bool quiet = false;
};

std::string api_key(const Options& options) {
    if (options.api_key && options.api_key_file)
        throw Error(ErrorCode::usage, "--api-key, --api-key-file: given together; expected one of them");
    InputReader reader;
    std::string key;
    if (options.api_key) key = *options.api_key;
    if (options.api_key_file) key = reader.file("--api-key-file", *options.api_key_file);
    const bool given = options.api_key || options.api_key_file;
    const bool printable = key.find_first_not_of(" \t\r\n") != std::string::npos &&
                           std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7F; });
    if (given && !printable)
        throw Error(ErrorCode::usage,
                    "--api-key: empty, or contains a space, a control character or a non-ASCII one; expected "
                    "letters, digits and signs");
    return key;
}

/// The model's options as they were given, for the worker.
std::vector<std::string> worker_arguments(const CLI::App& app) {
    ServiceTerms unused;
    CLI::App its;
    declare_service_terms(its, unused);
    std::vector<std::string> arguments = {"serve-worker"};
    for (const std::string& name : option_names(its)) {
        const CLI::Option& option = *app.get_option("--" + name);
        for (const std::string& value : option.results()) arguments.push_back("--" + name + "=" + value);
    }
    return arguments;
}

void run(const CLI::App& app, Options& options) {
    if (options.terms.options.model.empty())
        throw Error(ErrorCode::usage, "no model given; expected llmx serve --model FILE");
    const std::string key = api_key(options);
    const bool loopback = serve::is_loopback(options.host);
    if (!loopback && key.empty()) {
        throw Error(ErrorCode::usage, fmt::format("--host: {} can be reached from other machines; expected "
                                                  "--api-key-file FILE with it, or 127.0.0.1",
                                                  options.host));
    }
    const std::vector<std::string> arguments = worker_arguments(app);
    read_template(options.terms);
    const ServiceTerms& terms = options.terms;
    serve::serve({.host = options.host,
                  .port = options.port,
                  .access = {.api_key = key,
                             .hosts = options.allowed_hosts,
                             .loopback_only = loopback,
                             .longest_body = options.most_body},
                  .work = {.worker_arguments = arguments,
                           .longest_queue = static_cast<std::size_t>(options.most_queue),
                           .longest_work = std::chrono::seconds(options.time_limit)},
                  .language = {.check = [&](const std::string& text) { read_served(text, terms); },
                               .properties = request_properties(),
                               .model = served_name(terms)},
                  .grace = std::chrono::seconds(options.grace),
                  .quiet = options.quiet});
}

void declare_access(CLI::App& app, Options& o) {
    app.option_defaults()->group("Who may ask");
    app.add_option("--host", o.host, "The address to listen at; one that others reach needs a key")
        ->capture_default_str();
    add_number(app, "--port", o.port, "0: any that is free", 0, 65535);
    app.add_option("--api-key", o.api_key, "What clients have to know; a file keeps it from other users here")
        ->type_name("TEXT");
    app.add_option("--api-key-file", o.api_key_file, "... from a file")->type_name("FILE");
    app.add_option("--allow-host", o.allowed_hosts,
                   "A name that the service is reached by, besides its address;\nto be given several times")
        ->type_name("NAME")
        ->allow_extra_args(false);
    app.add_flag("--quiet", o.quiet, "No line for each request");
}

}  // namespace

Command add_serve(CLI::App& program) {
    CLI::App* app = program.add_subcommand("serve", "Explain over HTTP, with the model kept loaded");
    app->footer(footer);
    auto options = std::make_shared<Options>();
    declare_access(*app, *options);
    declare_service_terms(*app, options->terms);
    app->add_option("--max-body", options->most_body, "Of a request (default: 1MB)")
        ->transform(CLI::AsSizeValue(false).description(""))
        ->type_name("BYTES|SIZE");
    add_number(*app, "--max-queue", options->most_queue, "Requests that wait, besides the one that runs", 1,
               1024);
    add_number(*app, "--time-limit", options->time_limit, "Seconds that a request may run", 1, 86400);
    add_number(*app, "--grace", options->grace, "Seconds for what runs when the service is stopped", 0, 3600);
    return {app, [app, options] { run(*app, *options); }};
}

}  // namespace llmx::cli

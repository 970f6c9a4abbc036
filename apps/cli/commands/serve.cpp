// llmx serve: explanations over HTTP.

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <llmx/error.hpp>
#include <memory>
#include <set>

#include "commands.hpp"
#include "core/files.hpp"
#include "flags.hpp"
#include "input.hpp"
#include "numbers.hpp"
#include "request/json.hpp"
#include "serve/service.hpp"
#include "serve/terms.hpp"
#include "serve/worker.hpp"

namespace llmx::cli {
namespace {

constexpr const char* footer = R"(Examples:
  llmx serve --model m.gguf
  llmx serve --model m.gguf --host 0.0.0.0 --api-key-file key.txt --allow-host explain.example.org
  curl http://127.0.0.1:8080/v1/explain -H 'Content-Type: application/json' \
       -d '{"system": "Be brief.", "user": "When is the shop open?"}'
What it answers: docs/serve.md, and /openapi.json of the service itself.)";

struct Options {
    request::Json given = request::Json::object();  ///< the keys of the terms
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

serve::ServiceTerms terms_of(const Options& options) {
    serve::ServiceTerms terms;
    const request::Fields fields = serve::fields(terms);
    request::Json given = options.given;
    InputReader().read_texts(given, fields);
    request::apply(fields, given);
    if (terms.defaults.model.empty())
        throw Error(ErrorCode::usage, "no model given; expected llmx serve --model FILE");
    return terms;
}

void run(const Options& options) {
    serve::ServiceTerms terms = terms_of(options);
    const std::string key = api_key(options);
    const bool loopback = serve::is_loopback(options.host);
    if (!loopback && key.empty()) {
        throw Error(ErrorCode::usage, fmt::format("--host: {} can be reached from other machines; expected "
                                                  "--api-key-file FILE with it, or 127.0.0.1",
                                                  options.host));
    }
    serve::serve({.host = options.host,
                  .port = options.port,
                  .access = {.api_key = key,
                             .hosts = options.allowed_hosts,
                             .loopback_only = loopback,
                             .longest_body = options.most_body},
                  .work = {.worker_terms = request::values_of(serve::fields(terms)).dump(),
                           .longest_queue = static_cast<std::size_t>(options.most_queue),
                           .longest_work = std::chrono::seconds(options.time_limit)},
                  .language = {.check = [&](const std::string& text) { serve::read_served(text, terms); },
                               .properties = serve::request_properties(terms),
                               .most_answer_tokens = terms.most_answer_tokens,
                               .model = serve::served_name(terms)},
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
    serve::ServiceTerms rows;
    declare_flags(*app, serve::fields(rows), options->given);
    app->option_defaults()->group("Limits of a request");
    app->add_option("--max-body", options->most_body, "Of a request (default: 1MB)")
        ->transform(CLI::AsSizeValue(false).description(""))
        ->type_name("BYTES|SIZE");
    add_number(*app, "--max-queue", options->most_queue, "Requests that wait, besides the one that runs", 1,
               1024);
    add_number(*app, "--time-limit", options->time_limit, "Seconds that a request may run", 1, 86400);
    add_number(*app, "--grace", options->grace, "Seconds for what runs when the service is stopped", 0, 3600);
    return {app, [options] { run(*options); }};
}

Command add_serve_worker(CLI::App& program) {
    return {program.add_subcommand("serve-worker", "")->group(""), [] { serve::run_worker(); }};
}

}  // namespace llmx::cli

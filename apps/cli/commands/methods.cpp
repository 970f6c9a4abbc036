// llmx methods: every method, its options, and where it comes from.

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iostream>
#include <llmx/error.hpp>
#include <llmx/methods.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "core/suggest.hpp"
#include "output.hpp"
#include "serve/methods.hpp"

namespace llmx::cli {
namespace {

constexpr const char* footer = R"(Examples:
  llmx methods
  llmx methods lime shapley
  llmx methods --json - | jq -r '.methods[].name')";

struct Options {
    std::vector<std::string> names;
    std::string json;
};

void print(std::ostream& out, const MethodFacts& method) {
    fmt::print(out, "{}  ({}{})\n    {}\n    source: {}\n", method.name, method.family,
               method.is_signed ? ", signed" : "", method.help, method.source);
    for (const MethodOption& option : method.options) {
        std::vector<std::string> values = option.words;
        if (option.kind != "word") values.insert(values.begin(), option.kind);
        fmt::print(out, "    {} = {}  ({}{})\n        {}\n", option.name, option.default_value,
                   fmt::join(values, ", "), option.several ? "; several are averaged: A+B" : "", option.help);
    }
}

/// Those that were named, in the order of the list; all where none is. Throws Error{usage} for an unknown
/// one.
std::vector<MethodFacts> chosen(const std::vector<std::string>& names) {
    const std::vector<MethodFacts> all = known_methods();
    if (names.empty()) return all;
    std::vector<std::string> known;
    known.reserve(all.size());
    for (const MethodFacts& method : all) known.push_back(method.name);
    for (const std::string& name : names) {
        if (std::find(known.begin(), known.end(), name) == known.end()) throw_unknown("method", name, known);
    }
    std::vector<MethodFacts> found;
    for (const MethodFacts& method : all) {
        if (std::find(names.begin(), names.end(), method.name) != names.end()) found.push_back(method);
    }
    return found;
}

void run(const Options& options) {
    require_json_place(options.json);
    const std::vector<MethodFacts> methods = chosen(options.names);
    if (!options.json.empty()) {
        write_json(options.json, serve::methods_document(methods));
        return;
    }
    for (const MethodFacts& method : methods) {
        if (&method != methods.data()) std::cout << '\n';
        print(std::cout, method);
    }
}

}  // namespace

Command add_methods(CLI::App& program) {
    CLI::App* app =
        program.add_subcommand("methods", "List the methods: what they measure, options, sources");
    app->footer(footer);
    auto options = std::make_shared<Options>();
    app->add_option("methods", options->names, "These methods only")->type_name("NAME");
    app->add_option("--json", options->json, "Write JSON to a file; -: to standard output")
        ->type_name("FILE");
    return {app, [options] { run(*options); }};
}

}  // namespace llmx::cli

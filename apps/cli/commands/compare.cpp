// llmx compare: how much two results agree.

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <array>
#include <iostream>
#include <llmx/compare.hpp>
#include <llmx/error.hpp>
#include <llmx/view.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "core/suggest.hpp"
#include "input.hpp"
#include "numbers.hpp"
#include "output.hpp"
#include "terminal/comparison.hpp"
#include "terminal/terminal.hpp"
#include "text/utf8.hpp"

namespace llmx::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* footer = R"(Examples:
  llmx compare a.json b.json
  llmx compare a.json b.json --top 5 --json comparison.json
  llmx compare german.json english.json --align text)";

struct Options {
    std::string first, second, json, align = "exact", color = "auto";
    CompareOptions how;
};

bool aligned_by_text(const std::string& name) {
    static const std::array<std::string, 2> known = {"exact", "text"};
    if (name == known[0]) return false;
    if (name == known[1]) return true;
    throw_unknown("align", name, known);
}

Json side(const std::string& path, const Explanation& result) {
    return {{"path", utf8::replace_invalid(path)},
            {"model", result.model.file},
            {"sha256_16", result.model.sha256_16}};
}

void print(std::ostream& out, const ExplanationComparison& found, bool color) {
    for (const Comparison& c : found.comparisons) {
        print_comparison(out, c, true, color);
        out << '\n';
    }
    for (const std::string& name : found.only_first)
        fmt::print(out, "only in the first: {}\n", view::printable(name));
    for (const std::string& name : found.only_second)
        fmt::print(out, "only in the second: {}\n", view::printable(name));
}

void run(Options options) {
    if (options.first.empty() || options.second.empty())
        throw Error(ErrorCode::usage, "compare: two results are needed; expected llmx compare A.json B.json");
    options.how.align_text = aligned_by_text(options.align);
    const bool color = wants_color(options.color);
    require_json_place(options.json);
    InputReader reader;
    const auto read = [&](const std::string& path) {
        return view::read_json(reader.file("compare", path), path).explanation;
    };
    const Explanation first = read(options.first);
    const Explanation second = read(options.second);
    const ExplanationComparison found = compare(first, second, options.how);
    if (options.json != "-") print(std::cout, found, color);
    if (options.json.empty()) return;
    Json result = {{"first", side(options.first, first)},
                   {"second", side(options.second, second)},
                   {"align", options.align},
                   {"comparisons", Json::array()},
                   {"only_first", found.only_first},
                   {"only_second", found.only_second}};
    for (const Comparison& c : found.comparisons) result["comparisons"].push_back(comparison_json(c));
    write_json(options.json, result);
}

}  // namespace

Command add_compare(CLI::App& program) {
    CLI::App* app = program.add_subcommand("compare", "Show how much two results agree");
    app->footer(footer);
    auto options = std::make_shared<Options>();
    app->add_option("first", options->first, "A result of llmx explain --json; -: standard input")
        ->type_name("FILE");
    app->add_option("second", options->second, "Another one, of the same prompt and answer")
        ->type_name("FILE");
    add_number(*app, "--top", options->how.top, "Units of highest score whose overlap is counted", 1);
    add_number(*app, "--differences", options->how.differences, "Units listed that differ most", 1);
    app->add_option("--align", options->align,
                    "exact: prompt, answer and units are the same; text: they may\n"
                    "differ, units of the same words in the same order are compared")
        ->capture_default_str();
    app->add_option("--json", options->json, "Write JSON to a file; -: to standard output")
        ->type_name("FILE");
    app->add_option("--color", options->color, "auto, always, never")->capture_default_str();
    return {app, [options] { run(*options); }};
}

}  // namespace llmx::cli

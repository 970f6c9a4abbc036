// llmx modules: every module of a model with both its names, for --layer-names.

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iostream>
#include <llmx/error.hpp>
#include <llmx/view.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "output.hpp"
#include "terminal/terminal.hpp"

namespace llmx::cli {
namespace {

constexpr const char* footer = R"(Examples:
  llmx modules --model m.gguf
  llmx modules m.gguf --json - | jq '.[].hf_name')";

struct Options {
    std::string model, json;
};

nlohmann::ordered_json modules_json(const std::vector<Module>& modules) {
    auto list = nlohmann::ordered_json::array();
    for (const Module& m : modules) {
        nlohmann::ordered_json block = nullptr;
        if (m.block >= 0) block = m.block;
        list.push_back({{"hf_name", m.hf_name},
                        {"gguf_name", m.gguf_name},
                        {"kind", m.kind},
                        {"shape", m.shape},
                        {"type", m.type},
                        {"block", block}});
    }
    return list;
}

void print_table(std::ostream& out, const std::vector<Module>& modules) {
    std::size_t hf = 7, gguf = 9, kind = 4;
    for (const Module& m : modules) {
        hf = std::max(hf, m.hf_name.size());
        gguf = std::max(gguf, m.gguf_name.size());
        kind = std::max(kind, m.kind.size());
    }
    fmt::print(out, "{:<{}}  {:<{}}  {:<{}}  {:<6}  shape\n", "hf_name", hf, "gguf_name", gguf, "kind", kind,
               "type");
    for (const Module& m : modules) {
        fmt::print(out, "{:<{}}  {:<{}}  {:<{}}  {:<6}  {}\n", view::printable(m.hf_name), hf,
                   view::printable(m.gguf_name), gguf, m.kind, kind, m.type, fmt::join(m.shape, " x "));
    }
}

void run(const Options& options) {
    if (options.model.empty()) throw Error(ErrorCode::usage, "no model given; expected llmx modules FILE");
    require_json_place(options.json);
    catch_interrupts();
    TerminalActivity activity(false);
    const Model model = Model::load(options.model, {.progress = activity.progress()});
    activity.clear();
    const std::vector<Module> modules = model.modules();
    if (options.json.empty()) {
        print_table(std::cout, modules);
    } else {
        write_json(options.json, modules_json(modules));
    }
}

}  // namespace

Command add_modules(CLI::App& program) {
    CLI::App* app = program.add_subcommand("modules", "List a model's modules: names, kind, shape");
    app->footer(footer);
    auto options = std::make_shared<Options>();
    app->add_option("model,--model", options->model, "The model: a GGUF file or a Hugging Face directory")
        ->type_name("PATH");
    app->add_option("--json", options->json, "Write JSON to a file; -: to standard output")
        ->type_name("FILE");
    return {app, [options] { run(*options); }};
}

}  // namespace llmx::cli

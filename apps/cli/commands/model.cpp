// llmx model: what a model file says of itself.

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <filesystem>
#include <iostream>
#include <llmx/error.hpp>
#include <llmx/view.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "output.hpp"
#include "serve/model_facts.hpp"
#include "terminal/terminal.hpp"

namespace llmx::cli {
namespace {

constexpr const char* footer = R"(Examples:
  llmx model m.gguf
  llmx model --model m.gguf --json -)";

struct Options {
    std::string model, json;
};

nlohmann::ordered_json all_facts(const Model& model) {
    nlohmann::ordered_json facts = {{"path", std::filesystem::path(model.facts().path).filename().string()},
                                    {"sha256_16", model.sha256_16()}};
    facts.update(serve::facts_json(model));
    return facts;
}

void run(const Options& options) {
    if (options.model.empty()) throw Error(ErrorCode::usage, "no model given; expected llmx model FILE");
    require_json_place(options.json);
    catch_interrupts();
    TerminalActivity activity(false);
    const Model model = Model::load(options.model, {.progress = activity.progress()});
    activity.clear();
    const nlohmann::ordered_json facts = all_facts(model);
    if (!options.json.empty()) {
        write_json(options.json, facts);
        return;
    }
    for (const auto& [key, value] : facts.items()) {
        const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
        fmt::print(std::cout, "{:<18} {}\n", key, view::printable(text));
    }
}

}  // namespace

Command add_model(CLI::App& program) {
    CLI::App* app = program.add_subcommand("model", "Show the facts of a model file");
    app->footer(footer);
    auto options = std::make_shared<Options>();
    app->add_option("model,--model", options->model, "The model: a GGUF file or a Hugging Face directory")
        ->type_name("PATH");
    app->add_option("--json", options->json, "Write JSON to a file; -: to standard output")
        ->type_name("FILE");
    return {app, [options] { run(*options); }};
}

}  // namespace llmx::cli

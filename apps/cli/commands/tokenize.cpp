// llmx tokenize: a text's token ids and pieces.

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <iostream>
#include <llmx/error.hpp>
#include <llmx/view.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "input.hpp"
#include "output.hpp"
#include "terminal/terminal.hpp"
#include "text/utf8.hpp"

namespace llmx::cli {
namespace {

constexpr const char* footer = R"(Examples:
  llmx tokenize --model m.gguf "Hello there"
  llmx tokenize --model m.gguf --as-prompt - < prompt.txt
  llmx tokenize --model m.gguf "Hello" --json -)";

struct Options {
    std::string model, text, json;
    bool as_prompt = false;
    bool text_given = false;
};

void run(const Options& options) {
    if (options.model.empty()) throw Error(ErrorCode::usage, "no model given; expected --model FILE");
    if (!options.text_given)
        throw Error(ErrorCode::usage, "no text given; expected one, or - for standard input");
    require_json_place(options.json);
    InputReader reader;
    const std::string text = options.text == "-" ? reader.file("TEXT", "-") : options.text;
    utf8::require_valid(text, "TEXT");

    catch_interrupts();
    TerminalActivity activity(false);
    const Model model = Model::load(options.model, {.progress = activity.progress()});
    activity.clear();
    const Tokens ids = options.as_prompt ? model.tokenize_prompt(text) : model.tokenize(text);
    if (options.json.empty()) {
        for (const Token id : ids) {
            // As a JSON string: spaces and newlines show.
            const nlohmann::json piece = utf8::replace_invalid(model.token_bytes(id));
            fmt::print(std::cout, "{:>7}  {}\n", id, view::printable(piece.dump()));
        }
        return;
    }
    nlohmann::ordered_json result = {{"ids", ids}, {"pieces", nlohmann::ordered_json::array()}};
    for (const Token id : ids) result["pieces"].push_back(utf8::replace_invalid(model.token_bytes(id)));
    write_json(options.json, result);
}

}  // namespace

Command add_tokenize(CLI::App& program) {
    CLI::App* app = program.add_subcommand("tokenize", "Show the tokens of a text");
    app->footer(footer);
    auto options = std::make_shared<Options>();
    app->add_option("--model", options->model, "The model: a GGUF file or a Hugging Face directory")
        ->type_name("PATH");
    const auto set_text = [options](const std::string& value) {
        options->text = value;
        options->text_given = true;
    };
    app->add_option_function<std::string>("text", set_text, "The text; - reads standard input");
    app->add_flag("--as-prompt", options->as_prompt,
                  "As a raw prompt is read: special tokens added, markup such as <s> as one token");
    app->add_option("--json", options->json, "Write JSON to a file; -: to standard output")
        ->type_name("FILE");
    return {app, [options] { run(*options); }};
}

}  // namespace llmx::cli

// llmx quantize: a copy of a model with its weights in another type.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <llmx/error.hpp>
#include <llmx/model.hpp>
#include <memory>

#include "commands.hpp"
#include "core/files.hpp"
#include "numbers.hpp"

namespace llmx::cli {
namespace {

struct Options {
    std::string input, output, type;
    int threads = 0;
};

void run(const Options& options) {
    if (options.input.empty() || options.output.empty() || options.type.empty()) {
        throw Error(ErrorCode::usage,
                    "quantize: input, output or type is missing; expected llmx quantize IN OUT "
                    "--type TYPE");
    }
    require_writable_place(options.output);
    quantize(options.input, options.output, options.type, options.threads);
}

}  // namespace

Command add_quantize(CLI::App& program) {
    CLI::App* app = program.add_subcommand("quantize", "Write a copy of a model in another weight type");
    app->footer(
        "Examples:\n"
        "  llmx quantize m.Q4_1.gguf m.F32.gguf --type F32\n"
        "  llmx quantize m.F32.gguf m.Q4_K_M.gguf --type Q4_K_M");
    auto options = std::make_shared<Options>();
    app->add_option("input", options->input, "The model, a GGUF file");
    app->add_option("output", options->output, "The file to write; appears only when complete");
    app->add_option("--type", options->type, fmt::format("{}", fmt::join(quantize_types(), ", ")));
    add_number(*app, "--threads", options->threads, "0: the machine's cores", 0, 4096);
    return {app, [options] { run(*options); }};
}

}  // namespace llmx::cli

// llmx plot: a result as a static picture.

#include <fmt/format.h>

#include <llmx/error.hpp>
#include <memory>

#include "commands.hpp"
#include "input.hpp"
#include "numbers.hpp"
#include "output.hpp"
#include "raster.hpp"
#include "view/plot/plot.hpp"

namespace llmx::cli {
namespace {

constexpr const char* footer = R"(Examples:
  llmx plot result.json -o prompt.svg
  llmx plot result.json --kind matrix --method "attention mean" -o matrix.png
  llmx plot result.json --kind curve -o faithfulness.svg      a result of explain --check)";

struct Options {
    std::string result, out;
    view::PlotChoice choice;
};

void run(const Options& options) {
    if (options.result.empty() || options.out.empty())
        throw Error(ErrorCode::usage,
                    "plot: a result and a picture are needed; expected llmx plot FILE -o FILE.svg");
    const bool as_png = options.out.ends_with(".png");
    if (!as_png && !options.out.ends_with(".svg") && options.out != "-") {
        throw Error(
            ErrorCode::usage,
            fmt::format("plot: -o {}; expected a name that ends in .svg or .png, or - for SVG", options.out));
    }
    require_json_place(options.out);
    InputReader reader;
    const std::string svg = view::plot(
        view::read_json(reader.file("plot", options.result), options.result).explanation, options.choice);
    write_text(options.out, as_png ? png(svg, 2) : svg);
}

}  // namespace

Command add_plot(CLI::App& program) {
    CLI::App* app = program.add_subcommand("plot", "Draw a result as an SVG or PNG file");
    app->footer(footer);
    auto options = std::make_shared<Options>();
    app->add_option("result", options->result, "A result of llmx explain --json; -: standard input")
        ->type_name("FILE");
    app->add_option("-o,--out", options->out,
                    "The picture: a name in .svg or .png; -: SVG to standard output")
        ->type_name("FILE");
    app->add_option("--kind", options->choice.kind,
                    "text: the prompt in colours; matrix: answer x prompt;\ncurve: faithfulness beside "
                    "random rankings")
        ->capture_default_str();
    app->add_option("--method", options->choice.method, "Whose scores; without it the result's first")
        ->type_name("NAME");
    add_number(*app, "--width", options->choice.width, "Of the picture, in px", 300, 20000);
    return {app, [options] { run(*options); }};
}

}  // namespace llmx::cli

// llmx: the command line. Parses, runs one command, and turns every error into one line on standard
// error and an exit code (docs/exit-codes.md).

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <iostream>
#include <llmx/error.hpp>
#include <llmx/version.hpp>
#include <new>

#include "commands.hpp"
#include "flags.hpp"
#include "messages.hpp"
#include "terminal/terminal.hpp"
#include "waiting.hpp"

namespace {

constexpr const char* footer = R"(Examples:
  llmx explain --model model.gguf --user "When is the shop open?" --json result.json
  llmx modules --model model.gguf
  llmx model model.gguf
  llmx explain --help

Exit codes: 0 done; 1 some requests of a batch failed; 2 unknown or conflicting option, key or name;
3 unusable input text, list or file; 4 the model file is missing, broken, or lacks what is asked of it;
5 an operation or architecture that cannot be explained; 6 prompt plus answer do not fit the context;
7 a result could not be written; 8 cancelled; 9 internal error; 130 stopped by Ctrl-C, 143 by SIGTERM.)";

std::string version_text() {
    return fmt::format("llmx {}\nproducts: {}\nllama.cpp: {}", llmx::version(), llmx::products_backend(),
                       LLMX_LLAMA_CPP_COMMIT);
}

int exit_code(const llmx::Error& error) {
    const int signal = llmx::cli::interrupted();
    const bool by_signal = error.code() == llmx::ErrorCode::cancelled && signal != 0;
    return by_signal ? 128 + signal : static_cast<int>(error.code());
}

/// A file or connection that was opened in the place of a closed standard stream would get what is meant for
/// that. In its place stands one that can neither be read nor written.
void reserve_standard_streams() {
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (fcntl(stream, F_GETFD) < 0)
            static_cast<void>(open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY));
    }
}

int run(int argc, char** argv) {
    using llmx::ErrorCode;
    using llmx::cli::complain;
    CLI::App program("LLM Explainer: why a language model wrote what it wrote.", "llmx");
    program.set_version_flag("--version", version_text);
    program.footer(footer);
    const std::vector<llmx::cli::Command> commands = {
        llmx::cli::add_why(program),         llmx::cli::add_explain(program),
        llmx::cli::add_evaluate(program),    llmx::cli::add_compare(program),
        llmx::cli::add_drift(program),       llmx::cli::add_view(program),
        llmx::cli::add_plot(program),        llmx::cli::add_batch(program),
        llmx::cli::add_methods(program),     llmx::cli::add_modules(program),
        llmx::cli::add_model(program),       llmx::cli::add_tokenize(program),
        llmx::cli::add_quantize(program),    llmx::cli::add_serve(program),
        llmx::cli::add_serve_worker(program)};
    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return program.exit(error);  // --help, --version
        complain(llmx::cli::describe(error, program));
        return static_cast<int>(ErrorCode::usage);
    }
    for (const auto& command : commands) {
        if (!command.app->parsed()) continue;
        command.run();
        std::cout.flush();
        if (!std::cout)
            throw llmx::Error(ErrorCode::output, "standard output: cannot write; is the disk full?");
        return 0;
    }
    complain(
        "no command given; expected one of explain, view, plot, evaluate, compare, drift, batch, serve, "
        "methods, modules, model, tokenize, quantize; see llmx --help");
    return static_cast<int>(ErrorCode::usage);
}

}  // namespace

int main(int argc, char** argv) {
    using llmx::cli::complain;
    llmx::cli::wait_briefly(argv);
    const int internal = static_cast<int>(llmx::ErrorCode::internal);
    reserve_standard_streams();
    try {
        return run(argc, argv);
    } catch (const llmx::cli::PartlyFailed& error) {
        complain(error.what());
        return 1;
    } catch (const llmx::Error& error) {
        complain(error.what());
        return exit_code(error);
    } catch (const std::bad_alloc&) {
        complain("out of memory; a smaller `memory_budget` or a shorter text needs less");
        return internal;
    } catch (const std::exception& error) {
        complain(fmt::format("internal error: {}", error.what()));
        return internal;
    }
}

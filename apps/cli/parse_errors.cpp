#include <fmt/format.h>

#include "commands.hpp"
#include "core/suggest.hpp"

namespace llmx::cli {
namespace {

/// The long options of a command, without --help.
std::vector<std::string> options_of(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::Option* option : app.get_options()) {
        if (!option->get_lnames().empty() && option->get_lnames()[0] != "help")
            names.push_back("--" + option->get_lnames()[0]);
    }
    return names;
}

bool is_option(const std::string& argument) { return argument.size() > 1 && argument[0] == '-'; }

std::string unknown_option(const std::string& argument, const CLI::App& app) {
    const std::string name = argument.substr(0, argument.find('='));
    std::vector<std::string> known = options_of(app);
    known.emplace_back("--help");
    const std::string command = app.get_parent() == nullptr ? "llmx" : "llmx " + app.get_name();
    return fmt::format("unknown option {}; nearest: {}; all: {} --help", name, nearest(name, known).front(),
                       command);
}

std::string unknown_command(const std::string& name, const CLI::App& program) {
    std::vector<std::string> known;
    for (const CLI::App* command :
         program.get_subcommands([](const CLI::App* app) { return !app->get_group().empty(); })) {
        known.push_back(command->get_name());
    }
    return unknown_message("command", name, known);
}

}  // namespace

std::string describe(const CLI::ParseError& error, const CLI::App& program) {
    const auto parsed = program.get_subcommands();
    const CLI::App& app = parsed.empty() ? program : *parsed.front();
    const std::vector<std::string> left = app.remaining();
    for (const std::string& argument : left) {
        if (is_option(argument)) return unknown_option(argument, app);
    }
    if (!left.empty() && parsed.empty()) return unknown_command(left.front(), program);
    if (!left.empty()) {
        return fmt::format("{}: argument \"{}\" was not expected; see llmx {} --help", app.get_name(),
                           left.front(), app.get_name());
    }
    if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
        return fmt::format("{}; expected one value for each option", error.what());
    }
    return error.what();
}

}  // namespace llmx::cli

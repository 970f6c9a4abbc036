#include "request/option_names.hpp"

namespace llmx::cli {

std::vector<std::string> option_names(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::Option* option : app.get_options()) {
        if (!option->get_lnames().empty() && option->get_lnames()[0] != "help") {
            names.push_back(option->get_lnames()[0]);
        }
    }
    return names;
}

}  // namespace llmx::cli

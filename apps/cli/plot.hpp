#pragma once

#include "commands.hpp"

namespace llmx::cli {

Command add_plot(CLI::App& program);

}  // namespace llmx::cli

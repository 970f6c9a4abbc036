#pragma once
// llmx evaluate --questions.

#include <string>

#include "request/field.hpp"

namespace llmx::cli {

struct SourcesAsked {
    std::string file;      ///< JSON lines
    request::Json given;   ///< flags, which go before the lines' keys
    std::string json;      ///< where the numbers go, too; empty: nowhere
    bool written = false;  ///< the model writes the answers; those of the lines are left out
    bool quiet = false, color = false;
};

/// `why`, and each method that is named, by sentences: how often they find the passages that hold the answer.
void evaluate_sources(const SourcesAsked& asked);

}  // namespace llmx::cli

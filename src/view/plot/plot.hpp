#pragma once

#include <llmx/view.hpp>
#include <string>

namespace llmx::view {

struct PlotChoice {
    std::string kind = "text";  ///< text: the prompt in colours; matrix: targets x units; curve: faithfulness
    std::string method;         ///< empty: the result's first
    int width = 960;            ///< px
};

/// A static picture of a result, as SVG. Throws Error{usage} for a kind or method that is not known,
/// Error{input} where the result lacks what the kind shows, or is too large for a drawing (matrix: 200,000
/// cells).
std::string plot(const Explanation& result, const PlotChoice& choice);

}  // namespace llmx::view

#pragma once
// From texts to an explanation in one call: what a user asks, and what comes of it. The same request as JSON,
// command line flags and Python arguments: docs/options.md.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <llmx/activity.hpp>
#include <llmx/explainer.hpp>
#include <llmx/export.hpp>
#include <llmx/task.hpp>

namespace llmx {

/// What a user asks, as texts. Tokens come from the model when the request is carried out.
struct ExplainRequest {
    std::string model = {};  ///< path of a GGUF file or a Hugging Face directory
    LoadOptions load = {};   ///< how it is loaded
    TaskInputs texts = {};

    /// How the answer is written, unless `texts` has one.
    GenerateOptions writing = {};
    /// Speculative decoding: path of a smaller model that drafts the answer, or "prompt-lookup"; empty: none.
    std::string assistant = {};

    /// "all" stands for every method that the request's texts allow.
    std::vector<Method> methods = {"attention", "gradient"};
    /// Options for every method in `methods` that has them: {"steps", "20"}.
    std::map<std::string, std::string> method_options = {};
    /// How to explain. Its tokens (task, input_ids, pair, output, labels, target.contrast, units.parts) are
    /// filled in from `texts`, its check from `check`.
    Request how = {};
    bool measure_faithfulness = false;
    Check check = {};

    /// Views are up to the program that shows the result: what it draws is recorded.
    bool automatic_views = true;
    bool raw = false;  ///< the JSON result holds median_raw_df and the gradient too (large)
};

/// What came of a request.
struct Outcome {
    Model model;
    ExplainRequest request;  ///< as it was carried out: shorthand and defaults resolved
    Explanation explanation;
};

/// Loads the model, prepares the texts, writes the answer unless one is given, and explains it. Throws Error.
[[nodiscard]] LLMX_API Outcome explain(const ExplainRequest& request, Activity& activity);
[[nodiscard]] LLMX_API Outcome explain(const ExplainRequest& request);
/// With a model that is loaded already: `request.model` and `request.load` are not read.
[[nodiscard]] LLMX_API Outcome explain(Model model, const ExplainRequest& request, Activity& activity);

/// Reads a JSON object, whose keys override `defaults`; null is no value. Throws Error{input} for a text that
/// is no JSON object, Error{usage} for an unknown key or a value of the wrong type.
[[nodiscard]] LLMX_API ExplainRequest request_from_json(std::string_view json, ExplainRequest defaults = {});
/// The request as a JSON object in one line: `request_from_json` reads the same request from it.
[[nodiscard]] LLMX_API std::string request_to_json(const ExplainRequest& request);

}  // namespace llmx

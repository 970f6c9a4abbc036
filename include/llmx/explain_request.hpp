#pragma once
// From texts to an explanation in one call. docs/options.md lists the same request as JSON keys, command-line
// flags and Python arguments.

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

/// A request in texts. They are tokenised when the request is executed.
struct ExplainRequest {
    std::string model = {};  ///< path of a GGUF file or a Hugging Face directory
    LoadOptions load = {};   ///< how to load the model
    TaskInputs texts = {};

    /// How to generate the answer, unless `texts` contains one.
    GenerateOptions writing = {};
    /// Speculative decoding: path of a smaller model that drafts the answer, or "prompt-lookup"; empty: none.
    std::string assistant = {};
    /// Texts that end the answer. They are no part of it.
    std::vector<std::string> stop = {};

    /// "all" selects every method that the request's texts allow, "automatic" the most faithful ones that
    /// take no more than a pass and a reverse pass: value_norm, where model and target allow it, and
    /// saliency; with a label gradient too.
    std::vector<Method> methods = {"automatic"};
    /// Options for all methods in `methods` that have them: {"steps", "20"}.
    std::map<std::string, std::string> method_options = {};
    /// How to explain. Its tokens (task, input_ids, pair, output, labels, target.contrast, units.parts) are
    /// filled in from `texts`, its check from `check`.
    Request how = {};
    bool measure_faithfulness = false;
    Check check = {};

    /// Record the data for the views that the calling program will draw, instead of `how.views`.
    bool automatic_views = true;
    bool raw = false;  ///< include median_raw_df and the gradient in the JSON result (large)
};

/// The outcome of a request.
struct Outcome {
    Model model;
    ExplainRequest request;  ///< as executed, with shorthand and defaults resolved
    Explanation explanation;
};

/// Loads the model, prepares the texts, generates the answer unless one is given, and explains it. Throws
/// Error.
[[nodiscard]] LLMX_API Outcome explain(const ExplainRequest& request, Activity& activity);
/// The same without progress or cancellation.
[[nodiscard]] LLMX_API Outcome explain(const ExplainRequest& request);
/// The same with a loaded model; `request.model` and `request.load` are ignored.
[[nodiscard]] LLMX_API Outcome explain(Model model, const ExplainRequest& request, Activity& activity);

/// Reads a request from a JSON object. Its keys override `defaults`; null counts as not set. Throws
/// Error{input} if the text is not a JSON object, Error{usage} for an unknown key or a value of the wrong
/// type.
[[nodiscard]] LLMX_API ExplainRequest request_from_json(std::string_view json, ExplainRequest defaults = {});
/// The request as a JSON object in one line. `request_from_json` reads the same request back.
[[nodiscard]] LLMX_API std::string request_to_json(const ExplainRequest& request);

}  // namespace llmx

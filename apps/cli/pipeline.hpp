#pragma once
// A request carried out, in the steps that commands share: load, prepare and generate, explain.

#include "explain_options.hpp"
#include "terminal.hpp"

namespace llmx::cli {

/// `redrawn_blocks`: see LoadOptions; drawn by the options' seed.
Model load_model(const ExplainOptions& options, const ExplainInputs& inputs, Activity& activity,
                 int redrawn_blocks = 0);

/// What is left to do is to explain it.
struct ReadyRequest {
    TaskInputs texts;      ///< completed by the model
    Request request = {};  ///< with its answer; shows progress by the activity, which must outlive it
    double generate_s = 0;
};

/// Generates the answer unless one was given. Throws Error{context_overflow} before that where the model's
/// context, or what the options allow, is too short.
ReadyRequest make_ready(const Model& model, const ExplainOptions& options, const ExplainInputs& inputs,
                        Activity& activity);

struct Explained {
    Model model;
    TaskInputs texts;  ///< completed by the model
    Explanation result;
};

/// Explains with a model that is loaded already, in `load_s` seconds.
Explained explain(Model model, double load_s, const ExplainOptions& options, const ExplainInputs& inputs,
                  Activity& activity);

/// All of it, once.
Explained explain(const ExplainOptions& options, const ExplainInputs& inputs, Activity& activity);

}  // namespace llmx::cli

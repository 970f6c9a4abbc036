#pragma once
// A request carried out, in the steps that commands share: load, prepare and generate, explain.

#include <llmx/explainer.hpp>

#include "request/activity.hpp"
#include "request/explain_options.hpp"

namespace llmx::cli {

/// `redrawn_blocks`: see LoadOptions; drawn by the options' seed.
Model load_model(const ExplainOptions& options, const ExplainInputs& inputs, Activity& activity,
                 int redrawn_blocks = 0);

struct ReadyRequest {
    TaskInputs texts;      ///< completed by the model
    Request request = {};  ///< shows progress by the activity, which must outlive it
    double generate_s = 0;
};

/// All but the answer, unless that was given. Throws Error{context_overflow} where the model's context, or
/// what the options allow, is too short.
ReadyRequest prepared(const Model& model, const ExplainOptions& options, const ExplainInputs& inputs,
                      Activity& activity);

/// Writes the answer unless one was given: what is left to do is to explain it.
void write_answer(const Model& model, ReadyRequest& ready, const ExplainOptions& options,
                  const ExplainInputs& inputs, Activity& activity);

/// Both.
ReadyRequest make_ready(const Model& model, const ExplainOptions& options, const ExplainInputs& inputs,
                        Activity& activity);

/// Explains what is ready; `load_s`: the seconds that loading took, for the result's timings.
Explanation explained(const Model& model, const ReadyRequest& ready, const ExplainInputs& inputs,
                      double load_s = 0);

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

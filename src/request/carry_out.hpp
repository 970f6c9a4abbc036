#pragma once
// A request carried out, in the steps that programs share: load, prepare, write, explain. Requests are
// `checked`.

#include <llmx/explain_request.hpp>

#include "explain/estimate.hpp"

namespace llmx::request {

/// `randomized_blocks`: see LoadOptions::randomized_blocks; the seed is the request's.
Model load_model(const ExplainRequest& request, Activity& activity, int randomized_blocks = 0);

/// A request in tokens.
struct Prepared {
    ExplainRequest asked;  ///< its texts completed by the model
    Request request = {};  ///< reports progress to the activity, which must outlive it
    double generate_s = 0;
};

/// All but the answer, unless one is given. Throws Error{context_overflow} where the model's context, or what
/// the request allows, is too short; Error{usage} where the model would run more than `most` times.
Prepared prepare(const Model& model, const ExplainRequest& request, Activity& activity,
                 double most = most_runs);

/// Writes the answer unless there is one.
void write_answer(const Model& model, Prepared& prepared, Activity& activity);

/// `load_s`: the seconds that loading took, for the result's timings.
Explanation explain(const Model& model, const Prepared& prepared, double load_s = 0);

/// The last three, with a model that took `load_s` seconds to load.
Outcome carry_out(Model model, double load_s, const ExplainRequest& request, Activity& activity);

}  // namespace llmx::request

#pragma once

#include "explain/subject.hpp"
#include "replay/replay.hpp"

namespace llmx {

/// Definitions 8: the model's own final norm and output head on the residual stream after every block.
/// `hidden`: that stream, with at least the rows that predict the subject's text. Throws Error{unsupported}
/// where these cannot be told apart in the graph.
LogitLens logit_lens(const Request& request, const Model& model, const Subject& subject,
                     const replay::Replay& replay, const std::vector<HiddenState>& hidden);

}  // namespace llmx

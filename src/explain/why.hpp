#pragma once
// Request::why: from passages and sentences to what rests on what.

#include "explain/subject.hpp"
#include "llmx/why.hpp"

namespace llmx {

/// `subject`: of the answer (or label) that is explained, `tokens` its tokens, `replay` its pass. Throws
/// Error{unsupported} for an encoder, Error{input} where the prompt has nothing but a question.
Why find_why(const Request& request, const Model& model, const Subject& subject, const Tokens& tokens,
             engine::Session& session, std::shared_ptr<tape::Arena> arena,
             std::shared_ptr<replay::Replay> replay);

}  // namespace llmx

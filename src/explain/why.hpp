#pragma once
// Request::why: from passages and sentences to what rests on what.

#include "explain/subject.hpp"
#include "llmx/why.hpp"

namespace llmx {

/// What can be told before there is an answer. Throws Error{unsupported} for an encoder, Error{input} where
/// the prompt has nothing but a question, Error{usage} where there would be more than `most` runs, or where
/// no method is there (`alone`) for the targets or checks that the request asks for.
void require_why(const Request& request, const Model& model, bool alone, double most);

/// `subject`: of the answer (or label) that is explained, `tokens` its tokens, `replay` its pass. Throws
/// as `require_why`.
Why find_why(const Request& request, const Model& model, const Subject& subject, const Tokens& tokens,
             engine::Session& session, std::shared_ptr<tape::Arena> arena,
             std::shared_ptr<replay::Replay> replay);

}  // namespace llmx

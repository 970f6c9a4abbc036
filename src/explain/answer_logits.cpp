#include <llmx/compare.hpp>
#include <llmx/error.hpp>

#include "explain/subject.hpp"

namespace llmx {

Tensor answer_logits(const Model& model, const Request& request) {
    if (model.facts().kind == ModelKind::encoder)
        throw Error(ErrorCode::unsupported, "answer: an encoder writes none; expected a model that does");
    if (request.output.ids.empty() || request.input_ids.empty())
        throw Error(ErrorCode::input, "answer: prompt or answer is empty; expected tokens of both");
    const Subject subject = replay_of_text(request, model, request.output.ids);
    engine::Session session(model, {.tokens = static_cast<int>(subject.input.ids.size()),
                                    .outputs = static_cast<int>(subject.input.outputs.size()),
                                    .source = static_cast<int>(subject.input.source.size()),
                                    .micro_batch = request.micro_batch});
    session.run(subject.input);
    return session.results();
}

}  // namespace llmx

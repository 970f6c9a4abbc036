#include "explain/subject.hpp"

#include <numeric>

#include "objective/readout.hpp"

namespace llmx {

namespace {

/// Positions that predict `count` tokens: the one at `first`, and those after it.
std::vector<int> predicting(std::size_t first, std::size_t count) {
    std::vector<int> positions(count);
    std::iota(positions.begin(), positions.end(), static_cast<int>(first));
    return positions;
}

engine::PassInput pass_of(const Request& request, const Model& model, const Tokens& text) {
    engine::PassInput input;
    if (model.facts().kind == ModelKind::encoder_decoder) {
        input.source = request.input_ids;
        input.ids = {engine::decoder_start_token(model)};
        input.ids.insert(input.ids.end(), text.begin(), text.end() - 1);
        input.outputs = predicting(0, text.size());
    } else {
        input.ids = request.input_ids;
        input.ids.insert(input.ids.end(), text.begin(), text.end());
        input.outputs = predicting(request.input_ids.size() - 1, text.size());
    }
    return input;
}

}  // namespace

Subject replay_of_text(const Request& request, const Model& model, const Tokens& text) {
    Subject subject;
    subject.input = pass_of(request, model, text);
    subject.prompt = static_cast<int>(request.input_ids.size());
    subject.text = static_cast<int>(text.size());
    subject.parts = request.units.parts;
    const objective::Terms terms = objective::terms(request.objective, request.output.ids, request.labels);
    subject.value = [terms](const Tensor& logits) { return objective::value_of(terms, logits); };
    subject.seed = [terms](const Tensor& logits) { return objective::gradient_of(terms, logits); };
    return subject;
}

Subject replay_of_span(const Request& request, const Model& model, const task::Extraction& extraction) {
    Subject subject;
    subject.input = task::pass_input(task::pair_format(model), extraction.pair);
    subject.prompt = static_cast<int>(extraction.pair.ids.size());
    const bool own = request.objective == Objective::generated;
    // The loss is the mean of two negative log-probabilities; the other objectives are sums of theirs.
    const SpanTarget target{own ? extraction.answer.start_token : extraction.label_start,
                            own ? extraction.answer.end_token : extraction.label_end,
                            request.objective == Objective::aligned ? 1.0F : -2.0F};
    subject.span = target;
    const auto readout = objective::span_readout(*model.qa_head(), target.start, target.end, target.factor);
    subject.seed = [readout](const Tensor& hidden) { return readout->seed(0, 0, hidden); };
    subject.parts = task::parts_of(extraction.pair, model);
    subject.value = [readout](const Tensor& hidden) { return readout->values(std::span(&hidden, 1))[0]; };
    return subject;
}

}  // namespace llmx

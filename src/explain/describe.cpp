// The model, texts and ids of a result.

#include <filesystem>

#include "engine/text/spelling.hpp"
#include "explain/subject.hpp"
#include "task/extractive/offsets.hpp"
#include "text/utf8.hpp"

namespace llmx {

ModelSummary summary(const Model& model) {
    const ModelFacts& facts = model.facts();
    return {.file = utf8::replace_invalid(std::filesystem::path(facts.path).filename().string()),
            .sha256_16 = model.sha256_16(),
            .name = utf8::replace_invalid(facts.name),
            .architecture = utf8::replace_invalid(facts.architecture),
            .kind = facts.kind,
            .parameters = facts.parameters,
            .type = facts.type,
            .blocks = facts.blocks,
            .heads = facts.heads,
            .kv_heads = facts.kv_heads,
            .embedding = facts.embedding};
}

void describe(const Request& request, const Model& model, Explanation& result) {
    const auto decode = [&](const Tokens& ids, std::vector<std::string>& texts) {
        for (const Token id : ids) {
            const std::string bytes = model.token_bytes(id);
            const auto index = static_cast<int>(result.prompt.size() + result.decode_output.size());
            if (!utf8::is_valid(bytes)) {
                result.partial_tokens.push_back(index);
                result.partial_token_bytes.push_back(static_cast<int>(bytes.size()));
            }
            texts.push_back(utf8::replace_invalid(bytes));
        }
    };
    decode(request.input_ids, result.prompt);
    decode(request.output.ids, result.decode_output);
    result.task = request.task;
    result.objective = request.objective;
    result.prompt_ids = request.input_ids;
    result.answer_ids = request.output.ids;
    result.n_matches = request.output.n_matches;
    result.label_ids = request.labels;
    result.prompt_text = utf8::replace_invalid(model.detokenize(request.input_ids));
    const auto text = [&](const Tokens& ids, bool special) {
        return model.facts().kind == ModelKind::decoder
                   ? engine::continued_text(model, ids, special)
                   : utf8::replace_invalid(model.detokenize(ids, special));
    };
    result.prediction = text(request.output.ids, true);
    result.answer_text = text(request.output.ids, false);
    result.label_text = text(request.labels, false);
    if (result.model.kind != ModelKind::encoder_decoder) return;
    result.decoder_inputs = {utf8::replace_invalid(model.token_bytes(engine::decoder_start_token(model)))};
    result.decoder_inputs.insert(result.decoder_inputs.end(), result.decode_output.begin(),
                                 result.decode_output.end() - 1);
}

void describe(const task::Extraction& extraction, const Model& model, Explanation& result) {
    const SpanResult& answer = extraction.answer;
    Request spelled;
    spelled.task = Task::question_answering;
    spelled.input_ids = extraction.pair.ids;
    const auto first = extraction.pair.ids.begin();
    if (!answer.no_answer)
        spelled.output.ids.assign(first + answer.start_token, first + answer.end_token + 1);
    if (extraction.has_label && extraction.label_start > 0)
        spelled.labels.assign(first + extraction.label_start, first + extraction.label_end + 1);
    const Objective objective = result.objective;
    describe(spelled, model, result);
    result.objective = objective;
    result.span = answer;
    // As it stands in the context: the tokens may have lost case and accents.
    result.answer_text =
        answer.no_answer ? "" : task::part(answer.context, {answer.start_char, answer.end_char}, "span");
    result.prediction = result.answer_text;
    result.label_text = extraction.label;
    result.warnings.insert(result.warnings.end(), extraction.warnings.begin(), extraction.warnings.end());
}

}  // namespace llmx

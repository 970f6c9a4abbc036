#include "explain/readers.hpp"

namespace llmx {

namespace {

void append(std::vector<method::Need>& needs, const std::vector<method::Need>& more) {
    needs.insert(needs.end(), more.begin(), more.end());
}

}  // namespace

Attentions::Attentions(const Request& request, const Model& model, const Subject& subject,
                       const method::Replay& replay) {
    const bool has_source = !subject.input.source.empty();
    const auto add = [&](method::AttentionKind kind, int prompt, int answer) {
        all_.emplace_back(replay, model.modules(), model.facts(),
                          method::AttentionOptions{request.layer_names, request.is_input, request.strict,
                                                   request.keep_attention, request.all_attention_rows,
                                                   model.threads(), kind},
                          prompt, answer);
    };
    add(has_source ? method::AttentionKind::cross : method::AttentionKind::self, subject.prompt,
        subject.text);
    if (!has_source || !request.keep_attention) return;
    add(method::AttentionKind::encoder, subject.prompt, 0);
    add(method::AttentionKind::self, subject.text, 0);
}

std::vector<method::Need> Attentions::needs() const {
    std::vector<method::Need> needs;
    for (const auto& attention : all_) append(needs, attention.needs());
    return needs;
}

void Attentions::read(const tape::Tape& tape, int first, int last) {
    for (auto& attention : all_) attention.read(tape, first, last);
}

AttentionResult Attentions::finish() {
    AttentionResult result = all_[0].finish();
    if (all_.size() == 1) return result;
    result.cross_weights = std::move(result.weights);
    result.weights.clear();
    result.encoder_weights = all_[1].finish().weights;
    result.decoder_weights = all_[2].finish().weights;
    return result;
}

Readers::Readers(const Request& request, const Model& model, const Subject& subject,
                 const method::Replay& replay, Wanted wanted) {
    if (wanted.attention) attention_.emplace(request, model, subject, replay);
    if (wanted.gradient) gradient.emplace(replay.graph(), true);
    if (wanted.hidden) hidden_.emplace(replay);
}

void Readers::plan(method::Replay& replay, std::size_t budget) {
    std::vector<method::Need> needs;
    if (attention_) append(needs, attention_->needs());
    if (gradient) append(needs, gradient->needs());
    if (hidden_) append(needs, hidden_->needs());
    replay.plan(std::move(needs), budget, [this](const tape::Tape& tape, int first, int last) {
        if (attention_) attention_->read(tape, first, last);
        if (hidden_) hidden_->read(tape, first, last);
    });
}

void Readers::finish(Explanation& result) {
    if (attention_) {
        result.attention = attention_->finish();
        const std::string& missing = result.attention->pair.missing;
        if (!missing.empty()) result.warnings.push_back("pair_result: left empty: " + missing);
    }
    if (hidden_) result.hidden = hidden_->finish();
}

}  // namespace llmx

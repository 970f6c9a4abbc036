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

ViewRecorders::ViewRecorders(const Request& request, const Model& model, const Subject& subject,
                             const method::Replay& replay)
    : reader_(replay) {
    const ViewChoice& views = request.views;
    const auto parts =
        method::attention_parts(reader_, replay, subject.prompt, subject.text, model.facts().architecture);
    // Together they have one budget; three views are drawn from the maps, one from queries and keys.
    const std::size_t of_neurons = views.attention ? views.budget / 3 : views.budget;
    const std::size_t of_maps = views.neuron ? views.budget - of_neurons : views.budget;
    if (views.attention) maps_.emplace(reader_, parts, views.blocks, of_maps);
    if (views.neuron) neurons_.emplace(replay, reader_, parts, views.blocks, of_neurons);
}

std::vector<method::Need> ViewRecorders::needs() const {
    std::vector<method::Need> needs;
    if (maps_) append(needs, maps_->needs());
    if (neurons_) append(needs, neurons_->needs());
    return needs;
}

void ViewRecorders::read(const tape::Tape& tape, int first, int last) {
    if (maps_) maps_->read(tape, first, last);
    if (neurons_) neurons_->read(tape, first, last);
}

void ViewRecorders::finish(ViewData& data) {
    if (maps_) maps_->finish(data);
    if (neurons_) neurons_->finish(data);
}

Readers::Readers(const Request& request, const Model& model, const Subject& subject,
                 const method::Replay& replay, Wanted wanted) {
    if (wanted.attention) attention_.emplace(request, model, subject, replay);
    if (wanted.gradient) gradient.emplace(replay.graph(), true);
    if (request.keep_hidden) {
        hidden_.emplace(replay);
    } else if (request.views.logit_lens > 0) {
        hidden_.emplace(replay, std::pair(subject.prompt - 1, subject.prompt + subject.text));
    }
    if (request.views.attention || request.views.neuron) views_.emplace(request, model, subject, replay);
}

void Readers::plan(method::Replay& replay, std::size_t budget) {
    std::vector<method::Need> needs;
    if (attention_) append(needs, attention_->needs());
    if (gradient) append(needs, gradient->needs());
    if (hidden_) append(needs, hidden_->needs());
    if (views_) append(needs, views_->needs());
    replay.plan(std::move(needs), budget, [this](const tape::Tape& tape, int first, int last) {
        if (attention_) attention_->read(tape, first, last);
        if (hidden_) hidden_->read(tape, first, last);
        if (views_) views_->read(tape, first, last);
    });
}

void Readers::finish(const Request& request, Explanation& result) {
    if (attention_) {
        result.attention = attention_->finish();
        const std::string& missing = result.attention->pair.missing;
        if (!missing.empty()) result.warnings.push_back("pair_result: left empty: " + missing);
    }
    if (hidden_) result.hidden = hidden_->finish();
    if (request.views.any()) result.views.emplace().budget = request.views.budget;
    if (views_) views_->finish(*result.views);
}

}  // namespace llmx

#include "explain/readers.hpp"

#include <optional>

#include "record/map_recorder.hpp"
#include "record/neuron_recorder.hpp"
#include "replay/hidden.hpp"

namespace llmx {

namespace {

void append(std::vector<replay::RequiredValue>& needs, const std::vector<replay::RequiredValue>& more) {
    needs.insert(needs.end(), more.begin(), more.end());
}

class HiddenReader : public method::Reader {
public:
    explicit HiddenReader(replay::Hidden hidden) : hidden_(std::move(hidden)) {}

    [[nodiscard]] std::vector<replay::RequiredValue> needs() const override { return hidden_.needs(); }
    void read(const tape::Tape& tape, int first, int last) override { hidden_.read(tape, first, last); }
    void finish(Explanation& result) override { result.hidden = hidden_.finish(); }

private:
    replay::Hidden hidden_;
};

/// What the views show of the attention.
class ViewRecorders : public method::Reader {
public:
    ViewRecorders(const RecordChoice& views, const Model& model, const Text& text) : reader_(*text.replay) {
        const replay::Replay& replay = *text.replay;
        const auto parts = replay::attention_parts(reader_, replay, text.subject.prompt, text.subject.text,
                                                   model.facts().architecture);
        // Together they have one budget; three views are drawn from the maps, one from queries and keys.
        const std::size_t of_neurons = views.attention ? views.budget / 3 : views.budget;
        const std::size_t of_maps = views.neuron ? views.budget - of_neurons : views.budget;
        if (views.attention) maps_.emplace(reader_, parts, views.blocks, of_maps);
        if (views.neuron) neurons_.emplace(replay, reader_, parts, views.blocks, of_neurons);
    }

    [[nodiscard]] std::vector<replay::RequiredValue> needs() const override {
        std::vector<replay::RequiredValue> needs;
        if (maps_) append(needs, maps_->needs());
        if (neurons_) append(needs, neurons_->needs());
        return needs;
    }

    void read(const tape::Tape& tape, int first, int last) override {
        if (maps_) maps_->read(tape, first, last);
        if (neurons_) neurons_->read(tape, first, last);
    }

    void finish(Explanation& result) override {
        if (maps_) maps_->finish(*result.views);
        if (neurons_) neurons_->finish(*result.views);
    }

private:
    replay::AttentionReader reader_;
    std::optional<record::MapRecorder> maps_;
    std::optional<record::NeuronRecorder> neurons_;
};

}  // namespace

void Readers::add(const method::Definition& definition) {
    List& list = definition.of_objective ? of_objective_ : others_;
    list.push_back(definition.read(
        {.replay = *text_.replay,
         .model = model_,
         .prompt = text_.subject.prompt,
         .text = text_.subject.text,
         .attention = {request_.layer_names, request_.is_input, request_.strict, request_.keep_attention,
                       request_.all_attention_rows, model_.threads()},
         .seed = text_.subject.seed,
         .bfloat16 = request_.matmul_precision == MatmulPrecision::bfloat16}));
}

void Readers::add_records() {
    const RecordChoice& views = request_.views;
    const replay::Replay& replay = *text_.replay;
    if (request_.keep_hidden) {
        others_.push_back(std::make_unique<HiddenReader>(replay::Hidden(replay)));
    } else if (views.logit_lens > 0) {
        const std::pair rows(text_.subject.prompt - 1, text_.subject.prompt + text_.subject.text);
        others_.push_back(std::make_unique<HiddenReader>(replay::Hidden(replay, rows)));
    }
    if (views.attention || views.neuron)
        others_.push_back(std::make_unique<ViewRecorders>(views, model_, text_));
}

void Readers::plan() {
    std::vector<replay::RequiredValue> needs;
    for (const List* list : {&others_, &of_objective_}) {
        for (const auto& reader : *list) append(needs, reader->needs());
    }
    text_.replay->plan(std::move(needs), *request_.memory_budget,
                       [this](const tape::Tape& tape, int first, int last) {
                           for (const List* list : {&others_, &of_objective_}) {
                               for (const auto& reader : *list) reader->read(tape, first, last);
                           }
                       });
}

void Readers::finish_objective(Explanation& result) {
    for (const auto& reader : of_objective_) reader->finish(result);
}

void Readers::finish(Explanation& result) {
    for (const auto& reader : others_) reader->finish(result);
}

}  // namespace llmx

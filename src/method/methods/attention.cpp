// The original toolbox's attention scores (definitions 1.1, 1.2), and the softmax weights as they are.

#include <deque>

#include "method/definition.hpp"

namespace llmx::method {

namespace {

/// The attention that the result is about and, where weights are kept of an encoder-decoder, its other two.
class Attentions : public Reader {
public:
    explicit Attentions(const OriginalScene& scene) {
        const auto add = [&](replay::AttentionKind kind, int prompt, int answer) {
            original::AttentionOptions options = scene.attention;
            options.kind = kind;
            all_.emplace_back(scene.replay, scene.model.modules(), scene.model.facts(), std::move(options),
                              prompt, answer);
        };
        const bool has_source = !scene.replay.input().source.empty();
        add(has_source ? replay::AttentionKind::cross : replay::AttentionKind::self, scene.prompt,
            scene.text);
        if (!has_source || !scene.attention.keep_weights) return;
        add(replay::AttentionKind::encoder, scene.prompt, 0);
        add(replay::AttentionKind::self, scene.text, 0);
    }

    [[nodiscard]] std::vector<replay::RequiredValue> needs() const override {
        std::vector<replay::RequiredValue> needs;
        for (const original::Attention& attention : all_) {
            const std::vector<replay::RequiredValue> more = attention.needs();
            needs.insert(needs.end(), more.begin(), more.end());
        }
        return needs;
    }

    void read(const tape::Tape& tape, int first, int last) override {
        for (original::Attention& attention : all_) attention.read(tape, first, last);
    }

    void finish(Explanation& explanation) override {
        AttentionResult result = all_.front().finish();
        if (all_.size() > 1) {
            result.cross_weights = std::move(result.weights);
            result.weights.clear();
            result.encoder_weights = all_[1].finish().weights;
            result.decoder_weights = all_[2].finish().weights;
        }
        const std::string& missing = result.pair.missing;
        if (!missing.empty()) explanation.warnings.push_back("pair_result: left empty: " + missing);
        explanation.original.attention = std::move(result);
    }

private:
    std::deque<original::Attention> all_;
};

}  // namespace

const Definition& attention() {
    static const Definition definition{
        .name = "attention",
        .help = "the original toolbox's attention scores, and the true softmax weights",
        .source = "docs/definitions.md, sections 1.1, 1.2 and 2",
        .is_signed = false,
        .read = [](const OriginalScene& scene) -> std::unique_ptr<Reader> {
            return std::make_unique<Attentions>(scene);
        }};
    return definition;
}

}  // namespace llmx::method

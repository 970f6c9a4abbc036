#pragma once
// What the attention methods share: the first text's replay, its attention as layers, and the way from rows
// to scores. A row is a token of the pass: an encoder-decoder's source, then the text. An encoder's layers
// make the source's rows anew; those of a decoder first the text's from the text's (self), then from the
// source's (cross).

#include <string_view>

#include "method/attention/rollout.hpp"
#include "method/context.hpp"
#include "method/scores.hpp"
#include "replay/attention_reader.hpp"

namespace llmx::method {

class AttentionLayers {
public:
    /// Throws Error{usage} for a contrast (attention belongs to one text), Error{unsupported} where the model
    /// has no softmax attention.
    AttentionLayers(AttributionContext& scene, std::string_view method);

    /// The softmax of every attention: what `visit` reads of the pass.
    [[nodiscard]] static std::vector<replay::RequiredValue> needs(const replay::Replay& replay);

    struct Layer {
        replay::AttentionKind kind = replay::AttentionKind::self;
        int block = 0;
    };
    /// Those of an encoder first, then in order of the pass.
    [[nodiscard]] const std::vector<Layer>& layers() const { return layers_; }

    /// One attention of one sub-pass.
    struct Part {
        replay::AttentionSite site;
        int layer = 0;            ///< of layers()
        int first = 0, last = 0;  ///< its queries, rows of the replay
    };
    /// In order of the pass.
    [[nodiscard]] const std::vector<Part>& parts() const { return parts_; }
    /// The same for a Rollout.
    [[nodiscard]] std::vector<Mix> mixes() const;

    [[nodiscard]] AttributionContext& scene() const { return scene_; }
    [[nodiscard]] replay::Replay& replay() { return replay_; }
    [[nodiscard]] const engine::Graph& graph() const { return replay_.graph(); }
    [[nodiscard]] const replay::AttentionReader& reader() const { return reader_; }
    [[nodiscard]] std::int64_t rows() const { return static_cast<std::int64_t>(replay_.ids().size()); }
    /// [targets, rows]: 1/n at each of the n rows of a target.
    [[nodiscard]] Tensor target_rows() const;

    /// Runs the pass and tells every part, the last first, with the tape that holds its softmax.
    using Visit = std::function<void(const tape::Tape& tape, std::size_t part)>;
    void visit(const Visit& visit);
    /// The same with further values on the tape. `at`: for each part the node from which on they are there.
    void visit(const std::vector<int>& at, std::vector<replay::RequiredValue> more, const Visit& visit);
    /// Mean over heads of a part's softmax, [queries, rows].
    [[nodiscard]] Tensor mean_of_heads(const tape::Tape& tape, const Part& part) const;
    /// The same of values that are shaped like the softmax.
    [[nodiscard]] Tensor mean_of_heads(const tape::Tape& tape, const Part& part,
                                       const TensorView<const float>& values) const;

    /// Scores of the sources out of those of all rows, [targets, rows].
    [[nodiscard]] Scores scores(const Tensor& of_rows) const;

private:
    struct Mean;
    void find_layers();

    AttributionContext& scene_;
    std::string_view method_;
    replay::Replay& replay_;
    replay::AttentionReader reader_;
    std::vector<Layer> layers_;
    std::vector<Part> parts_;
};

}  // namespace llmx::method

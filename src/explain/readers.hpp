#pragma once
// The methods that read one replay: what each needs of the pass, and its part of the result.

#include <deque>
#include <optional>

#include "explain/subject.hpp"
#include "original/attention.hpp"
#include "record/map_recorder.hpp"
#include "record/neuron_recorder.hpp"
#include "replay/gradient.hpp"
#include "replay/hidden.hpp"

namespace llmx {

/// The attention of a pass: the one that the result is about and, where weights are kept of an
/// encoder-decoder, the other two.
class Attentions {
public:
    Attentions(const Request& request, const Model& model, const Subject& subject,
               const method::Replay& replay);

    [[nodiscard]] std::vector<method::Need> needs() const;
    void read(const tape::Tape& tape, int first, int last);
    [[nodiscard]] AttentionResult finish();

private:
    std::deque<method::Attention> all_;
};

/// What the views show of the attention.
class ViewRecorders {
public:
    ViewRecorders(const Request& request, const Model& model, const Subject& subject,
                  const method::Replay& replay);

    [[nodiscard]] std::vector<method::Need> needs() const;
    void read(const tape::Tape& tape, int first, int last);
    void finish(ViewData& data);

private:
    method::AttentionReader reader_;
    std::optional<method::MapRecorder> maps_;
    std::optional<method::NeuronRecorder> neurons_;
};

class Readers {
public:
    struct Wanted {
        bool attention = false;
        bool gradient = false;
    };
    Readers(const Request& request, const Model& model, const Subject& subject, const method::Replay& replay,
            Wanted wanted);

    /// Tells the replay all needs; its pieces are then read as they are recorded. The readers must stay
    /// where they are until the last visit.
    void plan(method::Replay& replay, std::size_t budget);

    /// After the last visit: attention, hidden states (of a logit lens too), and the views of attention.
    void finish(const Request& request, Explanation& result);

    std::optional<method::Gradient> gradient;

private:
    std::optional<Attentions> attention_;
    std::optional<method::Hidden> hidden_;
    std::optional<ViewRecorders> views_;
};

}  // namespace llmx

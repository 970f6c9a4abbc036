#pragma once
// Queries and keys for the neuron view, as the products of scores have read them, as many as fit.

#include <llmx/view_data.hpp>

#include "record/budgeted_selection.hpp"
#include "replay/attention_parts.hpp"
#include "replay/score_steps.hpp"

namespace llmx::record {

/// The rows are those that predict the answer (of an encoder all). Kept first: the first key-value head of
/// blocks spread over the model, then the second, ...
class NeuronRecorder {
public:
    /// `blocks`: asked for; none: all. `budget`: characters of JSON; 0: no bound. The reader must outlive the
    /// recorder.
    NeuronRecorder(const replay::Replay& replay, const replay::AttentionReader& reader,
                   std::vector<replay::AttentionPart> parts, const std::vector<int>& blocks,
                   std::size_t budget);

    [[nodiscard]] std::vector<replay::RequiredValue> needs() const;
    /// Takes from a piece of the tape what lies in it. Call for every piece.
    void read(const tape::Tape& tape, int first, int last);
    /// After all pieces: fills in `neuron`, and adds to `left_out`.
    void finish(ViewData& data);

private:
    struct Site {
        replay::AttentionSite site;
        replay::ScoreSteps steps;
    };
    struct Block {
        std::size_t part = 0;
        int number = 0;
        int place = 0;  ///< in the order of keeping
        std::vector<Site> sites;
        std::size_t unread = 0;
        std::string unknown;              ///< why there is none
        std::vector<NeuronGroup> groups;  ///< until all sites are read
        int groups_there = 0;
    };
    void begin(Block& block);
    void read_site(const tape::Tape& tape, Block& block, const Site& site);
    void read_row(const tape::Tape& tape, Block& block, const Site& site, const std::vector<int>& rows,
                  int row);
    void offer(Block& block);
    [[nodiscard]] const engine::TensorInfo& node(int order) const;

    const replay::Replay& replay_;
    const replay::AttentionReader& reader_;
    std::vector<replay::AttentionPart> parts_;
    std::vector<Block> blocks_;
    BudgetedSelection<NeuronGroup> fitting_;
};

}  // namespace llmx::record

#pragma once
// Attention maps for the views: every head of every block, and their mean, at 8 bits, as many as fit.

#include <llmx/view_data.hpp>
#include <map>

#include "record/budgeted_selection.hpp"
#include "replay/attention_parts.hpp"

namespace llmx::record {

/// Kept first: the rows that predict the answer, mean over heads, of blocks spread over the model; then these
/// rows of single heads, all heads of a block together; then the prompt's rows in the same order.
class MapRecorder {
public:
    /// `blocks`: asked for; none: all. `budget`: characters of JSON; 0: no bound.
    /// The reader must outlive the recorder.
    MapRecorder(const replay::AttentionReader& reader, std::vector<replay::AttentionPart> parts,
                const std::vector<int>& blocks, std::size_t budget);

    [[nodiscard]] std::vector<replay::RequiredValue> needs() const;
    /// Takes from a piece of the tape what lies in it. Call for every piece.
    void read(const tape::Tape& tape, int first, int last);
    /// After all pieces: fills in `attention`, and adds to `left_out`.
    void finish(ViewData& data);

private:
    using Maps = std::vector<AttentionMap>;
    /// What one site gives: of the answer's rows and of the prompt's, one map a head, then the mean.
    struct Strip {
        Maps answer, prompt;
    };
    struct Block {
        int number = 0;
        int place = 0;  ///< in the order of keeping
        std::size_t unread = 0;
        std::map<int, Strip> strips;  ///< by the first query
    };
    struct Part {
        replay::AttentionPart facts;
        std::vector<Block> blocks;
    };
    void read_site(const tape::Tape& tape, Part& part, Block& block, const replay::AttentionSite& site);
    void offer(std::size_t part, Block& block);
    [[nodiscard]] bool may_keep(bool answer, const Block& block, std::size_t part) const;
    void say_what_is_left(const Part& part, const AttentionMaps& kept, std::vector<std::string>& left) const;

    const replay::AttentionReader& reader_;
    std::vector<Part> parts_;
    BudgetedSelection<std::pair<std::size_t, Maps>> fitting_;  ///< a part, and maps of one block
};

}  // namespace llmx::record

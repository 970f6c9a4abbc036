#pragma once
// Attention as the original toolbox defines it (definitions 1.1, 1.2) and as it is (section 2).

#include <llmx/request.hpp>
#include <llmx/result.hpp>
#include <optional>
#include <string>
#include <vector>

#include "original/pair.hpp"
#include "replay/attention_reader.hpp"
#include "replay/replay.hpp"

namespace llmx::original {

struct AttentionOptions {
    std::vector<std::string> layer_names;
    bool is_input = false;
    bool strict = false;
    bool keep_weights = false;
    bool all_rows = false;
    int threads = 1;
    replay::AttentionKind kind = replay::AttentionKind::self;
};

/// One kind of attention of a pass. Its rows are queries and its columns keys:
///  self     queries and keys are `prompt` tokens and `answer` tokens after them; the answer's rows are
///           those that predict it. A decoder that starts from one token has a prompt of 1; an encoder's
///           text has an answer of 0, and all its rows are taken.
///  encoder  the same over the source: `prompt` is its length, `answer` 0.
///  cross    keys are the `prompt` tokens of the source, queries the first `answer` tokens of the text.
class Attention {
public:
    /// Throws Error{usage} where a name matches no module, Error{unsupported} where the model has no
    /// such softmax attention.
    Attention(const replay::Replay& replay, const std::vector<Module>& modules, const ModelFacts& facts,
              AttentionOptions options, int prompt, int answer);

    [[nodiscard]] std::vector<replay::RequiredValue> needs() const;

    /// Takes from a piece of the tape what lies in it. Call for every piece.
    void read(const tape::Tape& tape, int first, int last);

    /// After all pieces. The pair is that of the prompt, or of the source with `cross`; it is not there for
    /// the other two kinds of an encoder-decoder. `median_raw` is empty where blocks differ in heads.
    [[nodiscard]] AttentionResult finish();

private:
    /// One block, in as many parts as there are sub-passes.
    struct Block {
        std::vector<replay::AttentionSite> sites;
        std::int64_t heads = 0;
        std::int64_t unread = 0;     // sites
        std::vector<float> queries;  // [heads, text, size], until all parts are read
        std::vector<float> keys;     // [key-value heads, prompt, size]
        std::int64_t size = 0, kv_heads = 0;
        std::vector<float> raw;    // [answer, heads, prompt]
        std::vector<double> mean;  // [rows, keys], over heads
    };
    void read_site(const tape::Tape& tape, Block& block, const replay::AttentionSite& site);
    void gather(const tape::Tape& tape, Block& block, const replay::AttentionSite& site) const;
    void score(Block& block) const;
    void read_weights(const tape::Tape& tape, Block& block, const replay::AttentionSite& site);
    /// The first query of a site and their number, counted in the text or source they belong to.
    [[nodiscard]] std::pair<int, int> queries_of(const replay::AttentionSite& site) const;
    void find_pair(const std::vector<Module>& modules, const ModelFacts& facts);
    [[nodiscard]] const engine::TensorInfo& node(int order) const;

    const replay::Replay& replay_;
    const engine::Graph& graph_;
    const tape::Lineage& lineage_;
    replay::AttentionReader reader_;
    AttentionOptions options_;
    int prompt_;
    int answer_;
    int keys_;       // columns of a row
    int first_key_;  // of the replay's rows
    int first_row_;  // of the rows that are averaged
    int rows_;
    std::optional<OriginalPairScores> pair_;
    std::vector<Block> blocks_;
    AttentionResult result_;
};

}  // namespace llmx::original

#pragma once
// Attention as the original toolbox defines it (definitions 1.1, 1.2) and as it is (section 2).

#include <llmx/explainer.hpp>
#include <string>
#include <vector>

#include "method/pair.hpp"
#include "method/replay.hpp"

namespace llmx::method {

/// The nodes of one block's self attention.
struct AttentionSite {
    int block = 0;
    int softmax = -1;  ///< node, [1, heads, queries, keys]
    int scores = -1;   ///< node: keys (source 0) times queries (source 1)
};

/// Self attention of every block that has it, ascending.
std::vector<AttentionSite> find_attention(const engine::Graph& graph);

struct AttentionOptions {
    std::vector<std::string> layer_names;
    bool is_input = false;
    bool strict = false;
    bool keep_weights = false;
    bool all_rows = false;
    int threads = 1;
};

class Attention {
public:
    /// Throws Error{usage} where a name matches no module, Error{unsupported} where the model has no
    /// softmax attention. The replay's sequence is `prompt` tokens and `answer` tokens after them.
    Attention(const Replay& replay, const std::vector<Module>& modules, const ModelFacts& facts,
              AttentionOptions options, int prompt, int answer);

    [[nodiscard]] std::vector<Need> needs() const;

    /// Takes from a piece of the tape what lies in it. Call for every piece.
    void read(const tape::Tape& tape, int first, int last);

    /// After all pieces.
    [[nodiscard]] AttentionResult finish();

private:
    [[nodiscard]] const engine::TensorInfo& softmax_of(std::size_t index) const;
    [[nodiscard]] int last_pair_node() const;
    void read_scores(const tape::Tape& tape, std::size_t index);
    void read_weights(const tape::Tape& tape, std::size_t index);

    const engine::Graph& graph_;
    const tape::Lineage& lineage_;
    AttentionOptions options_;
    int prompt_;
    int answer_;
    std::vector<AttentionSite> sites_;
    PairSite pair_;
    AttentionResult result_;
    std::vector<std::vector<double>> block_mean_;  // per block [answer, prompt + answer], mean over heads
};

}  // namespace llmx::method

#pragma once
// The pass that is explained (as a rule prompt + answer, replayed), recorded in as few pieces as the memory
// budget allows (one, as a rule).

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "tape/tape.hpp"

namespace llmx::method {

/// A value that a method reads, and the node at which it does.
struct Need {
    int node = 0;
    tape::ValueKey key;
};

class Replay {
public:
    /// The arena is reset by every recording.
    Replay(engine::Session& session, engine::PassInput input, std::shared_ptr<tape::Arena> arena);

    [[nodiscard]] const engine::Graph& graph() const { return *graph_; }
    [[nodiscard]] const tape::Lineage& lineage() const { return lineage_; }
    [[nodiscard]] const engine::PassInput& input() const { return input_; }
    /// The token of every row: an encoder-decoder's source, then the text.
    [[nodiscard]] const Tokens& ids() const { return ids_; }
    /// Positions in the text whose result is kept.
    [[nodiscard]] const std::vector<int>& outputs() const { return input_.outputs; }

    /// Told a piece of the pass: the tape holds what nodes [first, last) read.
    using Visit = std::function<void(const tape::Tape& tape, int first, int last)>;

    /// What the visits will read, and the bytes they may take at a time (0: no bound). `reader` is told
    /// every piece once, when it is first recorded. Call once, before the first visit. Throws
    /// Error{input} where the budget does not hold what one node needs.
    void plan(std::vector<Need> needs, std::size_t budget, Visit reader = {});

    /// The same pass again, with other embeddings or another residual stream, which the caller sets: what was
    /// recorded is forgotten, the plan stays.
    engine::PassInput& refeed();

    /// Runs the pass and tells `visit` every piece, the last one first. A single piece is recorded once,
    /// however often it is visited.
    void visit(const Visit& visit);
    /// Runs the pass for the reader and the results alone, unless that has been done.
    void visit();

    /// Results of all outputs, [outputs, width]: logits, or an encoder's last hidden states. There after
    /// the first piece was recorded.
    [[nodiscard]] const Tensor& results() const { return results_; }
    /// Logits of the i-th output.
    [[nodiscard]] std::span<const float> logits(int output) const;
    /// What the graph's result nodes are multiplied by to become results.
    [[nodiscard]] float result_scale() const { return session_.result_scale(); }

    [[nodiscard]] std::size_t pieces() const { return pieces_.size(); }
    /// Of the values that the largest piece keeps.
    [[nodiscard]] std::size_t bytes() const;

private:
    struct Piece {
        int first = 0;
        int last = 0;
        tape::Keeps keeps;
    };
    tape::Tape record(const Piece& piece);

    void take_results();

    engine::Session& session_;
    engine::PassInput input_;
    Tokens ids_;
    std::shared_ptr<tape::Arena> arena_;
    std::shared_ptr<const engine::Graph> graph_;
    tape::Lineage lineage_;
    std::vector<Piece> pieces_;  // last first
    Visit reader_;
    bool visited_ = false;
    std::optional<tape::Tape> only_;
    Tensor results_;
};

}  // namespace llmx::method

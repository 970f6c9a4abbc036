#pragma once
// The one pass that is explained: prompt + answer replayed, recorded in as few pieces as the memory
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
    /// `outputs`: positions whose logits are kept, ascending. The arena is reset by every recording.
    Replay(engine::Session& session, Tokens ids, std::vector<int> outputs,
           std::shared_ptr<tape::Arena> arena);

    [[nodiscard]] const engine::Graph& graph() const { return *graph_; }
    [[nodiscard]] const tape::Lineage& lineage() const { return lineage_; }
    [[nodiscard]] const Tokens& ids() const { return ids_; }
    [[nodiscard]] const std::vector<int>& outputs() const { return outputs_; }

    /// Told a piece of the pass: the tape holds what nodes [first, last) read.
    using Visit = std::function<void(const tape::Tape& tape, int first, int last)>;

    /// What the visits will read, and the bytes they may take at a time (0: no bound). `reader` is told
    /// every piece once, when it is first recorded. Call once, before the first visit. Throws
    /// Error{input} where the budget does not hold what one node needs.
    void plan(std::vector<Need> needs, std::size_t budget, Visit reader = {});

    /// Runs the pass and tells `visit` every piece, the last one first. A single piece is recorded once,
    /// however often it is visited.
    void visit(const Visit& visit);
    /// Runs the pass for the reader and the logits alone, unless that has been done.
    void visit();

    /// Logits of the i-th output; there after the first piece was recorded.
    [[nodiscard]] std::span<const float> logits(int output) const;

    [[nodiscard]] std::size_t pieces() const { return pieces_.size(); }

private:
    struct Piece {
        int first = 0;
        int last = 0;
        tape::Keeps keeps;
    };
    tape::Tape record(const Piece& piece);

    engine::Session& session_;
    Tokens ids_;
    std::vector<int> outputs_;
    std::shared_ptr<tape::Arena> arena_;
    std::shared_ptr<const engine::Graph> graph_;
    tape::Lineage lineage_;
    std::vector<Piece> pieces_;  // last first
    Visit reader_;
    bool visited_ = false;
    std::optional<tape::Tape> only_;
    Tensor logits_;  // [outputs, vocabulary]
};

}  // namespace llmx::method

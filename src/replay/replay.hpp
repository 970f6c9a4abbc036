#pragma once
// The pass that is explained (as a rule prompt + answer, replayed), recorded in as few pieces as the memory
// budget allows (one, as a rule).

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "replay/pieces.hpp"
#include "tape/tape.hpp"

namespace llmx::replay {

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

    /// What the next visits will read, and the bytes that may take at a time (0: no bound). What was planned
    /// before is kept with it where the budget holds both in one piece, and a recording that has everything
    /// already is not made again. `reader` is told every piece once, when it is next visited. Throws
    /// Error{input} where the budget does not hold what one node needs.
    void plan(std::vector<RequiredValue> needs, std::size_t budget, Visit reader = {});
    /// What a later plan will ask for: kept along, from the first recording on, where the budget holds
    /// everything in a few pieces. Does nothing once there is a recording.
    void expect(const std::vector<RequiredValue>& needs, std::size_t budget);

    /// The same text with nothing planned or recorded, to be fed other values by `refeed`.
    [[nodiscard]] Replay again() const;
    /// The same pass again, with other embeddings or another residual stream, which the caller sets: what was
    /// recorded is forgotten, the plan stays.
    engine::PassInput& refeed();

    /// Tells `visit` every piece, the last one first, and runs the pass for that, once a piece. A single
    /// piece is recorded once, however often it is visited, as long as no other replay takes the arena.
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

    /// Session::go_on, for work on what was recorded.
    void go_on() const { session_.go_on(); }

    [[nodiscard]] std::size_t pieces() const { return pieces_.size(); }
    /// Of the values that the largest piece keeps.
    [[nodiscard]] std::size_t bytes() const;
    /// ... with the inputs, and the values that cross into other pieces.
    [[nodiscard]] std::size_t bytes_in_all() const;
    /// ... less what an earlier recording has taken already.
    [[nodiscard]] std::size_t bytes_to_take() const;

private:
    Replay(engine::Session& session, engine::PassInput input, std::shared_ptr<tape::Arena> arena,
           std::shared_ptr<const engine::Graph> graph);
    [[nodiscard]] bool has_planned(const std::vector<RequiredValue>& needs) const;
    bool fits_too(const std::vector<RequiredValue>& needs, std::size_t budget);
    void forget();
    tape::Tape record(const Piece& piece);
    [[nodiscard]] tape::Tape record_first(const Piece& piece);
    [[nodiscard]] const tape::Tape& recorded();
    [[nodiscard]] tape::Keeps crossing() const;
    void take_results();

    engine::Session& session_;
    engine::PassInput input_;
    Tokens ids_;
    std::shared_ptr<tape::Arena> arena_;
    std::shared_ptr<const engine::Graph> graph_;
    tape::Lineage lineage_;
    std::vector<RequiredValue> planned_;
    std::vector<Piece> pieces_;  // last first
    Visit reader_;
    bool visited_ = false;
    std::optional<tape::Tape> recorded_;  // of the first of pieces_
    std::uint64_t recorded_at_ = 0;       // resets of the arena
    std::shared_ptr<tape::Arena> crossing_arena_ = std::make_shared<tape::Arena>();
    std::optional<tape::Tape>
        crossing_;  // values that cross the cuts; its others go with the first recording
    Tensor results_;
};

}  // namespace llmx::replay

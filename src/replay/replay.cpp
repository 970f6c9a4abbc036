#include "replay/replay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <llmx/error.hpp>

namespace llmx::replay {

namespace {

/// Of inputs, which every recording keeps.
std::size_t input_bytes(const engine::Graph& graph) {
    std::size_t bytes = 0;
    for (const engine::TensorInfo& tensor : graph.tensors) {
        if (tensor.role == engine::TensorRole::input && tensor.is_root())
            bytes += tape::bytes_of(graph, {tensor.id, -1});
    }
    return bytes;
}

}  // namespace

Replay::Replay(engine::Session& session, engine::PassInput input, std::shared_ptr<tape::Arena> arena)
    : Replay(session, input, std::move(arena), std::make_shared<const engine::Graph>(session.plan(input))) {}

Replay::Replay(engine::Session& session, engine::PassInput input, std::shared_ptr<tape::Arena> arena,
               std::shared_ptr<const engine::Graph> graph)
    : session_(session),
      input_(std::move(input)),
      ids_(input_.tokens()),
      arena_(std::move(arena)),
      graph_(std::move(graph)),
      lineage_(*graph_),
      pieces_{{0, static_cast<int>(graph_->nodes.size()), {}, {}, {}}} {}

Replay Replay::again() const { return {session_, input_, arena_, graph_}; }

void Replay::plan(std::vector<RequiredValue> needs, std::size_t budget, Visit reader) {
    if (reader) {
        reader_ = needs.empty() ? Visit{} : std::move(reader);
        visited_ = false;
    }
    if (has_planned(needs) || fits_too(needs, budget)) return;
    planned_ = std::move(needs);
    pieces_ = cut(*graph_, lineage_, planned_, budget, session_.can_skip());
    forget();
}

void Replay::expect(const std::vector<RequiredValue>& needs, std::size_t budget) {
    if (recorded_ || crossing_ || has_planned(needs) || fits_too(needs, budget)) return;
    std::vector<RequiredValue> all = planned_;
    all.insert(all.end(), needs.begin(), needs.end());
    constexpr std::size_t most_pieces = 32;  // whoever visits the pass for less has to run them all
    std::vector<Piece> pieces = cut(*graph_, lineage_, all, budget, session_.can_skip());
    if (pieces.size() > most_pieces) return;
    planned_ = std::move(all);
    pieces_ = std::move(pieces);
}

/// Does every piece keep what its own nodes read?
bool Replay::has_planned(const std::vector<RequiredValue>& needs) const {
    return std::all_of(needs.begin(), needs.end(), [&](const RequiredValue& need) {
        const auto piece = std::find_if(pieces_.begin(), pieces_.end(), [&](const Piece& at) {
            return need.node >= at.first && need.node < at.last;
        });
        return piece != pieces_.end() && piece->keeps.contains(need.key);
    });
}

/// Adds to the one piece there is. False where there are several, or it would become too large.
bool Replay::fits_too(const std::vector<RequiredValue>& needs, std::size_t budget) {
    if (pieces_.size() > 1) return false;
    tape::Keeps all = pieces_.front().keeps;
    for (const RequiredValue& need : needs) all.insert(need.key);
    if (budget != 0 && bytes_of(*graph_, all) > budget) return false;
    planned_.insert(planned_.end(), needs.begin(), needs.end());
    pieces_.front().keeps = std::move(all);
    forget();
    return true;
}

void Replay::forget() {
    recorded_.reset();
    crossing_.reset();
}

std::size_t Replay::bytes() const {
    std::size_t most = 0;
    for (const Piece& piece : pieces_) most = std::max(most, bytes_of(*graph_, piece.keeps));
    return most;
}

/// What pieces begin with, and the first run keeps for them.
tape::Keeps Replay::crossing() const {
    tape::Keeps all;
    for (const Piece& piece : pieces_) all.insert(piece.crossing.begin(), piece.crossing.end());
    return all;
}

std::size_t Replay::bytes_in_all() const {
    return bytes() + input_bytes(*graph_) + bytes_of(*graph_, crossing());
}

std::size_t Replay::bytes_to_take() const {
    const std::size_t all = bytes_in_all();
    return all - std::min(all, arena_->size() + crossing_arena_->size());
}

engine::PassInput& Replay::refeed() {
    forget();
    results_ = {};
    return input_;
}

tape::Tape Replay::record(const Piece& piece) {
    arena_->reset(bytes() + input_bytes(*graph_));
    const bool is_last = piece.last == static_cast<int>(graph_->nodes.size());
    if (is_last && (results_.empty() || !crossing_)) return record_first(piece);
    tape::Part part{piece.last - 1, nullptr, nullptr, nullptr};
    for (const tape::ValueKey& key : piece.keeps) part.last = std::max(part.last, key.version);
    if (!piece.runs.empty()) part = {part.last, &piece.runs, &piece.crossing, &*crossing_};
    return tape::record_part(session_, input_, graph_, {piece.keeps, arena_}, part);
}

/// Runs all of the pass, and keeps what the other pieces begin with.
tape::Tape Replay::record_first(const Piece& piece) {
    const tape::Keeps lasting = crossing();
    crossing_arena_->reset(bytes_of(*graph_, lasting));
    tape::Tape tape =
        tape::record(session_, input_, graph_, {piece.keeps, arena_, &lasting, crossing_arena_});
    if (pieces_.size() > 1) crossing_.emplace(tape);
    if (results_.empty()) take_results();
    return tape;
}

void Replay::take_results() {
    if (!outputs().empty()) results_.values.reserve(outputs().size() * session_.result(0).size());
    for (std::size_t i = 0; i < outputs().size(); ++i) {
        const auto row = session_.result(static_cast<int>(i));
        if (!std::all_of(row.begin(), row.end(), [](float z) { return std::isfinite(z); })) {
            throw Error(ErrorCode::model,
                        fmt::format("replay: the {} at position {} are not finite numbers; the model file is "
                                    "broken or its type too coarse",
                                    session_.gives_logits() ? "logits" : "hidden states", outputs()[i]));
        }
        results_.values.insert(results_.values.end(), row.begin(), row.end());
        results_.shape = {static_cast<std::int64_t>(i) + 1, static_cast<std::int64_t>(row.size())};
    }
}

void Replay::visit(const Visit& visit) {
    const auto tell = [&](const tape::Tape& tape, const Piece& piece) {
        if (reader_ && !visited_) reader_(tape, piece.first, piece.last);
        visit(tape, piece.first, piece.last);
    };
    tell(recorded(), pieces_.front());
    for (std::size_t i = 1; i < pieces_.size(); ++i) {
        recorded_.reset();
        tell(record(pieces_[i]), pieces_[i]);
    }
    visited_ = true;
}

/// The first piece to be visited, which lasts until another recording takes the arena.
const tape::Tape& Replay::recorded() {
    if (!recorded_ || recorded_at_ != arena_->resets()) {
        recorded_.reset();
        recorded_.emplace(record(pieces_.front()));
        recorded_at_ = arena_->resets();
    }
    return *recorded_;
}

void Replay::visit() {
    if (visited_) return;
    if (reader_) return visit([](const tape::Tape&, int, int) {});
    static_cast<void>(recorded());
    visited_ = true;
}

std::span<const float> Replay::logits(int output) const {
    if (!session_.gives_logits()) {
        throw Error(ErrorCode::unsupported,
                    "replay: an encoder has no logits; expected a model that writes text");
    }
    return results_.row(static_cast<std::size_t>(output));
}

}  // namespace llmx::replay

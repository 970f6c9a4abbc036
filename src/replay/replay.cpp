#include "replay/replay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <llmx/error.hpp>
#include <numeric>

namespace llmx::replay {

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
      pieces_{{0, static_cast<int>(graph_->nodes.size()), {}}} {}

Replay Replay::again() const { return {session_, input_, arena_, graph_}; }

void Replay::plan(std::vector<RequiredValue> needs, std::size_t budget, Visit reader) {
    if (reader) {
        reader_ = std::move(reader);
        visited_ = false;
    }
    if (keep_too(needs, budget)) return;
    pieces_ = pieces_of(std::move(needs), budget);
    only_.reset();
}

void Replay::expect(const std::vector<RequiredValue>& needs, std::size_t budget) {
    if (!only_) keep_too(needs, budget);
}

/// Adds to the one piece there is. False where there are several, or it would become too large.
bool Replay::keep_too(const std::vector<RequiredValue>& needs, std::size_t budget) {
    if (pieces_.size() > 1) return false;
    tape::Keeps& keeps = pieces_.front().keeps;
    tape::Keeps all = keeps;
    for (const RequiredValue& need : needs) all.insert(need.key);
    if (budget != 0 && bytes_of(all) > budget) return false;
    if (all.size() == keeps.size()) return true;
    keeps = std::move(all);
    only_.reset();
    return true;
}

std::vector<Replay::Piece> Replay::pieces_of(std::vector<RequiredValue> needs, std::size_t budget) const {
    std::vector<Piece> pieces;
    std::stable_sort(needs.begin(), needs.end(),
                     [](const RequiredValue& a, const RequiredValue& b) { return a.node > b.node; });
    Piece piece{0, static_cast<int>(graph_->nodes.size()), {}};
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < needs.size();) {
        // all needs of one node go into one piece
        std::vector<tape::ValueKey> added;
        std::size_t extra = 0;
        std::size_t all = 0;
        const int node = needs[i].node;
        for (; i < needs.size() && needs[i].node == node; ++i) {
            if (std::find(added.begin(), added.end(), needs[i].key) != added.end()) continue;
            added.push_back(needs[i].key);
            const std::size_t size = tape::bytes_of(*graph_, needs[i].key);
            all += size;
            if (!piece.keeps.contains(needs[i].key)) extra += size;
        }
        if (budget != 0 && all > budget) {
            throw Error(ErrorCode::input,
                        fmt::format("memory: node {} of the replay needs {} KiB; `memory_budget` is {} KiB",
                                    describe(graph_->at(graph_->nodes[static_cast<std::size_t>(node)])),
                                    all >> 10, budget >> 10));
        }
        if (budget != 0 && bytes + extra > budget) {
            piece.first = node + 1;
            pieces.push_back(std::move(piece));
            piece = {0, node + 1, {}};
            bytes = 0;
            extra = all;
        }
        piece.keeps.insert(added.begin(), added.end());
        bytes += extra;
    }
    pieces.push_back(std::move(piece));
    return pieces;
}

std::size_t Replay::bytes_of(const tape::Keeps& keeps) const {
    return std::accumulate(
        keeps.begin(), keeps.end(), std::size_t{0},
        [&](std::size_t sum, const tape::ValueKey& key) { return sum + tape::bytes_of(*graph_, key); });
}

std::size_t Replay::bytes() const {
    std::size_t most = 0;
    for (const Piece& piece : pieces_) most = std::max(most, bytes_of(piece.keeps));
    return most;
}

engine::PassInput& Replay::refeed() {
    only_.reset();
    results_ = {};
    return input_;
}

tape::Tape Replay::record(const Piece& piece) {
    arena_->reset();
    const bool whole = piece.last == static_cast<int>(graph_->nodes.size());
    int last = piece.last - 1;
    for (const tape::ValueKey& key : piece.keeps) last = std::max(last, key.version);
    tape::Tape tape = tape::record(session_, input_, graph_, piece.keeps, arena_, whole ? -1 : last);
    if (whole && results_.empty()) take_results();
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
    for (const Piece& piece : pieces_) {
        if (pieces_.size() > 1) {
            tell(record(piece), piece);
        } else {
            tell(recorded(), piece);
        }
    }
    visited_ = true;
}

const tape::Tape& Replay::recorded() {
    if (!only_ || recorded_at_ != arena_->resets()) {
        only_.reset();
        only_.emplace(record(pieces_.front()));
        recorded_at_ = arena_->resets();
    }
    return *only_;
}

void Replay::visit() {
    if (!visited_) visit([](const tape::Tape&, int, int) {});
}

std::span<const float> Replay::logits(int output) const {
    if (!session_.gives_logits()) {
        throw Error(ErrorCode::unsupported,
                    "replay: an encoder has no logits; expected a model that writes text");
    }
    return results_.row(static_cast<std::size_t>(output));
}

}  // namespace llmx::replay

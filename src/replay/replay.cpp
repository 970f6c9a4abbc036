#include "replay/replay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <llmx/error.hpp>

namespace llmx::method {

Replay::Replay(engine::Session& session, engine::PassInput input, std::shared_ptr<tape::Arena> arena)
    : session_(session),
      input_(std::move(input)),
      ids_(input_.tokens()),
      arena_(std::move(arena)),
      graph_(std::make_shared<const engine::Graph>(session.plan(input_))),
      lineage_(*graph_) {}

void Replay::plan(std::vector<Need> needs, std::size_t budget, Visit reader) {
    reader_ = std::move(reader);
    std::stable_sort(needs.begin(), needs.end(),
                     [](const Need& a, const Need& b) { return a.node > b.node; });
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
            throw Error(
                ErrorCode::input,
                fmt::format(
                    "memory: node {} needs {} KiB of the replay, the budget (--memory-budget) is {} KiB",
                    describe(graph_->at(graph_->nodes[static_cast<std::size_t>(node)])), all >> 10,
                    budget >> 10));
        }
        if (budget != 0 && bytes + extra > budget) {
            piece.first = node + 1;
            pieces_.push_back(std::move(piece));
            piece = {0, node + 1, {}};
            bytes = 0;
            extra = all;
        }
        piece.keeps.insert(added.begin(), added.end());
        bytes += extra;
    }
    pieces_.push_back(std::move(piece));
}

std::size_t Replay::bytes() const {
    std::size_t most = 0;
    for (const Piece& piece : pieces_) {
        std::size_t bytes = 0;
        for (const tape::ValueKey& key : piece.keeps) bytes += tape::bytes_of(*graph_, key);
        most = std::max(most, bytes);
    }
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
    tape::Tape tape =
        tape::record(session_, input_, graph_, piece.keeps, arena_, whole ? -1 : piece.last - 1);
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
            if (!only_) only_.emplace(record(piece));
            tell(*only_, piece);
        }
    }
    visited_ = true;
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

}  // namespace llmx::method

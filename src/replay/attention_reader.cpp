#include "replay/attention_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <llmx/error.hpp>

namespace llmx::replay {

namespace {

/// Columns of weights told as weights of rows.
class Rows {
public:
    Rows(std::vector<int> row_of, std::size_t rows, int block)
        : row_of_(std::move(row_of)), weights_(rows), block_(block) {}

    /// Columns [begin, end) of one query: what is told of them, and the weights themselves.
    std::span<const float> take(const float* told, const float* attended, std::size_t begin,
                                std::size_t end) {
        std::fill(weights_.begin(), weights_.end(), 0.0F);
        double missed = 0;
        for (std::size_t c = begin; c < end; ++c) {
            if (row_of_[c] >= 0)
                weights_[static_cast<std::size_t>(row_of_[c])] = told[c - begin];
            else
                missed += static_cast<double>(attended[c - begin]);
        }
        if (missed <= 1e-4) return weights_;
        throw Error(ErrorCode::unsupported,
                    fmt::format("attention: block {} attends to {} columns, which is not one per token; try "
                                "`method` gradient",
                                block_, row_of_.size()));
    }
    [[nodiscard]] std::size_t columns() const { return row_of_.size(); }

private:
    std::vector<int> row_of_;
    std::vector<float> weights_;
    int block_;
};

}  // namespace

AttentionReader::AttentionReader(const Replay& replay)
    : replay_(replay), sites_(find_attention(replay.graph())) {
    for (engine::JoinedAttention& joined : engine::find_long_attention(replay.graph()))
        joined_.emplace(replay.graph().at(joined.nodes.front()).order, std::move(joined.node));
}

const engine::TensorInfo& AttentionReader::node(int order) const {
    const engine::Graph& graph = replay_.graph();
    return graph.at(graph.nodes[static_cast<std::size_t>(order)]);
}

std::vector<RequiredValue> AttentionReader::needs(const AttentionSite& site) const {
    const auto found = joined_.find(site.softmax);
    if (found == joined_.end()) return {matrix(site)};
    std::vector<RequiredValue> needs;
    for (const int i : {0, 1, 3, 4}) {
        const int id = found->second.sources[static_cast<std::size_t>(i)];
        if (id < 0) continue;
        const engine::TensorRole role = replay_.graph().at(replay_.graph().at(id).root).role;
        if (role == engine::TensorRole::input) continue;  // kept anyway
        needs.push_back({site.softmax, replay_.lineage().read_by(
                                           id, engine::reading_node(replay_.graph(), found->second, i))});
    }
    return needs;
}

RequiredValue AttentionReader::matrix(const AttentionSite& site) const {
    return {site.softmax, replay_.lineage().written_by(site.softmax)};
}

std::pair<int, int> AttentionReader::queries(const AttentionSite& site) const {
    const engine::SubPass& pass = replay_.graph().pass_of(site.softmax);
    return {pass.first_row, pass.rows};
}

std::int64_t AttentionReader::heads(const AttentionSite& site) const { return node(site.softmax).shape[1]; }

std::vector<int> AttentionReader::rows_of_columns(const tape::Tape& tape, const AttentionSite& site) const {
    std::vector<int> rows(static_cast<std::size_t>(node(site.softmax).shape[3]), -1);
    if (site.memory < 0) {  // keys of the pass itself, or of the encoder's result
        const auto keys = static_cast<int>(site.kind == AttentionKind::cross ? replay_.input().source.size()
                                                                             : queries(site).second);
        for (int k = 0; k < std::min(keys, static_cast<int>(rows.size())); ++k)
            rows[static_cast<std::size_t>(k)] =
                k + (site.kind == AttentionKind::cross ? 0 : queries(site).first);
        return rows;
    }
    for (int order = 0; order < site.softmax; ++order) {
        const engine::TensorInfo& writer = node(order);
        if (writer.op != "SET_ROWS" || writer.root != site.memory) continue;
        const TensorView<const std::int32_t> cells = tape.indices_read_by(writer.sources[1], order);
        const int first = replay_.graph().pass_of(order).first_row;
        for (std::int64_t i = 0; i < cells.columns(); ++i) {
            const auto cell = static_cast<std::size_t>(cells.at(0, 0, 0, i));
            if (cell < rows.size()) rows[cell] = first + static_cast<int>(i);
        }
    }
    return rows;
}

void AttentionReader::require_rows(const AttentionSite& site) const {
    const engine::TensorInfo& softmax = node(site.softmax);
    const int count = queries(site).second;
    if (softmax.shape[0] == 1 && softmax.shape[2] == count) return;
    throw Error(ErrorCode::unsupported,
                fmt::format("attention: block {} has {} rows of attention in {} heads for {} tokens",
                            site.block, softmax.shape[0] * softmax.shape[2], softmax.shape[1], count));
}

void AttentionReader::read(const tape::Tape& tape, const AttentionSite& site, const Visit& visit,
                           int from) const {
    const auto joined = joined_.find(site.softmax);
    if (joined == joined_.end()) {
        read(tape, site, tape.written_by(site.softmax), visit);
    } else {
        read_joined(tape, site, joined->second, visit, from);
    }
}

void AttentionReader::read_joined(const tape::Tape& tape, const AttentionSite& site,
                                  const engine::TensorInfo& joined, const Visit& visit, int from) const {
    require_rows(site);
    std::array<TensorView<const float>, 5> sources;
    for (const int i : {0, 1, 3, 4}) {
        const int id = joined.sources[static_cast<std::size_t>(i)];
        if (id >= 0) {
            sources[static_cast<std::size_t>(i)] =
                tape.read_by(id, engine::reading_node(replay_.graph(), joined, i));
        }
    }
    const attention::Heads heads = engine::heads_of(joined, sources);
    const int first = queries(site).first;
    Rows rows(rows_of_columns(tape, site), replay_.ids().size(), site.block);
    attention::Weights weights;
    for (attention::Strip strip : attention::strips_of(heads, 0)) {
        strip.first = std::max(strip.first, std::min<std::int64_t>(from - first, strip.last));
        if (strip.rows() == 0) continue;
        attention::find_weights(heads, strip, weights);
        for (std::int64_t q = strip.first; q < strip.last; ++q) {
            const float* p = weights.p.data() + (q - strip.first) * heads.keys();
            visit(
                strip.head, first + static_cast<int>(q),
                rows.take(p, p, static_cast<std::size_t>(strip.begin), static_cast<std::size_t>(strip.end)));
        }
    }
}

void AttentionReader::read(const tape::Tape& tape, const AttentionSite& site,
                           const TensorView<const float>& values, const Visit& visit) const {
    require_rows(site);
    const TensorView<const float> softmax = tape.written_by(site.softmax);
    const auto [first, count] = queries(site);
    Rows rows(rows_of_columns(tape, site), replay_.ids().size(), site.block);
    for (std::int64_t h = 0; h < values.shape[1]; ++h) {
        for (int q = 0; q < count; ++q)
            visit(h, first + q, rows.take(values.row(0, h, q), softmax.row(0, h, q), 0, rows.columns()));
    }
}

}  // namespace llmx::replay

#include "replay/attention_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <llmx/error.hpp>

namespace llmx::replay {

namespace {

/// What the weights of a joined attention depend on: q, k, mask and sinks.
constexpr std::array weight_sources{0, 1, 3, 4};

/// Turns numbers by column into numbers by row.
class Rows {
public:
    Rows(std::vector<int> row_of, std::size_t rows, int block)
        : row_of_(std::move(row_of)), values_(rows), block_(block) {}

    /// `values` and `weights` are those of one query in columns [begin, end). Throws where a weight falls on
    /// a column that is no row.
    std::span<const float> take(const float* values, const float* weights, std::int64_t begin,
                                std::int64_t end) {
        std::fill(values_.begin(), values_.end(), 0.0F);
        double missed = 0;
        for (std::int64_t c = begin; c < end; ++c) {
            const int row = row_of_[static_cast<std::size_t>(c)];
            if (row >= 0)
                values_[static_cast<std::size_t>(row)] = values[c - begin];
            else
                missed += static_cast<double>(weights[c - begin]);
        }
        if (missed <= 1e-4) return values_;
        throw Error(ErrorCode::unsupported,
                    fmt::format("attention: block {} attends to {} columns, which is not one per token; try "
                                "`method` gradient",
                                block_, row_of_.size()));
    }

private:
    std::vector<int> row_of_;
    std::vector<float> values_;
    int block_;
};

}  // namespace

AttentionReader::AttentionReader(const Replay& replay)
    : replay_(replay), sites_(find_attention(replay.graph())) {
    for (engine::JoinedAttention& joined : engine::find_long_attention(replay.graph()))
        joined_.emplace(replay.graph().at(joined.soft_max).order, std::move(joined.node));
}

const engine::TensorInfo& AttentionReader::node(int order) const {
    const engine::Graph& graph = replay_.graph();
    return graph.at(graph.nodes[static_cast<std::size_t>(order)]);
}

void AttentionReader::add_needs(const AttentionSite& site, std::vector<RequiredValue>& needs) const {
    const auto found = joined_.find(site.softmax);
    if (found == joined_.end()) return needs.push_back(matrix(site));
    const engine::Graph& graph = replay_.graph();
    for (const int i : weight_sources) {
        const int id = found->second.sources[static_cast<std::size_t>(i)];
        if (id < 0 || graph.at(graph.at(id).root).role == engine::TensorRole::input) continue;  // kept anyway
        needs.push_back(
            {site.softmax, replay_.lineage().read_by(id, engine::reading_node(graph, found->second, i))});
    }
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

attention::Heads AttentionReader::heads_of(const tape::Tape& tape, const engine::TensorInfo& joined) const {
    std::array<TensorView<const float>, 5> sources;
    MaskView mask;
    for (const int i : weight_sources) {
        const int id = joined.sources[static_cast<std::size_t>(i)];
        if (id < 0) continue;
        const int reader = engine::reading_node(replay_.graph(), joined, i);
        if (i == 3) {
            mask = tape.mask_read_by(id, reader);
        } else {
            sources[static_cast<std::size_t>(i)] = tape.read_by(id, reader);
        }
    }
    attention::Heads heads = engine::heads_of(joined, sources);
    heads.mask = mask;
    return heads;
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
    if (joined == joined_.end()) return read(tape, site, tape.written_by(site.softmax), visit, from);
    require_rows(site);
    const attention::Heads heads = heads_of(tape, joined->second);
    const int first = queries(site).first;
    Rows rows(rows_of_columns(tape, site), replay_.ids().size(), site.block);
    attention::Weights weights;
    for (attention::Strip strip : attention::strips_of(heads, 0)) {
        strip.first = std::clamp<std::int64_t>(from - first, strip.first, strip.last);
        if (strip.rows() == 0) continue;
        attention::find_weights(heads, strip, weights);
        for (std::int64_t q = strip.first; q < strip.last; ++q) {
            const float* p = weights.p.data() + (q - strip.first) * heads.keys();
            visit(strip.head, first + static_cast<int>(q), rows.take(p, p, strip.begin, strip.end));
        }
    }
}

void AttentionReader::read(const tape::Tape& tape, const AttentionSite& site,
                           const TensorView<const float>& values, const Visit& visit, int from) const {
    require_rows(site);
    const TensorView<const float> weights = tape.written_by(site.softmax);
    const auto [first, count] = queries(site);
    Rows rows(rows_of_columns(tape, site), replay_.ids().size(), site.block);
    for (std::int64_t h = 0; h < values.shape[1]; ++h) {
        for (int q = std::max(0, from - first); q < count; ++q)
            visit(h, first + q, rows.take(values.row(0, h, q), weights.row(0, h, q), 0, values.columns()));
    }
}

}  // namespace llmx::replay

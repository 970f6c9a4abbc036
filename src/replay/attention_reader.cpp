#include "replay/attention_reader.hpp"

#include <fmt/format.h>

#include <cmath>
#include <llmx/error.hpp>

namespace llmx::replay {

AttentionReader::AttentionReader(const Replay& replay)
    : replay_(replay), sites_(find_attention(replay.graph())) {}

const engine::TensorInfo& AttentionReader::node(int order) const {
    const engine::Graph& graph = replay_.graph();
    return graph.at(graph.nodes[static_cast<std::size_t>(order)]);
}

RequiredValue AttentionReader::need(const AttentionSite& site) const {
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

void AttentionReader::read(const tape::Tape& tape, const AttentionSite& site, const Visit& visit) const {
    read(tape, site, tape.written_by(site.softmax), visit);
}

void AttentionReader::read(const tape::Tape& tape, const AttentionSite& site,
                           const TensorView<const float>& values, const Visit& visit) const {
    const std::vector<int> rows = rows_of_columns(tape, site);
    const TensorView<const float> softmax = tape.written_by(site.softmax);
    const auto [first, count] = queries(site);
    if (softmax.shape[0] != 1 || softmax.shape[2] != count) {
        throw Error(ErrorCode::unsupported,
                    fmt::format("attention: block {} has {} rows of attention in {} heads for {} tokens",
                                site.block, softmax.shape[0] * softmax.shape[2], softmax.shape[1], count));
    }
    std::vector<float> weights(replay_.ids().size());
    for (std::int64_t h = 0; h < values.shape[1]; ++h) {
        for (int q = 0; q < count; ++q) {
            const float* row = values.row(0, h, q);
            const float* attended = softmax.row(0, h, q);
            double missed = 0;
            for (std::size_t c = 0; c < rows.size(); ++c) {
                if (rows[c] >= 0)
                    weights[static_cast<std::size_t>(rows[c])] = row[c];
                else
                    missed += attended[c];
            }
            if (missed > 1e-4) {
                throw Error(ErrorCode::unsupported,
                            fmt::format("attention: block {} attends to {} columns, which is not one per "
                                        "token; try `method` gradient",
                                        site.block, rows.size()));
            }
            visit(h, first + q, weights);
        }
    }
}

}  // namespace llmx::replay

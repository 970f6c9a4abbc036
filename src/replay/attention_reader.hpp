#pragma once
// Reads softmax weights off a tape, query by query, told by rows of the replay.

#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "engine/pass/attention.hpp"
#include "replay/attention_sites.hpp"
#include "replay/replay.hpp"

namespace llmx::replay {

class AttentionReader {
public:
    /// The replay must outlive the reader.
    explicit AttentionReader(const Replay& replay);

    /// Every attention of the pass, by block, then in order of the pass; none in a model without.
    [[nodiscard]] const std::vector<AttentionSite>& sites() const { return sites_; }
    /// Adds what `read` reads: the matrix of weights or, in long texts, queries and keys.
    void add_needs(const AttentionSite& site, std::vector<RequiredValue>& needs) const;
    /// The matrix of weights, [1, heads, queries, columns], as Tape::written_by(site.softmax) then gives it.
    [[nodiscard]] RequiredValue matrix(const AttentionSite& site) const;
    /// First row of the site's queries, and their number.
    [[nodiscard]] std::pair<int, int> queries(const AttentionSite& site) const;
    [[nodiscard]] std::int64_t heads(const AttentionSite& site) const;
    /// The row whose key each column of the site's softmax is, or -1. Keys in a KV cache stand in the cells
    /// that they were written to.
    [[nodiscard]] std::vector<int> rows_of_columns(const tape::Tape& tape, const AttentionSite& site) const;

    /// Told one query's weights over all rows of the replay.
    using Visit = std::function<void(std::int64_t head, int row, std::span<const float> weights)>;
    /// Leaves out queries in rows before `from`. Throws Error{unsupported} where the softmax looks at
    /// anything but one column a row.
    void read(const tape::Tape& tape, const AttentionSite& site, const Visit& visit, int from = 0) const;
    /// The same for values shaped like the site's matrix, such as its gradient. The matrix must have been
    /// kept.
    void read(const tape::Tape& tape, const AttentionSite& site, const TensorView<const float>& values,
              const Visit& visit, int from = 0) const;

private:
    [[nodiscard]] const engine::TensorInfo& node(int order) const;
    void require_rows(const AttentionSite& site) const;
    [[nodiscard]] attention::Heads heads_of(const tape::Tape& tape, const engine::TensorInfo& joined) const;

    const Replay& replay_;
    std::vector<AttentionSite> sites_;
    std::map<int, engine::TensorInfo>
        joined_;  ///< by the softmax's node; the weights are computed again from its sources
};

}  // namespace llmx::replay

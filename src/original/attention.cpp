#include "original/attention.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <llmx/error.hpp>

#include "core/parallel.hpp"
#include "gemm/gemm.hpp"
#include "original/statistics.hpp"

namespace llmx::original {

Attention::Attention(const replay::Replay& replay, const std::vector<Module>& modules,
                     const ModelFacts& facts, AttentionOptions options, int prompt, int answer)
    : replay_(replay),
      graph_(replay.graph()),
      lineage_(replay.lineage()),
      reader_(replay),
      options_(std::move(options)),
      prompt_(prompt),
      answer_(answer),
      keys_(options_.kind == replay::AttentionKind::self ? prompt + answer : prompt),
      first_key_(options_.kind == replay::AttentionKind::self ? static_cast<int>(replay.input().source.size())
                                                              : 0),
      first_row_(options_.kind == replay::AttentionKind::cross || answer == 0 ? 0 : prompt - 1),
      rows_(answer > 0 ? answer : prompt) {
    for (const replay::AttentionSite& site : reader_.sites()) {
        if (site.kind != options_.kind) continue;
        if (blocks_.empty() || blocks_.back().sites.front().block != site.block) blocks_.emplace_back();
        blocks_.back().sites.push_back(site);
    }
    if (blocks_.empty()) {
        throw Error(
            ErrorCode::unsupported,
            fmt::format("attention: architecture \"{}\" has no softmax attention; try `method` gradient",
                        facts.architecture));
    }
    if (replay.input().source.empty() || options_.kind == replay::AttentionKind::cross) {
        find_pair(modules, facts);
    }
    for (int block = 0; block < facts.blocks; ++block) {
        const bool has = std::any_of(blocks_.begin(), blocks_.end(),
                                     [&](const auto& b) { return b.sites.front().block == block; });
        if (!has) result_.blocks_without.push_back(block);
    }
    result_.rows = {options_.all_rows ? 0 : first_row_, first_row_ + rows_};
    for (Block& block : blocks_) {
        result_.blocks.push_back(block.sites.front().block);
        block.heads = node(block.sites.front().softmax).shape[1];
        block.unread = static_cast<std::int64_t>(block.sites.size());
        block.mean.assign(static_cast<std::size_t>(rows_) * static_cast<std::size_t>(keys_), 0.0);
        if (!options_.keep_weights) continue;
        Tensor& kept = result_.weights.emplace_back();
        kept.shape = {block.heads, result_.rows.second - result_.rows.first, keys_};
        kept.values.resize(static_cast<std::size_t>(kept.shape[0] * kept.shape[1] * kept.shape[2]));
    }
}

/// Names that somebody chose must fit; of a model that the default ones do not fit, all but the pair is told.
void Attention::find_pair(const std::vector<Module>& modules, const ModelFacts& facts) {
    try {
        pair_.emplace(graph_, modules, facts,
                      PairOptions{options_.layer_names, options_.is_input, options_.strict}, prompt_);
    } catch (const Error& error) {
        if (options_.strict || options_.layer_names != Request{}.layer_names) throw;
        result_.pair.missing = error.what();
    }
}

const engine::TensorInfo& Attention::node(int order) const {
    return graph_.at(graph_.nodes[static_cast<std::size_t>(order)]);
}

std::pair<int, int> Attention::queries_of(const replay::AttentionSite& site) const {
    const auto [first, count] = reader_.queries(site);
    const auto source = static_cast<int>(replay_.input().source.size());
    return {first - (site.kind == replay::AttentionKind::encoder ? 0 : source), count};
}

std::vector<replay::RequiredValue> Attention::needs() const {
    std::vector<replay::RequiredValue> needs = pair_ ? pair_->needs() : std::vector<replay::RequiredValue>{};
    for (const Block& block : blocks_) {
        for (const replay::AttentionSite& site : block.sites) {
            reader_.add_needs(site, needs);
            if (answer_ == 0) continue;
            for (const std::size_t source : {0U, 1U}) {
                needs.push_back(
                    {site.softmax, lineage_.read_by(node(site.scores).sources[source], site.scores)});
            }
        }
    }
    return needs;
}

void Attention::read(const tape::Tape& tape, int first, int last) {
    if (pair_) pair_->read(tape, first, last);
    for (Block& block : blocks_) {
        for (const replay::AttentionSite& site : block.sites) {
            if (site.softmax >= first && site.softmax < last) read_site(tape, block, site);
        }
    }
}

void Attention::read_site(const tape::Tape& tape, Block& block, const replay::AttentionSite& site) {
    read_weights(tape, block, site);
    if (answer_ > 0) gather(tape, block, site);
    if (--block.unread == 0 && answer_ > 0) score(block);
}

/// Definitions 2: the softmax as the model used it.
void Attention::read_weights(const tape::Tape& tape, Block& block, const replay::AttentionSite& site) {
    const auto index = static_cast<std::size_t>(&block - blocks_.data());
    const int offset = reader_.queries(site).first - queries_of(site).first;
    const auto take = [&](std::int64_t head, int row, std::span<const float> weights) {
        const int q = row - offset;
        if (q >= first_row_ + rows_) return;
        const auto keys =
            weights.subspan(static_cast<std::size_t>(first_key_), static_cast<std::size_t>(keys_));
        if (options_.keep_weights && q >= result_.rows.first) {
            Tensor& kept = result_.weights[index];
            const std::int64_t at = (head * kept.shape[1] + q - result_.rows.first) * keys_;
            std::copy(keys.begin(), keys.end(), kept.values.begin() + at);
        }
        if (q < first_row_) return;
        double* mean = block.mean.data() + static_cast<std::ptrdiff_t>(q - first_row_) * keys_;
        for (std::size_t k = 0; k < keys.size(); ++k) mean[k] += keys[k] / static_cast<double>(block.heads);
    };
    reader_.read(tape, site, take,
                 std::min(first_row_, options_.keep_weights ? result_.rows.first : first_row_) + offset);
}

/// Collects a block's queries and keys, as the scores' product has read them.
void Attention::gather(const tape::Tape& tape, Block& block, const replay::AttentionSite& site) const {
    const engine::TensorInfo& scores = node(site.scores);
    const TensorView<const float> keys = tape.read_by(scores.sources[0], scores.order);
    const TensorView<const float> queries = tape.read_by(scores.sources[1], scores.order);
    const int text = first_row_ + rows_;
    block.size = queries.columns();
    block.kv_heads = keys.shape[1];
    block.queries.resize(static_cast<std::size_t>(queries.shape[1] * text * block.size));
    block.keys.resize(static_cast<std::size_t>(block.kv_heads * prompt_ * block.size));
    const auto [first, count] = queries_of(site);
    for (std::int64_t h = 0; h < queries.shape[1]; ++h) {
        for (int q = first; q < std::min(first + count, text); ++q) {
            std::copy_n(queries.row(0, h, q - first), block.size,
                        block.queries.begin() + (h * text + q) * block.size);
        }
    }
    const std::vector<int> rows = reader_.rows_of_columns(tape, site);
    for (std::int64_t column = 0; column < std::min<std::int64_t>(keys.shape[2], rows.size()); ++column) {
        // a key that comes later in the text is there in a later sub-pass
        const int k = rows[static_cast<std::size_t>(column)] - first_key_;
        if (k < 0 || k >= prompt_) continue;
        for (std::int64_t h = 0; h < block.kv_heads; ++h) {
            std::copy_n(keys.row(0, h, column), block.size,
                        block.keys.begin() + (h * prompt_ + k) * block.size);
        }
    }
}

/// Definitions 1.2.
void Attention::score(Block& block) const {
    const std::int64_t heads = block.heads;
    const int text = first_row_ + rows_;
    const float scale = 1.0F / std::sqrt(static_cast<float>(heads));
    block.raw.resize(static_cast<std::size_t>(answer_ * heads * prompt_));
    parallel_blocks(options_.threads, heads, [&](std::int64_t begin, std::int64_t end) {
        std::vector<float> square(static_cast<std::size_t>(prompt_) * prompt_);
        std::vector<float> rows(static_cast<std::size_t>(answer_) * prompt_);
        for (std::int64_t h = begin; h < end; ++h) {
            const float* q = block.queries.data() + h * text * block.size;
            const gemm::Operand k{block.keys.data() + h * block.kv_heads / heads * prompt_ * block.size,
                                  block.size, true};
            gemm::multiply(answer_, prompt_, block.size, {q + first_row_ * block.size, block.size}, k, 0.0F,
                           rows.data(), prompt_, 1);
            if (options_.kind == replay::AttentionKind::self) {
                // the first row is replaced by the medians of the prompt's
                gemm::multiply(prompt_, prompt_, block.size, {q, block.size}, k, 0.0F, square.data(), prompt_,
                               1);
                for (int p = 0; p < prompt_; ++p) {
                    rows[static_cast<std::size_t>(p)] = lower_median(
                        std::span(square).subspan(static_cast<std::size_t>(p) * prompt_, prompt_));
                }
            }
            for (int t = 0; t < answer_; ++t) {
                const std::span row = std::span(rows).subspan(static_cast<std::size_t>(t) * prompt_, prompt_);
                for (float& x : row) x *= scale;
                min_max(row);
                std::copy(row.begin(), row.end(), block.raw.begin() + (t * heads + h) * prompt_);
            }
        }
    });
    block.queries = {};
    block.keys = {};
}

AttentionResult Attention::finish() {
    if (pair_) result_.pair = pair_->finish(options_.threads);
    result_.mean = {{rows_, keys_}, std::vector<float>(blocks_.front().mean.size())};
    for (std::size_t i = 0; i < result_.mean.values.size(); ++i) {
        double sum = 0;
        for (const Block& block : blocks_) sum += block.mean[i];
        result_.mean.values[i] = static_cast<float>(sum / static_cast<double>(blocks_.size()));
    }
    std::int64_t maps = 0;
    bool even = true;
    for (const Block& block : blocks_) {
        maps += block.heads;
        even = even && block.heads == blocks_.front().heads;
    }
    const auto blocks = static_cast<std::int64_t>(blocks_.size());
    result_.mean_group = {{answer_, prompt_}, {}};
    if (even) result_.median_raw = {{answer_, blocks, blocks_.front().heads, prompt_}, {}};
    for (int t = 0; t < answer_; ++t) {
        std::vector<double> sums(static_cast<std::size_t>(prompt_));
        for (const Block& block : blocks_) {
            for (std::int64_t h = 0; h < block.heads; ++h) {
                const auto row = std::span(block.raw).subspan((t * block.heads + h) * prompt_, prompt_);
                for (std::size_t p = 0; p < row.size(); ++p) sums[p] += row[p];
                if (even) {
                    result_.median_raw.values.insert(result_.median_raw.values.end(), row.begin(), row.end());
                }
            }
        }
        for (const double sum : sums)
            result_.mean_group.values.push_back(static_cast<float>(sum / static_cast<double>(maps)));
    }
    return std::move(result_);
}

}  // namespace llmx::original

#include "method/attention.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <llmx/error.hpp>

#include "core/parallel.hpp"
#include "gemm/gemm.hpp"
#include "method/statistics.hpp"

namespace llmx::method {

namespace {

/// From the softmax back to the product of keys and queries: scaling, soft-capping and biases lie between.
int find_scores(const engine::Graph& graph, const engine::TensorInfo& softmax) {
    int id = softmax.sources[0];
    while (id >= 0 && graph.at(id).op != "MUL_MAT") {
        const auto& sources = graph.at(id).sources;
        id = sources.empty() ? -1 : sources[0];
    }
    return id;
}

}  // namespace

std::vector<AttentionSite> find_attention(const engine::Graph& graph) {
    std::vector<AttentionSite> sites;
    for (const int id : graph.nodes) {
        const engine::TensorInfo& node = graph.at(id);
        if (node.op != "SOFT_MAX" || !node.name.starts_with("kq_soft_max")) continue;
        const int scores = find_scores(graph, node);
        if (scores >= 0) sites.push_back({engine::block_of(node.name), node.order, graph.at(scores).order});
    }
    std::stable_sort(sites.begin(), sites.end(),
                     [](const auto& a, const auto& b) { return a.block < b.block; });
    return sites;
}

Attention::Attention(const Replay& replay, const std::vector<Module>& modules, const ModelFacts& facts,
                     AttentionOptions options, int prompt, int answer)
    : graph_(replay.graph()),
      lineage_(replay.lineage()),
      options_(std::move(options)),
      prompt_(prompt),
      answer_(answer),
      sites_(find_attention(replay.graph())) {
    if (sites_.empty()) {
        throw Error(
            ErrorCode::unsupported,
            fmt::format("attention: architecture \"{}\" has no softmax attention; try --method gradient",
                        facts.architecture));
    }
    pair_ = find_pair(graph_, modules, facts, {options_.layer_names, options_.is_input, options_.strict});
    result_.pair.block = pair_.block;
    for (int block = 0; block < facts.blocks; ++block) {
        const bool has =
            std::any_of(sites_.begin(), sites_.end(), [&](const auto& s) { return s.block == block; });
        (has ? result_.blocks : result_.blocks_without).push_back(block);
    }
    const std::int64_t heads = softmax_of(0).shape[1];
    for (std::size_t i = 1; i < sites_.size(); ++i) {
        if (softmax_of(i).shape[1] != heads) {
            throw Error(ErrorCode::unsupported,
                        "attention: the model's blocks have different numbers of heads");
        }
    }
    const std::int64_t blocks = static_cast<std::int64_t>(sites_.size());
    result_.median_raw = {{answer_, blocks, heads, prompt_}, {}};
    result_.median_raw.values.resize(static_cast<std::size_t>(answer_ * blocks * heads * prompt_));
    result_.rows = {options_.all_rows ? 0 : prompt_ - 1, prompt_ - 1 + answer_};
    if (options_.keep_weights) result_.weights.resize(sites_.size());
    block_mean_.resize(sites_.size());
}

const engine::TensorInfo& Attention::softmax_of(std::size_t index) const {
    return graph_.at(graph_.nodes[static_cast<std::size_t>(sites_[index].softmax)]);
}

std::vector<Need> Attention::needs() const {
    std::vector<Need> needs;
    for (const AttentionSite& site : sites_) {
        const engine::TensorInfo& scores = graph_.at(graph_.nodes[static_cast<std::size_t>(site.scores)]);
        needs.push_back({site.softmax, lineage_.written_by(site.softmax)});
        for (const int source : {0, 1}) {
            needs.push_back({site.softmax, lineage_.read_by(scores.sources[static_cast<std::size_t>(source)],
                                                            site.scores)});
        }
    }
    for (const PairPart& part : {pair_.query, pair_.key}) needs.push_back({last_pair_node(), part.key});
    return needs;
}

int Attention::last_pair_node() const { return std::max(pair_.query.node, pair_.key.node); }

void Attention::read(const tape::Tape& tape, int first, int last) {
    if (last_pair_node() >= first && last_pair_node() < last) {
        compute_pair(tape, pair_, prompt_, options_.threads, result_.pair);
    }
    for (std::size_t i = 0; i < sites_.size(); ++i) {
        if (sites_[i].softmax < first || sites_[i].softmax >= last) continue;
        read_scores(tape, i);
        read_weights(tape, i);
    }
}

/// Definitions 1.2.
void Attention::read_scores(const tape::Tape& tape, std::size_t index) {
    const engine::TensorInfo& scores =
        graph_.at(graph_.nodes[static_cast<std::size_t>(sites_[index].scores)]);
    const View<const float> keys = tape.read_by(scores.sources[0], scores.order);
    const View<const float> queries = tape.read_by(scores.sources[1], scores.order);
    const std::int64_t heads = queries.shape[1];
    const std::int64_t size = queries.columns();
    const std::int64_t blocks = static_cast<std::int64_t>(sites_.size());
    const float scale = 1.0F / std::sqrt(static_cast<float>(heads));
    parallel_blocks(options_.threads, heads, [&](std::int64_t first, std::int64_t last) {
        std::vector<float> square(static_cast<std::size_t>(prompt_) * prompt_);
        std::vector<float> rows(static_cast<std::size_t>(answer_) * prompt_);
        for (std::int64_t h = first; h < last; ++h) {
            const gemm::Operand k{keys.row(0, h * keys.shape[1] / heads, 0), keys.strides[2], true};
            // rows of the answer's queries; the first one is replaced by the medians of the prompt's
            gemm::multiply(answer_, prompt_, size, {queries.row(0, h, prompt_ - 1), queries.strides[2]}, k,
                           0.0F, rows.data(), prompt_, 1);
            gemm::multiply(prompt_, prompt_, size, {queries.row(0, h, 0), queries.strides[2]}, k, 0.0F,
                           square.data(), prompt_, 1);
            for (int p = 0; p < prompt_; ++p) {
                rows[static_cast<std::size_t>(p)] =
                    lower_median(std::span(square).subspan(static_cast<std::size_t>(p) * prompt_, prompt_));
            }
            for (int t = 0; t < answer_; ++t) {
                const std::span row = std::span(rows).subspan(static_cast<std::size_t>(t) * prompt_, prompt_);
                for (float& x : row) x *= scale;
                min_max(row);
                const std::int64_t at =
                    ((t * blocks + static_cast<std::int64_t>(index)) * heads + h) * prompt_;
                std::copy(row.begin(), row.end(), result_.median_raw.values.begin() + at);
            }
        }
    });
}

/// Definitions 2: the softmax as the model used it.
void Attention::read_weights(const tape::Tape& tape, std::size_t index) {
    const View<const float> softmax = tape.written_by(sites_[index].softmax);
    const std::int64_t heads = softmax.shape[1];
    const int tokens = prompt_ + answer_;
    if (softmax.shape[2] != tokens) {
        throw Error(ErrorCode::unsupported,
                    fmt::format("attention: block {} has {} rows of attention for {} tokens",
                                sites_[index].block, softmax.shape[2], tokens));
    }
    if (options_.keep_weights) {
        const auto [first, last] = result_.rows;
        Tensor& kept = result_.weights[index];
        kept.shape = {heads, last - first, tokens};
        kept.values.reserve(static_cast<std::size_t>(heads * (last - first) * tokens));
        for (std::int64_t h = 0; h < heads; ++h) {
            for (int q = first; q < last; ++q) {
                const float* row = softmax.row(0, h, q);
                kept.values.insert(kept.values.end(), row, row + tokens);
            }
        }
    }
    auto& mean = block_mean_[index];
    mean.assign(static_cast<std::size_t>(answer_) * tokens, 0.0);
    for (int t = 0; t < answer_; ++t) {
        double* out = mean.data() + static_cast<std::ptrdiff_t>(t) * tokens;
        for (std::int64_t h = 0; h < heads; ++h) {
            const float* row = softmax.row(0, h, prompt_ - 1 + t);
            for (int k = 0; k < tokens; ++k) out[k] += row[k] / static_cast<double>(heads);
        }
    }
}

AttentionResult Attention::finish() {
    const int tokens = prompt_ + answer_;
    result_.mean = {{answer_, tokens}, std::vector<float>(block_mean_.front().size())};
    for (std::size_t i = 0; i < result_.mean.values.size(); ++i) {
        double sum = 0;
        for (const auto& block : block_mean_) sum += block[i];
        result_.mean.values[i] = static_cast<float>(sum / static_cast<double>(block_mean_.size()));
    }
    const Tensor& raw = result_.median_raw;
    const auto maps = static_cast<std::size_t>(raw.shape[1] * raw.shape[2]);
    result_.mean_group = {{answer_, prompt_},
                          std::vector<float>(static_cast<std::size_t>(answer_) * prompt_)};
    for (int t = 0; t < answer_; ++t) {
        for (int p = 0; p < prompt_; ++p) {
            double sum = 0;
            for (std::size_t m = 0; m < maps; ++m) {
                sum += raw.values[(static_cast<std::size_t>(t) * maps + m) * prompt_ + p];
            }
            result_.mean_group.row(t)[static_cast<std::size_t>(p)] =
                static_cast<float>(sum / static_cast<double>(maps));
        }
    }
    return std::move(result_);
}

}  // namespace llmx::method

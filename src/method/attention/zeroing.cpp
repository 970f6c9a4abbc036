#include "method/attention/zeroing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <llmx/error.hpp>

namespace llmx::method {

namespace {

const engine::TensorInfo& node(const engine::Graph& graph, int order) {
    return graph.at(graph.nodes[static_cast<std::size_t>(order)]);
}

/// The residual stream after a block, in one sub-pass: by its name; by the norm behind a block (BERT's); of
/// the last block, the sum that llama.cpp has given another name (T5's).
int output_of(const engine::Graph& graph, const engine::SubPass& pass, int block, bool last) {
    const std::string name = fmt::format("l_out-{}", block);
    const std::string norm = fmt::format("blk.{}.layer_output_norm.", block);
    const auto is_norm = [&](const engine::TensorInfo& at) {
        return std::any_of(at.sources.begin(), at.sources.end(), [&](int source) {
            return source >= 0 && graph.at(source).name.starts_with(norm);
        });
    };
    const auto is_sum = [&](const engine::TensorInfo& at) {
        return at.op == "ADD" && graph.at(at.sources[1]).role == engine::TensorRole::node;
    };
    for (int order = pass.last_node; order-- > pass.first_node;) {
        const engine::TensorInfo& at = node(graph, order);
        if (at.name == name || is_norm(at) || (last && at.name == "result_embd" && is_sum(at))) return order;
    }
    throw Error(ErrorCode::unsupported,
                fmt::format("value_zeroing: the graph does not name the output of block {} (l_out); "
                            "attention_rollout works",
                            block));
}

/// 1 - cos of two vectors, without the cancellation: half the squared distance of the unit vectors.
double distance(const float* a, const float* b, std::int64_t width) {
    if (std::equal(a, a + width, b)) return 0;
    double aa = 0;
    double bb = 0;
    for (std::int64_t d = 0; d < width; ++d) {
        aa += static_cast<double>(a[d]) * a[d];
        bb += static_cast<double>(b[d]) * b[d];
    }
    if (aa == 0 || bb == 0) return aa == bb ? 0 : 1;
    const double to_a = 1 / std::sqrt(aa);
    const double to_b = 1 / std::sqrt(bb);
    double sum = 0;
    for (std::int64_t d = 0; d < width; ++d) {
        const double difference = a[d] * to_a - b[d] * to_b;
        sum += difference * difference;
    }
    return sum / 2;
}

}  // namespace

Zeroing::Zeroing(AttentionLayers& attention) : look_(attention) {
    find_blocks();
    for (const ZeroingBlock& block : blocks_) require_one_way_out(block);
}

void Zeroing::find_blocks() {
    const engine::Graph& graph = look_.graph();
    const int blocks = look_.scene().session.model().facts().blocks;
    std::vector<std::pair<bool, int>> layers;  // those of the text, blocks
    for (std::size_t p = 0; p < look_.parts().size(); ++p) {
        const AttentionLayers::Part& part = look_.parts()[p];
        const std::pair layer{part.site.kind != replay::AttentionKind::encoder, part.site.block};
        const auto known = std::find(layers.begin(), layers.end(), layer);
        const auto index = static_cast<int>(known - layers.begin());
        if (known == layers.end()) layers.push_back(layer);
        const auto same = std::find_if(blocks_.begin(), blocks_.end(), [&](const ZeroingBlock& block) {
            return block.mix.layer == index + 1 && block.mix.first == part.first;
        });
        if (same != blocks_.end()) {
            same->parts.push_back(p);
            continue;
        }
        const engine::SubPass& pass = graph.pass_of(part.site.softmax);
        blocks_.push_back({{index + 1, part.first, part.last},
                           layer.first,
                           layer.second,
                           {p},
                           output_of(graph, pass, layer.second, layer.second + 1 == blocks)});
    }
}

/// A pass serves all blocks, as each one's output is set right again. That is all of the block that later
/// nodes may read.
void Zeroing::require_one_way_out(const ZeroingBlock& block) const {
    const engine::Graph& graph = look_.graph();
    const int first = look_.parts()[block.parts.front()].site.softmax;
    const engine::TensorInfo& output = node(graph, block.output);
    const auto refuse = [&](const engine::TensorInfo& at) {
        throw Error(ErrorCode::unsupported,
                    fmt::format("value_zeroing: {} carries more of block {} than its output; "
                                "attention_rollout works",
                                describe(at), block.block));
    };
    if (!output.is_root() || output.type != "f32" || block.output < first) refuse(output);
    std::vector<bool> touched(graph.tensors.size(), false);  // by root
    touched[static_cast<std::size_t>(graph.at(graph.nodes[static_cast<std::size_t>(first)]).root)] = true;
    for (int order = first + 1; order < static_cast<int>(graph.nodes.size()); ++order) {
        const engine::TensorInfo& at = node(graph, order);
        const bool reads = std::any_of(at.sources.begin(), at.sources.end(), [&](int source) {
            if (source < 0) return false;
            const auto root = static_cast<std::size_t>(graph.at(source).root);
            return touched[root] && !(order > block.output && graph.at(source).root == output.root);
        });
        if (!reads || order == block.output) continue;
        if (order > block.output || graph.at(at.root).role == engine::TensorRole::state) refuse(at);
        touched[static_cast<std::size_t>(at.root)] = true;
    }
}

/// Which column is which row.
void Zeroing::find_rows() {
    row_of_.resize(look_.parts().size());
    look_.replay().visit([&](const tape::Tape& tape, int first, int last) {
        for (std::size_t p = 0; p < row_of_.size(); ++p) {
            const replay::AttentionSite& site = look_.parts()[p].site;
            if (site.softmax >= first && site.softmax < last)
                row_of_[p] = look_.reader().rows_of_columns(tape, site);
        }
    });
    states_.resize(blocks_.size());
    look_.scene().tick(1);
}

/// One pass: the value of one row is zero in every block, and every block starts from what it should.
class Zeroing::Pass : public engine::Watcher {
public:
    Pass(Zeroing& all, const std::vector<bool>& wanted, std::vector<Tensor>& maps)
        : all_(all), session_(all.look_.scene().session), graph_(all.look_.graph()), maps_(maps) {
        actions_.resize(graph_.nodes.size());
        for (std::size_t b = 0; b < all.blocks_.size(); ++b) {
            if (!wanted[b]) continue;
            const ZeroingBlock& block = all.blocks_[b];
            for (const std::size_t p : block.parts)
                actions_[static_cast<std::size_t>(all.look_.parts()[p].site.softmax)] = {Action::zero, p};
            actions_[static_cast<std::size_t>(block.output)] = {Action::compare, b};
            last_ = std::max(last_, block.output);
        }
    }

    /// -1: the pass as it is, which keeps the outputs of the blocks. It is run like the others, so that what
    /// does not depend on a value has the same bits.
    void run(int row) {
        row_ = row;
        session_.run(all_.look_.replay().input(), graph_, *this);
    }

    [[nodiscard]] bool wants(int order) const override {
        return actions_[static_cast<std::size_t>(order)].kind != Action::none;
    }
    void before(int) override {}
    bool computed(int order) override {
        const Action& action = actions_[static_cast<std::size_t>(order)];
        if (action.kind == Action::zero) zero(action.index, node(graph_, order));
        if (action.kind == Action::compare) compare(action.index, node(graph_, order));
        return order != last_;
    }

private:
    struct Action {
        enum Kind { none, zero, compare } kind = none;
        std::size_t index = 0;
    };

    /// A value of zero is the same as a weight of zero.
    void zero(std::size_t part, const engine::TensorInfo& softmax) {
        const std::vector<int>& row_of = all_.row_of_[part];
        session_.change(softmax.id, [&](std::span<float> weights) {
            for (std::size_t column = 0; column < row_of.size(); ++column) {
                if (row_of[column] != row_) continue;
                for (std::size_t at = column; at < weights.size(); at += row_of.size()) weights[at] = 0.0F;
            }
        });
    }

    void compare(std::size_t b, const engine::TensorInfo& output) {
        const ZeroingBlock& block = all_.blocks_[b];
        std::vector<float>& state = all_.states_[b];
        const std::int64_t width = output.shape[3];
        const std::vector<int> rows = graph_.pass_of(output.order).rows_of(output.elements() / width);
        session_.change(output.id, [&](std::span<float> changed) {
            if (row_ < 0) {
                state.assign(changed.begin(), changed.end());
                return;
            }
            for (std::size_t r = 0; r < rows.size(); ++r) {
                const auto at = static_cast<std::ptrdiff_t>(r) * width;
                maps_[b].row(
                    static_cast<std::size_t>(rows[r] - block.mix.first))[static_cast<std::size_t>(row_)] =
                    static_cast<float>(distance(changed.data() + at, state.data() + at, width));
            }
            std::copy(state.begin(), state.end(), changed.begin());
        });
    }

    Zeroing& all_;
    engine::Session& session_;
    const engine::Graph& graph_;
    std::vector<Tensor>& maps_;
    std::vector<Action> actions_;  // by node
    int last_ = -1;
    int row_ = 0;
};

std::vector<Tensor> Zeroing::run(const std::vector<bool>& wanted, int last_row, double evaluations) {
    std::size_t bytes = 0;
    for (std::size_t b = 0; b < blocks_.size(); ++b) {
        const auto rows = static_cast<std::size_t>(blocks_[b].mix.last - blocks_[b].mix.first);
        const auto outputs = static_cast<std::size_t>(node(look_.graph(), blocks_[b].output).elements());
        if (wanted[b]) bytes += sizeof(float) * (rows * static_cast<std::size_t>(look_.rows()) + outputs);
    }
    const std::size_t budget = look_.scene().memory_budget;
    if (budget != 0 && bytes > budget) {
        throw Error(ErrorCode::input,
                    fmt::format("value_zeroing: {} tokens need {} KiB; `memory_budget` is {} KiB",
                                look_.rows(), bytes >> 10, budget >> 10));
    }
    find_rows();
    std::vector<Tensor> maps(blocks_.size());
    for (std::size_t b = 0; b < blocks_.size(); ++b) {
        if (wanted[b]) maps[b] = Tensor::zero({blocks_[b].mix.last - blocks_[b].mix.first, look_.rows()});
    }
    Pass pass(*this, wanted, maps);
    pass.run(-1);
    for (int row = 0; row <= last_row; ++row) {
        pass.run(row);
        look_.scene().tick(evaluations / (last_row + 1));
    }
    return maps;
}

}  // namespace llmx::method

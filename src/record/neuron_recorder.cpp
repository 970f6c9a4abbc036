#include "record/neuron_recorder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "core/ranges.hpp"

namespace llmx::record {

namespace {

std::size_t json_size(const NeuronGroup& group) {
    constexpr std::size_t keys = 160;  // names and numbers around the texts
    constexpr std::size_t of_row = 12;
    const std::size_t floats =
        group.queries.values.size() + group.keys.values.size() + group.bias.values.size();
    return keys + of_row * group.visible.size() + base64_size(floats * sizeof(float));
}

}  // namespace

NeuronRecorder::NeuronRecorder(const replay::Replay& replay, const replay::AttentionReader& reader,
                               std::vector<replay::AttentionPart> parts, const std::vector<int>& blocks,
                               std::size_t budget)
    : replay_(replay), reader_(reader), parts_(std::move(parts)), fitting_(budget) {
    for (std::size_t p = 0; p < parts_.size(); ++p) {
        const std::vector<int> asked = replay::asked_blocks(parts_[p], blocks);
        const std::vector<int> places = spread(static_cast<int>(asked.size()));
        for (std::size_t i = 0; i < asked.size(); ++i) {
            Block& block = blocks_.emplace_back();
            block.part = p;
            block.number = asked[i];
            block.place = places[i];
            for (const replay::AttentionSite& site : parts_[p].sites) {
                if (site.block != asked[i]) continue;
                block.sites.push_back({site, replay::score_steps(replay.graph(), site)});
                if (!block.sites.back().steps.unknown.empty())
                    block.unknown = block.sites.back().steps.unknown;
            }
            block.unread = block.sites.size();
            block.groups_there = static_cast<int>(
                replay.graph().at(node(block.sites.front().site.scores).sources[0]).shape[1]);
        }
    }
}

const engine::TensorInfo& NeuronRecorder::node(int order) const {
    return replay_.graph().at(replay_.graph().nodes[static_cast<std::size_t>(order)]);
}

std::vector<replay::RequiredValue> NeuronRecorder::needs() const {
    std::vector<replay::RequiredValue> needs;
    const tape::Lineage& lineage = replay_.lineage();
    for (const Block& block : blocks_) {
        if (!block.unknown.empty()) continue;
        for (const Site& site : block.sites) {
            for (const std::size_t source : {0U, 1U}) {
                const int tensor = node(site.site.scores).sources[source];
                needs.push_back({site.site.softmax, lineage.read_by(tensor, site.site.scores)});
            }
            if (site.steps.mask >= 0) {  // an input is there anyway; some graphs compute theirs
                const tape::ValueKey mask = lineage.read_by(site.steps.mask, site.site.softmax);
                if (mask.version >= 0) needs.push_back({site.site.softmax, mask});
            }
            if (site.steps.bias >= 0)
                needs.push_back({site.site.softmax, lineage.read_by(site.steps.bias, site.steps.bias_node)});
        }
    }
    return needs;
}

void NeuronRecorder::read(const tape::Tape& tape, int first, int last) {
    for (Block& block : blocks_) {
        if (!block.unknown.empty()) continue;
        for (const Site& site : block.sites) {
            if (site.site.softmax < first || site.site.softmax >= last) continue;
            // once its first group is out, so are the others
            if (fitting_.may_keep({0, block.place, static_cast<int>(block.part)})) {
                read_site(tape, block, site);
            } else {
                block.groups.clear();
            }
            if (--block.unread == 0) offer(block);
        }
    }
}

/// Makes room for the rows and keys of all sub-passes.
void NeuronRecorder::begin(Block& block) {
    const replay::AttentionPart& part = parts_[block.part];
    const engine::TensorInfo& scores = node(block.sites.front().site.scores);
    const std::int64_t heads = scores.shape[1];
    const std::int64_t size = replay_.graph().at(scores.sources[0]).shape[3];
    const std::int64_t shared = heads / block.groups_there;
    const std::int64_t rows = part.rows - part.answer_row;
    const replay::ScoreSteps& steps = block.sites.front().steps;
    std::vector<float> sinks(steps.sinks >= 0 ? static_cast<std::size_t>(heads) : 0);
    if (steps.sinks >= 0) engine::dequantize_rows(replay_.graph().at(steps.sinks), 0, 1, sinks.data());
    for (int g = 0; g < block.groups_there; ++g) {
        NeuronGroup& group = block.groups.emplace_back();
        group.kind = part.name;
        group.block = block.number;
        group.first_head = static_cast<int>(g * shared);
        group.first_row = part.answer_row;
        group.scale = steps.scale;
        group.softcap = steps.softcap;
        group.visible.resize(static_cast<std::size_t>(rows));
        group.queries = Tensor::zero({shared, rows, size});
        group.keys = Tensor::zero({part.keys, size});
        if (!sinks.empty()) group.sinks.assign(sinks.begin() + g * shared, sinks.begin() + (g + 1) * shared);
    }
}

void NeuronRecorder::read_site(const tape::Tape& tape, Block& block, const Site& site) {
    if (block.groups.empty()) begin(block);
    const replay::AttentionPart& part = parts_[block.part];
    const engine::TensorInfo& scores = node(site.site.scores);
    const TensorView<const float> keys = tape.read_by(scores.sources[0], scores.order);
    const std::vector<int> rows = reader_.rows_of_columns(tape, site.site);
    for (std::size_t c = 0; c < rows.size(); ++c) {
        const int k = rows[c] - part.first_key;
        if (rows[c] < 0 || k < 0 || k >= part.keys) continue;
        for (std::size_t g = 0; g < block.groups.size(); ++g) {
            std::copy_n(keys.row(0, static_cast<std::int64_t>(g), static_cast<std::int64_t>(c)),
                        keys.columns(), block.groups[g].keys.row(static_cast<std::size_t>(k)).begin());
        }
    }
    const auto [first, count] = reader_.queries(site.site);
    const int from = std::max(first, part.first_row + part.answer_row);
    const int to = std::min(first + count, part.first_row + part.rows);
    for (int row = from; row < to; ++row) read_row(tape, block, site, rows, row);
}

/// One query: its vector in every head, which keys it sees, and what is added to its scores.
void NeuronRecorder::read_row(const tape::Tape& tape, Block& block, const Site& site,
                              const std::vector<int>& rows, int row) {
    const replay::AttentionPart& part = parts_[block.part];
    const engine::TensorInfo& scores = node(site.site.scores);
    const TensorView<const float> queries = tape.read_by(scores.sources[1], scores.order);
    const TensorView<const float> mask =
        site.steps.mask >= 0 ? tape.read_by(site.steps.mask, site.site.softmax) : TensorView<const float>{};
    const TensorView<const float> bias = site.steps.bias >= 0
                                             ? tape.read_by(site.steps.bias, site.steps.bias_node)
                                             : TensorView<const float>{};
    const int q = row - reader_.queries(site.site).first;
    const auto r = static_cast<std::size_t>(row - part.first_row - part.answer_row);
    std::vector<int> seen;
    for (std::size_t c = 0; c < rows.size(); ++c) {
        const auto column = static_cast<std::int64_t>(c);
        const int k = rows[c] - part.first_key;
        const bool hidden =
            rows[c] < 0 || k < 0 || k >= part.keys || (mask && !std::isfinite(mask.at(0, 0, q, column)));
        if (hidden) continue;
        seen.push_back(k);
        std::int64_t h = 0;
        for (NeuronGroup& group : block.groups) {
            for (std::int64_t of_group = 0; of_group < group.queries.shape[0]; ++of_group, ++h) {
                float added = bias ? site.steps.bias_scale * bias.at(0, h, q, column) : 0.0F;
                if (mask)
                    added += replay::alibi_slope(site.steps.max_alibi, h, scores.shape[1]) *
                             mask.at(0, 0, q, column);
                if (added == 0) continue;
                if (group.bias.empty())
                    group.bias = Tensor::zero({group.queries.shape[0], group.queries.shape[1], part.keys});
                group.bias.values[(static_cast<std::size_t>(of_group) * group.visible.size() + r) *
                                      static_cast<std::size_t>(part.keys) +
                                  static_cast<std::size_t>(k)] = added;
            }
        }
    }
    const auto [least, most] = std::minmax_element(seen.begin(), seen.end());
    if (seen.empty() || *most - *least + 1 != static_cast<int>(seen.size())) {
        block.unknown = fmt::format("a mask whose row {} does not see one run of keys", q);
        return;
    }
    std::int64_t h = 0;
    for (NeuronGroup& group : block.groups) {
        group.visible[r] = {*least, *most + 1};
        for (std::size_t i = 0; i < static_cast<std::size_t>(group.queries.shape[0]); ++i, ++h) {
            std::copy_n(queries.row(0, h, q), queries.columns(),
                        group.queries.row(i * group.visible.size() + r).begin());
        }
    }
}

void NeuronRecorder::offer(Block& block) {
    if (block.unknown.empty()) {
        for (std::size_t g = 0; g < block.groups.size(); ++g) {
            const std::size_t size = json_size(block.groups[g]);
            fitting_.offer({static_cast<int>(g), block.place, static_cast<int>(block.part)}, size,
                           std::move(block.groups[g]));
        }
    }
    block.groups.clear();
}

void NeuronRecorder::finish(ViewData& data) {
    data.neuron = fitting_.finish();
    std::sort(data.neuron.begin(), data.neuron.end(), [](const NeuronGroup& a, const NeuronGroup& b) {
        return std::tie(a.kind, a.block, a.first_head) < std::tie(b.kind, b.block, b.first_head);
    });
    for (const replay::AttentionPart& part : parts_) {
        std::vector<int> none;
        std::vector<int> some;
        int there = 0;
        for (const Block& block : blocks_) {
            if (parts_[block.part].kind != part.kind) continue;
            ++there;
            const auto kept = std::count_if(
                data.neuron.begin(), data.neuron.end(),
                [&](const NeuronGroup& g) { return g.kind == part.name && g.block == block.number; });
            if (!block.unknown.empty()) {
                data.left_out.push_back(fmt::format("{} neurons: block {}, for there is {}", part.name,
                                                    block.number, block.unknown));
            } else if (kept < block.groups_there) {
                (kept == 0 ? none : some).push_back(block.number);
            }
        }
        const auto say = [&](const char* what, const std::vector<int>& blocks) {
            if (blocks.empty()) return;
            data.left_out.push_back(fmt::format("{} neurons: {} of {} of {} blocks ({})", part.name, what,
                                                blocks.size(), there, ranges(blocks)));
        };
        say("all heads", none);
        say("some heads", some);
        if (part.answer_row > 0)
            data.left_out.push_back(fmt::format("{} neurons: the prompt's rows", part.name));
    }
}

}  // namespace llmx::record

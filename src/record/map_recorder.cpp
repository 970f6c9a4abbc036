#include "record/map_recorder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "core/ranges.hpp"
#include "record/packed_weights.hpp"

namespace llmx::record {

namespace {

/// What is kept before what.
enum Tier { answer_mean, answer_heads, prompt_mean, prompt_heads };

std::size_t json_size(const AttentionMap& map) {
    constexpr std::size_t keys = 90;  // names and numbers around the two texts
    return keys + base64_size(map.steps.size() * sizeof(float)) + base64_size(map.packed.size());
}

std::size_t json_size(const std::vector<AttentionMap>& maps) {
    std::size_t size = 0;
    for (const AttentionMap& map : maps) size += json_size(map);
    return size;
}

void append(AttentionMap& map, const AttentionMap& more) {
    map.steps.insert(map.steps.end(), more.steps.begin(), more.steps.end());
    map.packed.insert(map.packed.end(), more.packed.begin(), more.packed.end());
}

}  // namespace

MapRecorder::MapRecorder(const replay::AttentionReader& reader, std::vector<replay::AttentionPart> parts,
                         const std::vector<int>& blocks, std::size_t budget)
    : reader_(reader), fitting_(budget) {
    for (replay::AttentionPart& facts : parts) {
        Part& part = parts_.emplace_back();
        const std::vector<int> asked = replay::asked_blocks(facts, blocks);
        const std::vector<int> places = spread(static_cast<int>(asked.size()));
        for (std::size_t i = 0; i < asked.size(); ++i) {
            const auto sites = std::count_if(facts.sites.begin(), facts.sites.end(),
                                             [&](const auto& site) { return site.block == asked[i]; });
            part.blocks.push_back({asked[i], places[i], static_cast<std::size_t>(sites), {}});
        }
        part.facts = std::move(facts);
    }
}

std::vector<replay::RequiredValue> MapRecorder::needs() const {
    std::vector<replay::RequiredValue> needs;
    for (const Part& part : parts_) {
        for (const replay::AttentionSite& site : part.facts.sites) {
            const bool asked = std::any_of(part.blocks.begin(), part.blocks.end(),
                                           [&](const Block& block) { return block.number == site.block; });
            if (asked) reader_.add_needs(site, needs);
        }
    }
    return needs;
}

void MapRecorder::read(const tape::Tape& tape, int first, int last) {
    for (std::size_t p = 0; p < parts_.size(); ++p) {
        for (const replay::AttentionSite& site : parts_[p].facts.sites) {
            if (site.softmax < first || site.softmax >= last) continue;
            for (Block& block : parts_[p].blocks) {
                if (block.number != site.block) continue;
                read_site(tape, parts_[p], block, site);
                if (--block.unread == 0) offer(p, block);
            }
        }
    }
}

bool MapRecorder::may_keep(bool answer, const Block& block, std::size_t part) const {
    return fitting_.may_keep({answer ? answer_mean : prompt_mean, block.place, static_cast<int>(part)});
}

void MapRecorder::read_site(const tape::Tape& tape, Part& part, Block& block,
                            const replay::AttentionSite& site) {
    const replay::AttentionPart& facts = part.facts;
    const auto index = static_cast<std::size_t>(&part - parts_.data());
    const int first = reader_.queries(site).first;
    const int count = reader_.queries(site).second;
    const auto heads = static_cast<std::size_t>(reader_.heads(site));
    const auto keys = static_cast<std::size_t>(facts.keys);
    Strip& strip = block.strips[first];
    for (Maps* maps : {&strip.answer, &strip.prompt}) {
        maps->resize(heads + 1);
        for (std::size_t h = 0; h < heads; ++h) {
            (*maps)[h].block = block.number;
            (*maps)[h].head = static_cast<int>(h);
        }
        maps->back().block = block.number;
    }
    const auto maps_of = [&, first_row = facts.first_row](int row) -> Maps* {
        const int q = row - first_row;
        const bool answer = q >= facts.answer_row;
        if (q < 0 || q >= facts.rows || !may_keep(answer, block, index)) return nullptr;
        return answer ? &strip.answer : &strip.prompt;
    };
    std::vector<float> mean(static_cast<std::size_t>(count) * keys);
    reader_.read(tape, site, [&](std::int64_t head, int row, std::span<const float> weights) {
        Maps* maps = maps_of(row);
        if (maps == nullptr) return;
        const auto looked_at = weights.subspan(static_cast<std::size_t>(facts.first_key), keys);
        pack_row(looked_at, (*maps)[static_cast<std::size_t>(head)]);
        float* sum = mean.data() + static_cast<std::size_t>(row - first) * keys;
        for (std::size_t k = 0; k < keys; ++k) sum[k] += looked_at[k] / static_cast<float>(heads);
    });
    for (int row = first; row < first + count; ++row) {
        Maps* maps = maps_of(row);
        if (maps == nullptr) continue;
        pack_row(std::span(mean).subspan(static_cast<std::size_t>(row - first) * keys, keys), maps->back());
    }
}

/// A block is read: its maps, of all sub-passes one after another, are offered.
void MapRecorder::offer(std::size_t part, Block& block) {
    const int answer_row = parts_[part].facts.answer_row;
    for (const bool answer : {true, false}) {
        Maps all;
        for (const auto& [first, strip] : block.strips) {
            const Maps& maps = answer ? strip.answer : strip.prompt;
            if (all.empty()) {
                all = maps;
            } else {
                for (std::size_t m = 0; m < maps.size(); ++m) append(all[m], maps[m]);
            }
        }
        if (all.empty() || all.front().steps.empty()) continue;
        for (AttentionMap& map : all) map.first_row = answer ? answer_row : 0;
        Maps mean = {std::move(all.back())};
        all.pop_back();
        const auto rank = [&](Tier tier) {
            return std::array{static_cast<int>(tier), block.place, static_cast<int>(part)};
        };
        const std::size_t of_mean = json_size(mean);
        const std::size_t of_heads = json_size(all);
        fitting_.offer(rank(answer ? answer_mean : prompt_mean), of_mean, {part, std::move(mean)});
        fitting_.offer(rank(answer ? answer_heads : prompt_heads), of_heads, {part, std::move(all)});
    }
    block.strips.clear();
}

void MapRecorder::say_what_is_left(const Part& part, const AttentionMaps& kept,
                                   std::vector<std::string>& left) const {
    const replay::AttentionPart& facts = part.facts;
    const auto say = [&](const char* what, bool heads, bool answer) {
        std::vector<int> missing;
        for (const Block& block : part.blocks) {
            const bool there = std::any_of(kept.maps.begin(), kept.maps.end(), [&](const AttentionMap& map) {
                return map.block == block.number && (map.head >= 0) == heads &&
                       (map.first_row >= facts.answer_row) == answer;
            });
            if (!there) missing.push_back(block.number);
        }
        if (missing.empty()) return;
        left.push_back(fmt::format("{} attention: {} of {} of {} blocks ({})", facts.name, what,
                                   missing.size(), part.blocks.size(), ranges(missing)));
    };
    const bool apart = facts.answer_row > 0;  // a prompt's rows, and an answer's
    say(apart ? "the answer's rows, mean over heads," : "mean over heads", false, true);
    say(apart ? "the answer's rows of single heads" : "single heads", true, true);
    if (!apart) return;
    say("the prompt's rows, mean over heads,", false, false);
    say("the prompt's rows of single heads", true, false);
}

void MapRecorder::finish(ViewData& data) {
    std::vector<AttentionMaps> all;
    for (const Part& part : parts_) {
        AttentionMaps maps{
            part.facts.name, part.facts.rows, part.facts.keys, part.facts.answer_row, {}, {}, {}};
        maps.blocks = blocks_of(part.facts);
        for (const replay::AttentionSite& site : part.facts.sites) {
            const bool next =
                maps.heads.size() < maps.blocks.size() && site.block == maps.blocks[maps.heads.size()];
            if (next) maps.heads.push_back(static_cast<int>(reader_.heads(site)));
        }
        all.push_back(std::move(maps));
    }
    for (auto& [part, maps] : fitting_.finish()) {
        for (AttentionMap& map : maps) all[part].maps.push_back(std::move(map));
    }
    for (std::size_t p = 0; p < all.size(); ++p) {
        std::sort(all[p].maps.begin(), all[p].maps.end(), [](const AttentionMap& a, const AttentionMap& b) {
            return std::tie(a.block, a.head, a.first_row) < std::tie(b.block, b.head, b.first_row);
        });
        say_what_is_left(parts_[p], all[p], data.left_out);
    }
    data.attention = std::move(all);
}

}  // namespace llmx::record

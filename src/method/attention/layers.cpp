#include "method/attention/layers.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <llmx/error.hpp>

namespace llmx::method {

namespace {

AttributionContext& of_one_text(AttributionContext& scene, std::string_view method) {
    if (scene.texts.size() == 1) return scene;
    throw Error(ErrorCode::usage,
                fmt::format("{}: got a `contrast`; attention belongs to one text, expected none", method));
}

}  // namespace

AttentionLayers::AttentionLayers(AttributionContext& scene, std::string_view method)
    : scene_(of_one_text(scene, method)), method_(method), replay_(replay_of(scene, 0)), reader_(replay_) {
    find_layers();
    if (layers_.empty()) {
        throw Error(ErrorCode::unsupported,
                    fmt::format("{}: architecture \"{}\" has no softmax attention; a gradient method works",
                                method, scene.session.model().facts().architecture));
    }
}

std::vector<replay::RequiredValue> AttentionLayers::needs(const replay::Replay& replay) {
    const replay::AttentionReader reader(replay);
    std::vector<replay::RequiredValue> needs;
    for (const replay::AttentionSite& site : reader.sites()) reader.add_needs(site, needs);
    return needs;
}

void AttentionLayers::find_layers() {
    std::vector<replay::AttentionSite> sites = reader_.sites();
    std::sort(sites.begin(), sites.end(), [](const auto& a, const auto& b) { return a.softmax < b.softmax; });
    for (const replay::AttentionSite& site : sites) {
        const auto same = std::find_if(layers_.begin(), layers_.end(), [&](const Layer& layer) {
            return layer.kind == site.kind && layer.block == site.block;
        });
        const auto layer = static_cast<int>(same - layers_.begin());
        if (same == layers_.end()) layers_.push_back({site.kind, site.block});
        const auto [first, count] = reader_.queries(site);
        const int begin = first;  // clang 14: no structured binding in a lambda
        const bool twice = std::any_of(parts_.begin(), parts_.end(), [&](const Part& part) {
            return part.layer == layer && part.first == begin;
        });
        if (twice || site.block < 0) {
            throw Error(ErrorCode::unsupported,
                        fmt::format("{}: block {} has more than one attention; that is not known here",
                                    method_, site.block));
        }
        parts_.push_back({site, layer, first, first + count});
    }
}

std::vector<Mix> AttentionLayers::mixes() const {
    std::vector<Mix> mixes;
    mixes.reserve(parts_.size());
    for (const Part& part : parts_) mixes.push_back({part.layer + 1, part.first, part.last});
    return mixes;
}

Tensor AttentionLayers::target_rows() const {
    Tensor found = Tensor::zero({static_cast<std::int64_t>(scene_.target_rows.size()), rows()});
    const engine::PassInput& input = replay_.input();
    for (std::size_t t = 0; t < scene_.target_rows.size(); ++t) {
        const auto [first, last] = scene_.target_rows[t];
        for (int i = first; i < last; ++i) {
            const std::size_t row =
                input.source.size() + static_cast<std::size_t>(input.outputs[static_cast<std::size_t>(i)]);
            found.row(t)[row] = 1.0F / static_cast<float>(last - first);
        }
    }
    return found;
}

void AttentionLayers::visit(const Visit& visit) {
    std::vector<int> at;
    at.reserve(parts_.size());
    for (const Part& part : parts_) at.push_back(part.site.softmax);
    this->visit(at, {}, visit);
}

void AttentionLayers::visit(const std::vector<int>& at, std::vector<replay::RequiredValue> more,
                            const Visit& visit) {
    std::vector<replay::RequiredValue> needs = std::move(more);
    for (std::size_t p = 0; p < parts_.size(); ++p) {
        const std::size_t before = needs.size();
        reader_.add_needs(parts_[p].site, needs);
        for (std::size_t i = before; i < needs.size(); ++i) needs[i].node = at[p];
    }
    replay_.plan(std::move(needs), scene_.memory_budget);
    replay_.visit([&](const tape::Tape& tape, int first, int last) {
        for (std::size_t p = parts_.size(); p-- > 0;) {
            if (at[p] >= first && at[p] < last) visit(tape, p);
        }
    });
    scene_.tick(1);
}

/// Adds up the heads of a part.
struct AttentionLayers::Mean {
    Mean(const AttentionLayers& layers, const Part& of)
        : part(of),
          share(1.0F / static_cast<float>(layers.reader_.heads(of.site))),
          values(Tensor::zero({of.last - of.first, layers.rows()})) {}

    void add(int row, std::span<const float> weights) {
        const auto to = values.row(static_cast<std::size_t>(row - part.first));
        for (std::size_t k = 0; k < to.size(); ++k) to[k] += share * weights[k];
    }

    const Part& part;
    float share;
    Tensor values;
};

Tensor AttentionLayers::mean_of_heads(const tape::Tape& tape, const Part& part) const {
    Mean mean(*this, part);
    reader_.read(tape, part.site,
                 [&](auto, int row, std::span<const float> weights) { mean.add(row, weights); });
    return mean.values;
}

Tensor AttentionLayers::mean_of_heads(const tape::Tape& tape, const Part& part,
                                      const TensorView<const float>& values) const {
    Mean mean(*this, part);
    reader_.read(tape, part.site, values,
                 [&](auto, int row, std::span<const float> weights) { mean.add(row, weights); });
    return mean.values;
}

Scores AttentionLayers::scores(const Tensor& of_rows) const {
    Scores found{Tensor::zero({of_rows.shape[0], scene_.sources})};
    for (std::size_t t = 0; t < static_cast<std::size_t>(of_rows.shape[0]); ++t) {
        for (std::size_t k = 0; k < static_cast<std::size_t>(scene_.sources); ++k)
            if (!scene_.fixed[k]) found.scores.row(t)[k] = of_rows.row(t)[k];
    }
    std::vector<int> without;
    for (int block = 0; block < scene_.session.model().facts().blocks; ++block) {
        const bool has = std::any_of(layers_.begin(), layers_.end(),
                                     [&](const Layer& layer) { return layer.block == block; });
        if (!has) without.push_back(block);
    }
    if (!without.empty()) {
        found.warnings.push_back(fmt::format("left out, as they have no softmax attention: block{} {}",
                                             without.size() == 1 ? "" : "s", fmt::join(without, ", ")));
    }
    return found;
}

}  // namespace llmx::method

#include "method/attention/rollout.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace llmx::method {

Rollout::Rollout(std::vector<Mix> mixes, const Tensor& top)
    : mixes_(std::move(mixes)),
      targets_(static_cast<std::size_t>(top.shape[0])),
      rows_(static_cast<std::size_t>(top.shape[1])),
      settled_(mixes_.size()) {
    int layers = 0;
    for (const Mix& mix : mixes_) layers = std::max(layers, mix.layer);
    const auto levels = static_cast<std::size_t>(layers) + 2;  // the input, the layers, and above them
    made_below_.assign(levels * rows_, 0);
    for (std::size_t level = 1; level < levels; ++level) {
        const auto last = made_below_.begin() + static_cast<std::ptrdiff_t>((level - 1) * rows_);
        std::copy_n(last, rows_, last + static_cast<std::ptrdiff_t>(rows_));
        for (const Mix& mix : mixes_) {
            if (mix.layer + 1 != static_cast<int>(level)) continue;
            for (int r = mix.first; r < mix.last; ++r)
                made_below_[level * rows_ + static_cast<std::size_t>(r)] = mix.layer;
        }
    }
    weights_.resize(levels * rows_);
    for (std::size_t t = 0; t < targets_; ++t) {
        const auto row = top.row(t);
        for (std::size_t r = 0; r < rows_; ++r) {
            if (row[r] == 0) continue;
            Weights& to = below(layers + 1, static_cast<int>(r));
            to.resize(targets_);
            to[t] = row[r];
        }
    }
}

Rollout::Weights& Rollout::at(int layer, int row) {
    return weights_[static_cast<std::size_t>(layer) * rows_ + static_cast<std::size_t>(row)];
}

/// Of the row as it is before `layer`.
Rollout::Weights& Rollout::below(int layer, int row) {
    return at(made_below_[static_cast<std::size_t>(layer) * rows_ + static_cast<std::size_t>(row)], row);
}

/// Rows that nobody took of the mixes from `first` on pass unchanged.
void Rollout::settle(std::size_t first) {
    for (; settled_ > first; --settled_) {
        const Mix& passed = mixes_[settled_ - 1];
        for (int r = passed.first; r < passed.last; ++r) {
            const Weights from = std::exchange(at(passed.layer, r), {});
            if (from.empty()) continue;
            Weights& to = below(passed.layer, r);
            to.resize(targets_);
            for (std::size_t t = 0; t < targets_; ++t) to[t] += from[t];
        }
    }
}

void Rollout::take(std::size_t mix, int row, std::span<const float> weights) {
    settle(mix + 1);
    const int layer = mixes_[mix].layer;
    const Weights from = std::exchange(at(layer, row), {});
    if (from.empty()) return;
    for (std::size_t k = 0; k < rows_; ++k) {
        if (weights[k] == 0) continue;
        Weights& to = below(layer, static_cast<int>(k));
        to.resize(targets_);
        for (std::size_t t = 0; t < targets_; ++t) to[t] += from[t] * weights[k];
    }
}

Tensor Rollout::finish() {
    settle(0);
    Tensor found = Tensor::zero({static_cast<std::int64_t>(targets_), static_cast<std::int64_t>(rows_)});
    for (std::size_t r = 0; r < rows_; ++r) {
        const Weights& from = weights_[r];
        for (std::size_t t = 0; t < from.size(); ++t) found.row(t)[r] = static_cast<float>(from[t]);
    }
    return found;
}

void add_residual(std::span<float> weights, int row) {
    weights[static_cast<std::size_t>(row)] += 1.0F;
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    for (float& w : weights) w = static_cast<float>(w / sum);
}

}  // namespace llmx::method

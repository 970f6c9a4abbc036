// SSM_CONV: y[t, c] = sum_i w[c, i] x[c, t + i], each channel by itself; x (source 0) holds a channel's
// tokens in a row, w (source 1) a channel's taps. dx[c, t + i] += w[c, i] dy[t, c];  dw[c, i] = sum_t x[c, t
// + i] dy[t, c]

#include "vjp/recurrence.hpp"

namespace llmx::vjp {

namespace {

SavedValues saved(const Node& node) {
    return (node.wants(0) ? SavedValues::source(1) : SavedValues::nothing()) |
           (node.wants(1) ? SavedValues::source(0) : SavedValues::nothing());
}

/// Channels that are gathered together: what one cache line of dy holds.
constexpr std::int64_t bundle = 16;

void pull(Pull& pull) {
    const TensorView<const float> dy = pull.dy();  // [1, sequences, tokens, channels]
    const std::int64_t tokens = dy.shape[2];
    const std::int64_t channels = dy.shape[3];
    const TensorView<float> dx = wanted_sink(pull, 0);
    const TensorView<float> dw = wanted_sink(pull, 1);
    const TensorView<const float> w = dx ? pull.x(1) : TensorView<const float>{};
    const TensorView<const float> x = dw ? pull.x(0) : TensorView<const float>{};
    const std::int64_t taps = pull.node().source(1).shape[3];
    const auto pull_channel = [&](const float* dy_row, std::int64_t sequence, std::int64_t c) {
        for (std::int64_t i = 0; dx && i < taps; ++i)
            add_scaled(dx.row(0, sequence, c) + i, dy_row, w.row(0, 0, c)[i], tokens);
        for (std::int64_t i = 0; dw && i < taps; ++i)
            dw.row(0, 0, c)[i] += static_cast<float>(dot(x.row(0, sequence, c) + i, dy_row, tokens));
    };
    parallel_blocks(
        pull.threads(), (channels + bundle - 1) / bundle, [&](std::int64_t first, std::int64_t last) {
            for (std::int64_t b = first * bundle; b < std::min(last * bundle, channels); b += bundle) {
                const std::int64_t n = std::min(bundle, channels - b);
                for (std::int64_t s = 0; s < dy.shape[1]; ++s) {
                    const std::vector<float> columns =
                        packed_columns({dy.row(0, s, 0) + b, dy.strides[2], tokens, n});
                    for (std::int64_t c = 0; c < n; ++c) {
                        const float* row = columns.data() + c * tokens;
                        if (!all_zero(row, tokens)) pull_channel(row, s, b + c);
                    }
                }
            }
        });
}

}  // namespace

extern const Rule ssm_conv_rule{"SSM_CONV", saved, pull};

}  // namespace llmx::vjp

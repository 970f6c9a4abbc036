// GATED_LINEAR_ATTN: for each channel j (a column s of a head's state), with the channel's value v:
//   s_t = g s_(t-1) + v k;  y = c <s_t, q>
// Sources: k, v, q, g, state. The output is y, then the last states.

#include "vjp/linear_attention.hpp"

namespace llmx::vjp {

namespace {

enum Source { keys, values, queries, gates, state };

SavedValues saved(const Node&) {
    SavedValues all;
    for (int i = keys; i <= state; ++i) all = all | SavedValues::source(i);
    return all;
}

class Kernel {
public:
    Kernel(Head& head, float scale) : head_(head), scale_(scale) {}

    void forward(std::int64_t t, std::int64_t channel, const float* before, float* after) const {
        const float* k = head_.sources[keys].line(t);
        const float* gate = head_.sources[gates].line(t);
        const float v = head_.sources[values].line(t)[channel];
        const std::int64_t n = head_.n;
#pragma omp simd
        for (std::int64_t i = 0; i < n; ++i) after[i] = before[i] * gate[i] + v * k[i];
    }

    void back(std::int64_t t, std::int64_t channel, const float* before, const float* after, float* ds) {
        const float* k = head_.sources[keys].line(t);
        const float* q = head_.sources[queries].line(t);
        const float* gate = head_.sources[gates].line(t);
        float* dk = head_.sources[keys].dline(t);
        float* dq = head_.sources[queries].dline(t);
        float* dgate = head_.sources[gates].dline(t);
        const float v = head_.sources[values].line(t)[channel];
        const float slope = scale_ * head_.dy_at(t, channel);
        const std::int64_t n = head_.n;
        float dv = 0;
#pragma omp simd reduction(+ : dv)
        for (std::int64_t i = 0; i < n; ++i) {
            const float g = ds[i] + slope * q[i];
            dq[i] += slope * after[i];
            dk[i] += v * g;
            dv += g * k[i];
            dgate[i] += g * before[i];
            ds[i] = g * gate[i];
        }
        head_.sources[values].dline(t)[channel] += dv;
    }

private:
    Head& head_;
    float scale_;
};

void pull(Pull& pull) {
    const LinearAttention attention(pull, {values, state, false, pull.node().source(state).shape[2]});
    const float scale = pull.node().param_f32(0);
    attention.pull_heads([scale](Head& head) { return Kernel(head, scale); });
}

}  // namespace

extern const Rule gated_linear_attn_rule{"GATED_LINEAR_ATTN", saved, pull};

}  // namespace llmx::vjp

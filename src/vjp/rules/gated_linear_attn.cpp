// GATED_LINEAR_ATTN: for each channel j (a column s of a head's state), with the channel's value v:
//   s_t = g s_(t-1) + v k;  y = c <s_t, q>
// Sources: k, v, q, g, state. The output is y, then the last states.

#include "vjp/linear_attention.hpp"

namespace llmx::vjp {

namespace {

enum Source { keys, values, queries, gates, state };

Keep keep(const Node&) {
    Keep all;
    for (int i = keys; i <= state; ++i) all = all | Keep::source(i);
    return all;
}

void forwards(Head& head, const float* v) {
    for (std::int64_t t = 0; t < head.end; ++t) {
        const float* before = head.before(t);
        float* after = head.after(t);
        const float* k = head.sources[keys].line(t);
        const float* gate = head.sources[gates].line(t);
        const float value = v[t];
#pragma omp simd
        for (std::int64_t i = 0; i < head.n; ++i) after[i] = before[i] * gate[i] + value * k[i];
    }
}

/// One token back; `slope` is the gradient of <s_t, q>. Returns that of the value.
float back(Head& head, std::int64_t t, float value, float slope) {
    const float* before = head.before(t);
    const float* after = head.after(t);
    const float* k = head.sources[keys].line(t);
    const float* q = head.sources[queries].line(t);
    const float* gate = head.sources[gates].line(t);
    float* dk = head.sources[keys].dline(t);
    float* dq = head.sources[queries].dline(t);
    float* dgate = head.sources[gates].dline(t);
    float* ds = head.ds.data();
    float dv = 0;
#pragma omp simd reduction(+ : dv)
    for (std::int64_t i = 0; i < head.n; ++i) {
        const float g = ds[i] + slope * q[i];
        dq[i] += slope * after[i];
        dk[i] += value * g;
        dv += g * k[i];
        dgate[i] += g * before[i];
        ds[i] = g * gate[i];
    }
    return dv;
}

void pull(Pull& pull) {
    const LinearAttention attention(pull, {values, state, false, pull.node().source(state).shape[2]});
    const float scale = pull.node().param_f32(0);
    attention.pull_channels([scale](Head& head) {
        return [scale, &head](std::int64_t channel, auto&& take_state) {
            const float* v = head.sources[values].line(channel);
            float* dv = head.sources[values].dline(channel);
            forwards(head, v);
            for (std::int64_t t = head.end; t-- > 0;) {
                take_state(t);
                dv[t] += back(head, t, v[t], scale * head.dy_of(channel)[t]);
            }
        };
    });
}

}  // namespace

extern const Rule gated_linear_attn_rule{"GATED_LINEAR_ATTN", keep, pull};

}  // namespace llmx::vjp

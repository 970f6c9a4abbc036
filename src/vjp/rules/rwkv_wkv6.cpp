// RWKV_WKV6: for each channel j (a column s of a head's state), with the channel's value v:
//   y = <s_(t-1) + v u k, r>;  s_t = w s_(t-1) + v k
// Sources: k, v, r, u (the bonus of the present token, one row a head), w, state. The output is y, then the
// last states.

#include "vjp/linear_attention.hpp"

namespace llmx::vjp {

namespace {

enum Source { keys, values, receptances, bonus, decays, state };

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
        const float* w = head.sources[decays].line(t);
        const float value = v[t];
#pragma omp simd
        for (std::int64_t i = 0; i < head.n; ++i) after[i] = before[i] * w[i] + value * k[i];
    }
}

/// One token back; `slope` is the gradient of y. Returns that of the value.
float back(Head& head, std::int64_t t, float value, float slope) {
    const float* before = head.before(t);
    const float* k = head.sources[keys].line(t);
    const float* r = head.sources[receptances].line(t);
    const float* u = head.sources[bonus].line(0);
    const float* w = head.sources[decays].line(t);
    float* dk = head.sources[keys].dline(t);
    float* dr = head.sources[receptances].dline(t);
    float* du = head.sources[bonus].dline(0);
    float* dw = head.sources[decays].dline(t);
    float* ds = head.ds.data();
    float dv = 0;
#pragma omp simd reduction(+ : dv)
    for (std::int64_t i = 0; i < head.n; ++i) {
        const float g = ds[i];
        const float seen = slope * r[i];
        const float dkv = g + seen * u[i];
        dr[i] += slope * (before[i] + value * u[i] * k[i]);
        du[i] += seen * value * k[i];
        dk[i] += dkv * value;
        dv += dkv * k[i];
        dw[i] += g * before[i];
        ds[i] = g * w[i] + seen;
    }
    return dv;
}

void pull(Pull& pull) {
    const LinearAttention attention(pull, {values, state, false, pull.node().source(state).shape[2]});
    attention.pull_channels([](Head& head) {
        return [&head](std::int64_t channel, auto&& take_state) {
            const float* v = head.sources[values].line(channel);
            float* dv = head.sources[values].dline(channel);
            forwards(head, v);
            for (std::int64_t t = head.end; t-- > 0;) {
                take_state(t);
                dv[t] += back(head, t, v[t], head.dy_of(channel)[t]);
            }
        };
    });
}

}  // namespace

extern const Rule rwkv_wkv6_rule{"RWKV_WKV6", keep, pull};

}  // namespace llmx::vjp

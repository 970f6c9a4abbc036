// RWKV_WKV7: for each channel i (a row s of a head's state), with the channel's value v:
//   p = <a, s_(t-1)>;  s_t = w s_(t-1) + v k + p b;  y = <s_t, r>
// Sources: r, w, k, v, a, b, state. The output is y, then the last states.

#include "vjp/linear_attention.hpp"

namespace llmx::vjp {

namespace {

enum Source { receptances, decays, keys, values, removals, replacements, state };

Keep keep(const Node&) {
    Keep all;
    for (int i = receptances; i <= state; ++i) all = all | Keep::source(i);
    return all;
}

/// Leaves p of each token in `removed`.
void forwards(Head& head, const float* v, std::vector<float>& removed) {
    for (std::int64_t t = 0; t < head.end; ++t) {
        const float* before = head.before(t);
        float* after = head.after(t);
        const float* w = head.sources[decays].line(t);
        const float* k = head.sources[keys].line(t);
        const float* a = head.sources[removals].line(t);
        const float* b = head.sources[replacements].line(t);
        const float value = v[t];
        float p = 0;
#pragma omp simd reduction(+ : p)
        for (std::int64_t i = 0; i < head.n; ++i) p += a[i] * before[i];
#pragma omp simd
        for (std::int64_t i = 0; i < head.n; ++i) after[i] = before[i] * w[i] + value * k[i] + p * b[i];
        removed[static_cast<std::size_t>(t)] = p;
    }
}

/// One token back; `slope` is the gradient of y. Returns that of the value.
float back(Head& head, std::int64_t t, float value, float p, float slope) {
    const float* before = head.before(t);
    const float* after = head.after(t);
    const float* r = head.sources[receptances].line(t);
    const float* w = head.sources[decays].line(t);
    const float* k = head.sources[keys].line(t);
    const float* a = head.sources[removals].line(t);
    const float* b = head.sources[replacements].line(t);
    float* dr = head.sources[receptances].dline(t);
    float* dw = head.sources[decays].dline(t);
    float* dk = head.sources[keys].dline(t);
    float* da = head.sources[removals].dline(t);
    float* db = head.sources[replacements].dline(t);
    float* ds = head.ds.data();
    float dv = 0;
    float dp = 0;
#pragma omp simd reduction(+ : dv, dp)
    for (std::int64_t i = 0; i < head.n; ++i) {
        const float g = ds[i] + slope * r[i];
        dr[i] += slope * after[i];
        dk[i] += value * g;
        db[i] += p * g;
        dw[i] += g * before[i];
        dv += g * k[i];
        dp += g * b[i];
        ds[i] = g * w[i];
    }
#pragma omp simd
    for (std::int64_t i = 0; i < head.n; ++i) {
        da[i] += dp * before[i];
        ds[i] += dp * a[i];
    }
    return dv;
}

void pull(Pull& pull) {
    const LinearAttention attention(pull, {values, state, true, pull.node().source(state).shape[2]});
    attention.pull_channels([](Head& head) {
        return [&head, removed = std::vector<float>(static_cast<std::size_t>(head.end))](
                   std::int64_t channel, auto&& take_state) mutable {
            const float* v = head.sources[values].line(channel);
            float* dv = head.sources[values].dline(channel);
            forwards(head, v, removed);
            for (std::int64_t t = head.end; t-- > 0;) {
                take_state(t);
                dv[t] += back(head, t, v[t], removed[static_cast<std::size_t>(t)], head.dy_of(channel)[t]);
            }
        };
    });
}

}  // namespace

extern const Rule rwkv_wkv7_rule{"RWKV_WKV7", keep, pull};

}  // namespace llmx::vjp

// RWKV_WKV6: for each channel j (a column s of a head's state), with the channel's value v:
//   y = <s_(t-1) + v u k, r>;  s_t = w s_(t-1) + v k
// Sources: k, v, r, u (the bonus of the current token, one row per head), w, state. The output is y, then the
// last states.

#include "vjp/linear_attention.hpp"

namespace llmx::vjp {

namespace {

enum Source { keys, values, receptances, bonus, decays, state };

SavedValues saved(const Node&) {
    SavedValues all;
    for (int i = keys; i <= state; ++i) all = all | SavedValues::source(i);
    return all;
}

class Kernel {
public:
    explicit Kernel(Head& head) : head_(head) {}

    void forward(std::int64_t t, std::int64_t channel, const float* before, float* after) const {
        const float* k = head_.sources[keys].line(t);
        const float* w = head_.sources[decays].line(t);
        const float v = head_.sources[values].line(t)[channel];
        const std::int64_t n = head_.n;
#pragma omp simd
        for (std::int64_t i = 0; i < n; ++i) after[i] = before[i] * w[i] + v * k[i];
    }

    void back(std::int64_t t, std::int64_t channel, const float* before, const float*, float* ds) {
        const float* k = head_.sources[keys].line(t);
        const float* r = head_.sources[receptances].line(t);
        const float* u = head_.sources[bonus].line(0);
        const float* w = head_.sources[decays].line(t);
        float* dk = head_.sources[keys].dline(t);
        float* dr = head_.sources[receptances].dline(t);
        float* du = head_.sources[bonus].dline(0);
        float* dw = head_.sources[decays].dline(t);
        const float v = head_.sources[values].line(t)[channel];
        const float slope = head_.dy_at(t, channel);
        const std::int64_t n = head_.n;
        float dv = 0;
#pragma omp simd reduction(+ : dv)
        for (std::int64_t i = 0; i < n; ++i) {
            const float g = ds[i];
            const float seen = slope * r[i];
            const float dkv = g + seen * u[i];
            dr[i] += slope * (before[i] + v * u[i] * k[i]);
            du[i] += seen * v * k[i];
            dk[i] += dkv * v;
            dv += dkv * k[i];
            dw[i] += g * before[i];
            ds[i] = g * w[i] + seen;
        }
        head_.sources[values].dline(t)[channel] += dv;
    }

private:
    Head& head_;
};

void pull(Pull& pull) {
    const LinearAttention attention(pull, {values, state, false, pull.node().source(state).shape[2]});
    attention.pull_heads([](Head& head) { return Kernel(head); });
}

}  // namespace

extern const Rule rwkv_wkv6_rule{"RWKV_WKV6", saved, pull};

}  // namespace llmx::vjp

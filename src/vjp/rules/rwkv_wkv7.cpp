// RWKV_WKV7: for each channel i (a row s of a head's state), with the channel's value v:
//   p = <a, s_(t-1)>;  s_t = w s_(t-1) + v k + p b;  y = <s_t, r>
// Sources: r, w, k, v, a, b, state. The output is y, then the last states.

#include "vjp/linear_attention.hpp"

namespace llmx::vjp {

namespace {

enum Source { receptances, decays, keys, values, removals, replacements, state };

SavedValues saved(const Node&) {
    SavedValues all;
    for (int i = receptances; i <= state; ++i) all = all | SavedValues::source(i);
    return all;
}

class Kernel {
public:
    explicit Kernel(Head& head) : head_(head), removed_(head) {}

    void forward(std::int64_t t, std::int64_t channel, const float* before, float* after) {
        const float* w = head_.sources[decays].line(t);
        const float* k = head_.sources[keys].line(t);
        const float* a = head_.sources[removals].line(t);
        const float* b = head_.sources[replacements].line(t);
        const float v = head_.sources[values].line(t)[channel];
        const std::int64_t n = head_.n;
        float p = 0;
#pragma omp simd reduction(+ : p)
        for (std::int64_t i = 0; i < n; ++i) p += a[i] * before[i];
#pragma omp simd
        for (std::int64_t i = 0; i < n; ++i) after[i] = before[i] * w[i] + v * k[i] + p * b[i];
        removed_.at(t, channel) = p;
    }

    void back(std::int64_t t, std::int64_t channel, const float* before, const float* after, float* ds) {
        const float* r = head_.sources[receptances].line(t);
        const float* w = head_.sources[decays].line(t);
        const float* k = head_.sources[keys].line(t);
        const float* a = head_.sources[removals].line(t);
        const float* b = head_.sources[replacements].line(t);
        float* dr = head_.sources[receptances].dline(t);
        float* dw = head_.sources[decays].dline(t);
        float* dk = head_.sources[keys].dline(t);
        float* da = head_.sources[removals].dline(t);
        float* db = head_.sources[replacements].dline(t);
        const float v = head_.sources[values].line(t)[channel];
        const float p = removed_.at(t, channel);
        const float slope = head_.dy_at(t, channel);
        const std::int64_t n = head_.n;
        float dv = 0;
        float dp = 0;
#pragma omp simd reduction(+ : dv, dp)
        for (std::int64_t i = 0; i < n; ++i) {
            const float g = ds[i] + slope * r[i];
            dr[i] += slope * after[i];
            dk[i] += v * g;
            db[i] += p * g;
            dw[i] += g * before[i];
            dv += g * k[i];
            dp += g * b[i];
            ds[i] = g * w[i];
        }
#pragma omp simd
        for (std::int64_t i = 0; i < n; ++i) {
            da[i] += dp * before[i];
            ds[i] += dp * a[i];
        }
        head_.sources[values].dline(t)[channel] += dv;
    }

private:
    Head& head_;
    Notes removed_;  // p
};

void pull(Pull& pull) {
    const LinearAttention attention(pull, {values, state, true, pull.node().source(state).shape[2]});
    attention.pull_heads([](Head& head) { return Kernel(head); });
}

}  // namespace

extern const Rule rwkv_wkv7_rule{"RWKV_WKV7", saved, pull};

}  // namespace llmx::vjp

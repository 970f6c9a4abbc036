// GATED_DELTA_NET: a head's state is decayed, corrected towards the value at the key, and read by the query.
// For each channel j (a row s of the state), with the channel's value v:
//   m = e^g s_(t-1);  e = v - <m, k>;  s_t = m + b e k;  y = <s_t, q> / sqrt(n)
// g is one number per head or per element. Sources: q, k, v, g, b, state; key heads may serve several
// heads. The output is y, then the last K states, newest first.

#include <cmath>

#include "core/fast_math.hpp"
#include "vjp/linear_attention.hpp"

namespace llmx::vjp {

namespace {

enum Source { queries, keys, values, gates, betas, state };

SavedValues saved(const Node&) {
    SavedValues all;
    for (int i = queries; i <= state; ++i) all = all | SavedValues::source(i);
    return all;
}

std::string refuses(const Node& node) {
    const std::int64_t sequences = node.source(values).shape[0];
    if (node.source(queries).shape[0] == sequences && node.source(keys).shape[0] == sequences) return {};
    return "queries or keys that are repeated over sequences";
}

/// a[i] of a row, or its only element.
template <bool per_element>
constexpr std::int64_t at(std::int64_t i) {
    return per_element ? i : 0;
}

template <bool per_element>
class Kernel {
public:
    Kernel(Head& head, float scale) : head_(head), scale_(scale), errors_(head) {
        const HeadSource& gate = head.sources[gates];
        for (std::int64_t t = 0; t < head.tokens; ++t) {
            for (std::int64_t i = 0; i < gate.width; ++i)
                gate.value[t * gate.stride + i] = fast_exp(gate.line(t)[i]);
        }
    }

    void forward(std::int64_t t, std::int64_t channel, const float* before, float* after) {
        const float* k = head_.sources[keys].line(t);
        const float* decay = head_.sources[gates].line(t);
        const std::int64_t n = head_.n;
        float seen = 0;
#pragma omp simd reduction(+ : seen)
        for (std::int64_t i = 0; i < n; ++i) {
            after[i] = before[i] * decay[at<per_element>(i)];
            seen += after[i] * k[i];
        }
        const float error = head_.sources[values].line(t)[channel] - seen;
        const float delta = error * *head_.sources[betas].line(t);
#pragma omp simd
        for (std::int64_t i = 0; i < n; ++i) after[i] += delta * k[i];
        errors_.at(t, channel) = error;
    }

    void back(std::int64_t t, std::int64_t channel, const float* before, const float* after, float* ds) {
        const float* q = head_.sources[queries].line(t);
        const float* k = head_.sources[keys].line(t);
        float* dq = head_.sources[queries].dline(t);
        const float slope = scale_ * head_.dy_at(t, channel);
        const std::int64_t n = head_.n;
        float ddelta = 0;
#pragma omp simd reduction(+ : ddelta)
        for (std::int64_t i = 0; i < n; ++i) {
            const float g = ds[i] + slope * q[i];
            dq[i] += slope * after[i];
            ddelta += g * k[i];
            ds[i] = g;
        }
        const float beta = *head_.sources[betas].line(t);
        const float error = errors_.at(t, channel);
        const float derror = ddelta * beta;
        *head_.sources[betas].dline(t) += ddelta * error;
        head_.sources[values].dline(t)[channel] += derror;
        back_through_decay(t, before, ds, error * beta, derror);
    }

private:
    void back_through_decay(std::int64_t t, const float* before, float* ds, float delta, float derror) {
        const float* k = head_.sources[keys].line(t);
        const float* decay = head_.sources[gates].line(t);
        float* dk = head_.sources[keys].dline(t);
        float* dgate = head_.sources[gates].dline(t);
        const std::int64_t n = head_.n;
        float faster = 0;
#pragma omp simd reduction(+ : faster)
        for (std::int64_t i = 0; i < n; ++i) {
            const float a = decay[at<per_element>(i)];
            const float m = before[i] * a;
            dk[i] += ds[i] * delta - derror * m;
            const float dm = ds[i] - derror * k[i];
            if constexpr (per_element) {
                dgate[i] += dm * m;
            } else {
                faster += dm * m;
            }
            ds[i] = dm * a;
        }
        if constexpr (!per_element) *dgate += faster;
    }

    Head& head_;
    float scale_;
    Notes errors_;
};

template <bool per_element>
void pull_all(const Pull& pull) {
    const TensorView<const float> v = pull.x(values);
    const LinearAttention attention(pull, {values, state, true, v.shape[0], pull.node().param_i32(0)});
    const float scale = 1.0F / std::sqrt(static_cast<float>(v.columns()));
    attention.pull_heads([scale](Head& head) { return Kernel<per_element>(head, scale); });
}

void pull(Pull& pull) {
    pull.node().source(gates).shape[3] == 1 ? pull_all<false>(pull) : pull_all<true>(pull);
}

}  // namespace

extern const Rule gated_delta_net_rule{"GATED_DELTA_NET", saved, pull, refuses};

}  // namespace llmx::vjp

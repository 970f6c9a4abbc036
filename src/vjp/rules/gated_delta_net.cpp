// GATED_DELTA_NET: a head's state is decayed, corrected towards the value at the key, and read by the query.
// For each channel j (a row s of the state), with the channel's value v:
//   m = e^g s_(t-1);  e = v - <m, k>;  s_t = m + b e k;  y = <s_t, q> / sqrt(n)
// g is one number a head or one for each element. Sources: q, k, v, g, b, state; key heads may serve several
// heads. The output is y, then the last K states, newest first.

#include <cmath>

#include "vjp/fast_math.hpp"
#include "vjp/linear_attention.hpp"

namespace llmx::vjp {

namespace {

enum Source { queries, keys, values, gates, betas, state };

Keep keep(const Node&) {
    Keep all;
    for (int i = queries; i <= state; ++i) all = all | Keep::source(i);
    return all;
}

std::string refuses(const Node& node) {
    const std::int64_t sequences = node.source(values).shape[0];
    if (node.source(queries).shape[0] == sequences && node.source(keys).shape[0] == sequences) return {};
    return "queries or keys that are repeated over sequences";
}

/// What a channel leaves of its way forwards: e and b e at each token.
struct Corrections {
    std::vector<float> error, delta;
};

/// a[k] of a row, or its only element.
template <bool per_element>
constexpr std::int64_t at(std::int64_t k) {
    return per_element ? k : 0;
}

template <bool per_element>
void forwards(Head& head, std::int64_t channel, Corrections& found) {
    const std::int64_t n = head.n;
    for (std::int64_t t = 0; t < head.end; ++t) {
        const float* before = head.before(t);
        float* after = head.after(t);
        const float* k = head.sources[keys].line(t);
        const float* decay = head.sources[gates].line(t);
        float seen = 0;
#pragma omp simd reduction(+ : seen)
        for (std::int64_t i = 0; i < n; ++i) {
            after[i] = before[i] * decay[at<per_element>(i)];
            seen += after[i] * k[i];
        }
        const float error = head.sources[values].line(channel)[t] - seen;
        const float delta = error * *head.sources[betas].line(t);
        found.error[static_cast<std::size_t>(t)] = error;
        found.delta[static_cast<std::size_t>(t)] = delta;
#pragma omp simd
        for (std::int64_t i = 0; i < n; ++i) after[i] += delta * k[i];
    }
}

/// One token back; `slope` is the gradient of <s_t, q>.
template <bool per_element>
void back(Head& head, std::int64_t channel, std::int64_t t, float slope, float error, float delta) {
    const std::int64_t n = head.n;
    const float* before = head.before(t);
    const float* after = head.after(t);
    const float* q = head.sources[queries].line(t);
    const float* k = head.sources[keys].line(t);
    const float* decay = head.sources[gates].line(t);
    float* dq = head.sources[queries].dline(t);
    float* dk = head.sources[keys].dline(t);
    float* dgate = head.sources[gates].dline(t);
    float* ds = head.ds.data();
    float ddelta = 0;
#pragma omp simd reduction(+ : ddelta)
    for (std::int64_t i = 0; i < n; ++i) {
        const float g = ds[i] + slope * q[i];
        dq[i] += slope * after[i];
        ddelta += g * k[i];
        ds[i] = g;
    }
    const float derror = ddelta * *head.sources[betas].line(t);
    *head.sources[betas].dline(t) += ddelta * error;
    head.sources[values].dline(channel)[t] += derror;
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

template <bool per_element>
void pull_all(const Pull& pull) {
    const View<const float> v = pull.x(values);
    const LinearAttention attention(pull, {values, state, true, v.shape[0], pull.node().param_i32(0)});
    const float scale = 1.0F / std::sqrt(static_cast<float>(v.columns()));
    attention.pull_channels([&](Head& head) {
        for (float& g : head.sources[gates].value) g = fast_exp(g);
        const auto n = static_cast<std::size_t>(head.end);
        return [&head, scale, found = Corrections{std::vector<float>(n), std::vector<float>(n)}](
                   std::int64_t channel, auto&& take_state) mutable {
            forwards<per_element>(head, channel, found);
            for (std::int64_t t = head.end; t-- > 0;) {
                take_state(t);
                const auto i = static_cast<std::size_t>(t);
                back<per_element>(head, channel, t, scale * head.dy_of(channel)[t], found.error[i],
                                  found.delta[i]);
            }
        };
    });
}

void pull(Pull& pull) {
    pull.node().source(gates).shape[3] == 1 ? pull_all<false>(pull) : pull_all<true>(pull);
}

}  // namespace

extern const Rule gated_delta_net_rule{"GATED_DELTA_NET", keep, pull, refuses};

}  // namespace llmx::vjp

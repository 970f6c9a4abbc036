// FLASH_ATTN_EXT: y = P v, as in attention/strips.hpp. One node, or the nodes that engine::find_attention
// joined. No P is kept: it is made again, strip by strip, from q and k (Dao et al. 2022, algorithm 4). With
// dP = dy v', dZ = P (dP - <P, dP>) and the cap's slope 1 - tanh^2:  dq = s dZ k;  dk = s dZ' q;  dv = P' dy.

#include "attention/strips.hpp"
#include "engine/pass/attention.hpp"
#include "gemm/gemm.hpp"
#include "vjp/rows.hpp"

namespace llmx::vjp {

namespace {

using attention::Strip;

SavedValues saved(const Node& node) {
    SavedValues needed;
    for (int i = 0; i < 5; ++i) {
        if (node.has(i)) needed = needed | SavedValues::source(i);
    }
    return needed;
}

std::string refuses(const Node& node) {
    if (node.wants(3)) return "a mask that is computed from the input";
    if (node.wants(4)) return "attention sinks that are computed from the input";
    return {};
}

attention::Heads heads_of(const Pull& pull) {
    std::array<TensorView<const float>, 5> sources;
    for (int i = 0; i < 5; ++i) {
        if (i != 3 && pull.node().has(i)) sources[static_cast<std::size_t>(i)] = pull.x(i);
    }
    attention::Heads heads = engine::heads_of(pull.node().info, sources);
    if (pull.node().has(3)) heads.mask = pull.mask(3);
    return heads;
}

/// What one thread works with.
struct Scratch {
    attention::Weights weights;
    std::vector<float> gradients;  ///< dP, then dZ, as the weights lie
    std::vector<float> dk;         ///< of one head: [keys, row]
    std::vector<float> dv;         ///< ... as v lies: [keys, width] or [width, keys]
};

class Attention {
public:
    explicit Attention(Pull& pull) : pull_(pull), heads_(heads_of(pull)) {
        if (pull.wants(0)) dq_ = pull.dx(0);
        if (pull.wants(1)) dk_ = pull.dx(1);
        if (pull.wants(2)) dv_ = pull.dx(2);
    }

    void run() {
        const int workers = pull_.threads();
        std::vector<Scratch> scratch(static_cast<std::size_t>(workers));
        for (std::int64_t batch = 0; batch < heads_.q.shape[0]; ++batch) {
            const std::vector<Strip> all = attention::strips_of(heads_, batch);
            for (std::int64_t group = 0; group < heads_.k.shape[1]; ++group) {
                const std::vector<Strip> strips = live_strips(all, group);
                for (Scratch& part : scratch) clear(part);
                parallel_turns(workers, static_cast<std::int64_t>(strips.size()),
                               [&](std::int64_t worker, std::int64_t i) {
                                   take(strips[static_cast<std::size_t>(i)],
                                        scratch[static_cast<std::size_t>(worker)]);
                               });
                for (const Scratch& part : scratch) add(part, batch, group);
            }
        }
    }

private:
    /// dy of one query.
    [[nodiscard]] const float* dy(std::int64_t batch, std::int64_t head, std::int64_t query) const {
        return heads_.across ? pull_.dy().row(batch, head, query) : pull_.dy().row(batch, query, head);
    }
    [[nodiscard]] std::int64_t dy_leading() const { return pull_.dy().strides[heads_.across ? 2 : 1]; }
    [[nodiscard]] const float* keys_of(const Strip& s) const {
        return heads_.k.row(heads_.kv_batch(s.batch), heads_.kv_head(s.head), s.begin);
    }

    /// Strips of the heads that share one head of keys, but for queries that no gradient reaches.
    [[nodiscard]] std::vector<Strip> live_strips(const std::vector<Strip>& all, std::int64_t group) const {
        std::vector<Strip> live;
        for (Strip strip : all) {
            if (heads_.kv_head(strip.head) != group) continue;
            const auto is_dead = [&](std::int64_t query) {
                return all_zero(dy(strip.batch, strip.head, query), heads_.width());
            };
            while (strip.last > strip.first && is_dead(strip.last - 1)) --strip.last;
            while (strip.first < strip.last && is_dead(strip.first)) ++strip.first;
            if (strip.rows() > 0 && strip.keys() > 0) live.push_back(strip);
        }
        return live;
    }

    void clear(Scratch& scratch) const {
        const std::int64_t keys = heads_.keys();
        scratch.dk.assign(static_cast<std::size_t>(pull_.wants(1) ? keys * heads_.k.shape[3] : 0), 0.0F);
        scratch.dv.assign(static_cast<std::size_t>(pull_.wants(2) ? keys * heads_.width() : 0), 0.0F);
    }

    void take(const Strip& strip, Scratch& scratch) const {
        attention::find_weights(heads_, strip, scratch.weights);
        if (pull_.wants(2)) pull_values(strip, scratch);
        if (!pull_.wants(0) && !pull_.wants(1)) return;
        find_gradients(strip, scratch);
        pull_products(strip, scratch);
    }

    void pull_values(const Strip& s, Scratch& scratch) const {
        const std::int64_t width = heads_.width();
        const gemm::Operand gradient{dy(s.batch, s.head, s.first), dy_leading(), heads_.across};
        const gemm::Operand weights{scratch.weights.p.data(), heads_.keys(), !heads_.across};
        if (heads_.across) {
            gemm::multiply(width, s.keys(), s.rows(), gradient, weights, 1.0F, scratch.dv.data() + s.begin,
                           heads_.keys(), 1);
        } else {
            gemm::multiply(s.keys(), width, s.rows(), weights, gradient, 1.0F,
                           scratch.dv.data() + s.begin * width, width, 1);
        }
    }

    /// dZ times the scale.
    void find_gradients(const Strip& s, Scratch& scratch) const {
        const std::int64_t n = s.keys();
        const bool across = heads_.across;
        const float* values =
            heads_.v.row(heads_.kv_batch(s.batch), heads_.kv_head(s.head), across ? 0 : s.begin);
        scratch.gradients.resize(scratch.weights.p.size());
        gemm::multiply(s.rows(), n, heads_.width(), {dy(s.batch, s.head, s.first), dy_leading()},
                       {across ? values + s.begin : values, heads_.v.strides[2], !across}, 0.0F,
                       scratch.gradients.data(), heads_.keys(), 1);
        for (std::int64_t r = 0; r < s.rows(); ++r) {
            float* d = scratch.gradients.data() + r * heads_.keys();
            const float* p = scratch.weights.p.data() + r * heads_.keys();
            const auto mean = static_cast<float>(dot(p, d, n));
            const float scale = heads_.scale;
#pragma omp simd
            for (std::int64_t c = 0; c < n; ++c) d[c] = scale * p[c] * (d[c] - mean);
            if (heads_.cap == 0.0F) continue;
            const float* slope = scratch.weights.slopes.data() + r * heads_.keys();
#pragma omp simd
            for (std::int64_t c = 0; c < n; ++c) d[c] *= slope[c];
        }
    }

    void pull_products(const Strip& s, Scratch& scratch) const {
        const std::int64_t row = heads_.k.shape[3];
        if (pull_.wants(0)) {
            gemm::multiply(s.rows(), row, s.keys(), {scratch.gradients.data(), heads_.keys()},
                           {keys_of(s), heads_.k.strides[2]}, 1.0F, dq_.row(s.batch, s.head, s.first),
                           dq_.strides[2], 1);
        }
        if (pull_.wants(1)) {
            gemm::multiply(s.keys(), row, s.rows(), {scratch.gradients.data(), heads_.keys(), true},
                           {heads_.q.row(s.batch, s.head, s.first), heads_.q.strides[2]}, 1.0F,
                           scratch.dk.data() + s.begin * row, row, 1);
        }
    }

    void add(const Scratch& part, std::int64_t batch, std::int64_t group) const {
        const auto add_rows = [&](const TensorView<float>& to, const std::vector<float>& from) {
            for (std::int64_t r = 0; r < to.shape[2]; ++r) {
                add_scaled(to.row(heads_.kv_batch(batch), group, r), from.data() + r * to.columns(), 1.0F,
                           to.columns());
            }
        };
        if (pull_.wants(1)) add_rows(dk_, part.dk);
        if (pull_.wants(2)) add_rows(dv_, part.dv);
    }

    Pull& pull_;
    attention::Heads heads_;
    TensorView<float> dq_, dk_, dv_;
};

void pull(Pull& pull) { Attention(pull).run(); }

}  // namespace

extern const Rule flash_attn_ext_rule{"FLASH_ATTN_EXT", saved, pull, refuses};

}  // namespace llmx::vjp

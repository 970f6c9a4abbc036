// SSM_SCAN: each channel of a head carries a state over the tokens of its sequence (Mamba 1 and 2):
//   d = softplus(dt);  s_t = e^(d A) s_(t-1) + d x B;  y = <C, s_t>
// A is one number per head (Mamba 2) or per element of the state (Mamba 1); B and C serve the heads of
// a group. Sources: states, x, dt, A, B, C, ids (the state each sequence starts from). The output is y, then
// the last K states of every sequence, newest first.
// With g = ds_t + C dy:  dC = dy s_t, dB = d x g, dx = d <g, B>, ds_(t-1) = e^(d A) g,
//   d(d A) = e^(d A) s_(t-1) g

#include <cmath>

#include "core/fast_math.hpp"
#include "vjp/recurrence.hpp"

namespace llmx::vjp {

namespace {

enum Source { states, inputs, steps, rates, ins, outs, ids };

SavedValues saved(const Node&) {
    SavedValues all;
    for (int i = states; i <= ids; ++i) all = all | SavedValues::source(i);
    return all;
}

struct Step {
    float softplus, slope;
};

Step step_of(float dt) {
    if (dt > 20.0F) return {dt, 1.0F};  // as ggml
    return {std::log1p(fast_exp(dt)), fast_sigmoid(dt)};
}

/// B and C of a group of heads over one sequence, or their gradient: [tokens][2][state].
struct Group {
    std::int64_t state = 0;
    std::vector<float> memory;

    [[nodiscard]] float* b(std::int64_t t) { return memory.data() + 2 * t * state; }
    [[nodiscard]] float* c(std::int64_t t) { return b(t) + state; }
    [[nodiscard]] const float* b(std::int64_t t) const { return memory.data() + 2 * t * state; }
    [[nodiscard]] const float* c(std::int64_t t) const { return b(t) + state; }
};

/// One head over one sequence.
struct Head {
    std::int64_t channels, state;
    const float* rate;
    std::vector<float> step, slope;  // [tokens]: softplus(dt) and its slope
    std::vector<float> decay;        // e^(d A): [tokens], or [tokens][state] in Mamba 1
    std::vector<float> x, dy, dx;    // [tokens][channels]
    std::vector<float> dstep;        // [tokens]
    std::vector<float> drate;        // as `rate`
};

/// The states of all channels of a head after a token from those before it, and the way back. True to
/// `per_state`: a rate for each element of the state.
template <bool per_state>
class Kernel {
public:
    Kernel(Head& head, const Group& group, Group& sums) : head_(head), group_(group), sums_(sums) {}

    void forward(std::int64_t t, const float* before, float* after) const {
        const std::int64_t n = head_.state;
        const float* b = group_.b(t);
        const float* decay = decay_at(t);
        for (std::int64_t i = 0; i < head_.channels; ++i, before += n, after += n) {
            const float input = head_.step[static_cast<std::size_t>(t)] *
                                head_.x[static_cast<std::size_t>(t * head_.channels + i)];
#pragma omp simd
            for (std::int64_t k = 0; k < n; ++k)
                after[k] = before[k] * decay[per_state ? k : 0] + input * b[k];
        }
    }

    /// `ds`: gradient of the states after, then of those before.
    void back(std::int64_t t, const float* before, const float* after, float* ds) {
        const std::int64_t n = head_.state;
        for (std::int64_t i = 0; i < head_.channels; ++i)
            back_channel(t, i, before + i * n, after + i * n, ds + i * n);
    }

private:
    [[nodiscard]] const float* decay_at(std::int64_t t) const {
        return head_.decay.data() + (per_state ? t * head_.state : t);
    }

    void back_channel(std::int64_t t, std::int64_t channel, const float* before, const float* after,
                      float* ds) {
        const std::int64_t n = head_.state;
        const float* b = group_.b(t);
        const float* c = group_.c(t);
        float* db = sums_.b(t);
        float* dc = sums_.c(t);
        const float* decay = decay_at(t);
        const float* rate = head_.rate;
        float* drate = head_.drate.data();
        const auto token = static_cast<std::size_t>(t);
        const auto at = static_cast<std::size_t>(t * head_.channels + channel);
        const float step = head_.step[token];
        const float input = step * head_.x[at];
        const float slope = head_.dy[at];
        float along = 0;
        float faster = 0;
#pragma omp simd reduction(+ : along, faster)
        for (std::int64_t k = 0; k < n; ++k) {
            const float g = ds[k] + slope * c[k];
            dc[k] += slope * after[k];
            db[k] += input * g;
            along += g * b[k];
            const float kept = g * decay[per_state ? k : 0];
            ds[k] = kept;
            if constexpr (per_state) {
                faster += kept * before[k] * rate[k];
                drate[k] += kept * before[k] * step;
            } else {
                faster += kept * before[k];
            }
        }
        head_.dx[at] += step * along;
        if constexpr (!per_state) {
            *drate += faster * step;
            faster *= *rate;
        }
        head_.dstep[token] += along * head_.x[at] + faster;
    }

    Head& head_;
    const Group& group_;
    Group& sums_;
};

class Scan {
public:
    explicit Scan(const Pull& pull)
        : pull_(pull),
          s_(pull.x(states)),
          x_(pull.x(inputs)),
          dt_(pull.x(steps)),
          a_(pull.x(rates)),
          b_(pull.x(ins)),
          c_(pull.x(outs)),
          ids_(pull.indices(ids)),
          ds_(wanted_sink(pull, states)),
          dx_(wanted_sink(pull, inputs)),
          ddt_(wanted_sink(pull, steps)),
          da_(wanted_sink(pull, rates)),
          db_(wanted_sink(pull, ins)),
          dc_(wanted_sink(pull, outs)) {}

    void run() const {
        for (std::int64_t sequence = 0; sequence < x_.shape[0]; ++sequence) {
            for (std::int64_t g = 0; g < b_.shape[2]; ++g) pull_group(sequence, g);
        }
    }

private:
    [[nodiscard]] std::int64_t tokens() const { return x_.shape[1]; }
    [[nodiscard]] std::int64_t heads() const { return x_.shape[2]; }
    [[nodiscard]] std::int64_t channels() const { return x_.shape[3]; }

    /// Row over tokens of B, C or x, and of their gradients.
    template <class T>
    [[nodiscard]] Strided<T> over_tokens(const TensorView<T>& view, std::int64_t sequence,
                                         std::int64_t i) const {
        return {view.row(sequence, 0, i), view.strides[1], tokens(), view.columns()};
    }

    /// Gradient of y, of one head.
    [[nodiscard]] Strided<const float> dy(std::int64_t sequence, std::int64_t h) const {
        const std::int64_t stride = heads() * channels();
        return {pull_.dy().data + sequence * tokens() * stride + h * channels(), stride, tokens(),
                channels()};
    }

    /// Gradient of a head's state `slot` tokens before the last, a result: [channels][state].
    [[nodiscard]] const float* dstate(std::int64_t slot, std::int64_t sequence, std::int64_t h) const {
        const std::int64_t head = channels() * s_.columns();
        return pull_.dy().data + x_.elements() + ((slot * x_.shape[0] + sequence) * heads() + h) * head;
    }

    /// States that are results. With fewer tokens than K the others are not written.
    [[nodiscard]] std::int64_t slots() const {
        return std::min<std::int64_t>(pull_.node().param_i32(0), tokens());
    }

    /// The heads of a group share B and C: each block of heads sums for itself, then the blocks are added.
    void pull_group(std::int64_t sequence, std::int64_t g) const {
        Group group = empty_group();
        copy_rows(over_tokens(b_, sequence, g), group.b(0), 2 * group.state);
        copy_rows(over_tokens(c_, sequence, g), group.c(0), 2 * group.state);
        const std::int64_t count = heads() / b_.shape[2];
        const std::int64_t blocks = std::clamp<std::int64_t>(pull_.threads(), 1, count);
        std::vector<Group> sums(static_cast<std::size_t>(blocks));
        parallel_blocks(pull_.threads(), blocks, [&](std::int64_t first, std::int64_t last) {
            for (std::int64_t block = first; block < last; ++block) {
                Group& sum = sums[static_cast<std::size_t>(block)];
                sum = empty_group();
                for (std::int64_t i = count * block / blocks; i < count * (block + 1) / blocks; ++i)
                    pull_head(sequence, g * count + i, group, sum);
            }
        });
        for (const Group& sum : sums) {
            if (db_) add_rows(over_tokens(db_, sequence, g), sum.b(0), 2 * sum.state);
            if (dc_) add_rows(over_tokens(dc_, sequence, g), sum.c(0), 2 * sum.state);
        }
    }

    [[nodiscard]] Group empty_group() const {
        return {s_.columns(), std::vector<float>(static_cast<std::size_t>(2 * tokens() * s_.columns()))};
    }

    [[nodiscard]] Head head(std::int64_t sequence, std::int64_t h) const {
        Head head{channels(),
                  s_.columns(),
                  a_.row(0, 0, h),
                  {},
                  {},
                  {},
                  packed(over_tokens(x_, sequence, h)),
                  packed(dy(sequence, h)),
                  {},
                  {},
                  {}};
        head.dx.resize(head.x.size());
        head.dstep.resize(static_cast<std::size_t>(tokens()));
        head.drate.resize(static_cast<std::size_t>(a_.columns()));
        head.decay.resize(static_cast<std::size_t>(tokens() * a_.columns()));
        for (std::int64_t t = 0; t < tokens(); ++t) {
            const Step step = step_of(dt_.row(0, sequence, t)[h]);
            head.step.push_back(step.softplus);
            head.slope.push_back(step.slope);
            float* decay = head.decay.data() + t * a_.columns();
            const float* rate = head.rate;
#pragma omp simd
            for (std::int64_t k = 0; k < a_.columns(); ++k) decay[k] = fast_exp(step.softplus * rate[k]);
        }
        return head;
    }

    /// The head's first states, or their gradient: the channels' rows.
    template <class T>
    [[nodiscard]] Strided<T> first_states(const TensorView<T>& states, std::int64_t sequence,
                                          std::int64_t h) const {
        const std::int64_t from = ids_.row(0, 0, 0)[sequence * ids_.strides[3]];
        return {states.row(from, h, 0), states.strides[2], channels(), states.columns()};
    }

    /// Tokens up to the last one with a gradient.
    [[nodiscard]] std::int64_t live_end(std::int64_t sequence, std::int64_t h) const {
        std::int64_t end = live_tokens(dy(sequence, h));
        for (std::int64_t slot = 0; slot < slots(); ++slot) {
            if (!all_zero(dstate(slot, sequence, h), channels() * s_.columns()))
                end = std::max(end, tokens() - slot);
        }
        return end;
    }

    void pull_head(std::int64_t sequence, std::int64_t h, const Group& group, Group& sums) const {
        const std::int64_t end = live_end(sequence, h);
        if (end == 0) return;
        Head head = this->head(sequence, h);
        const std::vector<float> first = packed(first_states(s_, sequence, h));
        std::vector<float> ds(first.size());
        const auto walk = [&](auto kernel) {
            const auto forward = [&](auto t, auto before, auto after) { kernel.forward(t, before, after); };
            const auto back = [&](std::int64_t t, const float* before, const float* after) {
                const std::int64_t slot = tokens() - 1 - t;
                if (slot < slots())
                    add_scaled(ds.data(), dstate(slot, sequence, h), 1.0F,
                               static_cast<std::int64_t>(ds.size()));
                kernel.back(t, before, after, ds.data());
            };
            walk_back(end, first, forward, back);
        };
        if (a_.columns() == 1) {
            walk(Kernel<false>(head, group, sums));
        } else {
            walk(Kernel<true>(head, group, sums));
        }
        if (ds_) add_rows(first_states(ds_, sequence, h), ds.data(), s_.columns());
        if (dx_) add_rows(over_tokens(dx_, sequence, h), head.dx.data(), channels());
        if (da_) add_scaled(da_.row(0, 0, h), head.drate.data(), 1.0F, da_.columns());
        for (std::int64_t t = 0; ddt_ && t < end; ++t) {
            const auto token = static_cast<std::size_t>(t);
            ddt_.row(0, sequence, t)[h] += head.dstep[token] * head.slope[token];
        }
    }

    const Pull& pull_;
    TensorView<const float> s_;   // [states, heads, channels, state]
    TensorView<const float> x_;   // [sequences, tokens, heads, channels]
    TensorView<const float> dt_;  // [1, sequences, tokens, heads]
    TensorView<const float> a_;   // [1, 1, heads, 1 or state]
    TensorView<const float> b_;   // [sequences, tokens, groups, state]
    TensorView<const float> c_;   // as b_
    TensorView<const std::int32_t> ids_;
    TensorView<float> ds_, dx_, ddt_, da_, db_, dc_;
};

void pull(Pull& pull) { Scan(pull).run(); }

}  // namespace

extern const Rule ssm_scan_rule{"SSM_SCAN", saved, pull};

}  // namespace llmx::vjp

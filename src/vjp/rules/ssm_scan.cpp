// SSM_SCAN: each channel of a head carries a state over the tokens of its sequence (Mamba 1 and 2):
//   d = softplus(dt);  s_t = e^(d A) s_(t-1) + d x B;  y = <C, s_t>
// A is one number a head (Mamba 2) or one for each element of the state (Mamba 1); B and C serve the heads of
// a group. Sources: states, x, dt, A, B, C, ids (the state each sequence starts from). The output is y, then
// the last K states of every sequence, newest first.
// With g = ds_t + C dy:  dC = dy s_t, dB = d x g, dx = d <g, B>, ds_(t-1) = e^(d A) g,
//   d(d A) = e^(d A) s_(t-1) g

#include <cmath>

#include "vjp/fast_math.hpp"
#include "vjp/recurrence.hpp"

namespace llmx::vjp {

namespace {

enum Source { states, inputs, steps, rates, ins, outs, ids };

Keep keep(const Node&) {
    Keep all;
    for (int i = states; i <= ids; ++i) all = all | Keep::source(i);
    return all;
}

struct Step {
    float softplus, slope;
};

Step step_of(float dt) {
    if (dt > 20.0F) return {dt, 1.0F};  // as ggml
    return {std::log1p(fast_exp(dt)), fast_sigmoid(dt)};
}

/// What all heads of a group read, for one sequence, and their sums: [tokens][state].
struct Group {
    std::vector<float> b, c;
};

/// One head of one sequence. Rows over tokens; what belongs to channels is packed by columns.
struct Head {
    std::int64_t tokens, state;
    std::vector<float> step, slope, dstep;  // [tokens]
    std::vector<float> decay;               // e^(d A): [tokens], or [tokens][state] in Mamba 1
    const float* rate;
    std::vector<float> drate;        // as `rate`
    std::vector<float> history, ds;  // of the channel at hand: [tokens + 1][state], [state]
};

/// One channel: states forwards, then their gradient backwards; `take_state(slot)` adds the gradient of
/// a state that is itself a result. True to `per_state`: a rate for each element of the state.
template <bool per_state, class TakeState>
void pull_channel(Head& head, const Group& group, Group& sums, const float* x, const float* dy, float* dx,
                  std::int64_t end, TakeState&& take_state) {
    const std::int64_t n = head.state;
    for (std::int64_t t = 0; t < end; ++t) {
        const float* before = head.history.data() + t * n;
        float* after = head.history.data() + (t + 1) * n;
        const float* b = group.b.data() + t * n;
        const float* decay = head.decay.data() + (per_state ? t * n : t);
        const float input = head.step[static_cast<std::size_t>(t)] * x[t];
#pragma omp simd
        for (std::int64_t k = 0; k < n; ++k) after[k] = before[k] * decay[per_state ? k : 0] + input * b[k];
    }
    float* ds = head.ds.data();
    std::fill_n(ds, n, 0.0F);
    const float* rate = head.rate;
    float* drate = head.drate.data();
    for (std::int64_t t = end; t-- > 0;) {
        take_state(head.tokens - 1 - t, ds);
        const float* before = head.history.data() + t * n;
        const float* after = before + n;
        const float* b = group.b.data() + t * n;
        const float* c = group.c.data() + t * n;
        float* db = sums.b.data() + t * n;
        float* dc = sums.c.data() + t * n;
        const float* decay = head.decay.data() + (per_state ? t * n : t);
        const float step = head.step[static_cast<std::size_t>(t)];
        const float input = step * x[t];
        const float slope = dy[t];
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
        dx[t] += step * along;
        if constexpr (!per_state) {
            *drate += faster * step;
            faster *= *rate;
        }
        head.dstep[static_cast<std::size_t>(t)] += along * x[t] + faster;
    }
}

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
    [[nodiscard]] Strided<T> over_tokens(const View<T>& view, std::int64_t sequence, std::int64_t i) const {
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
        const Group group{packed(over_tokens(b_, sequence, g)), packed(over_tokens(c_, sequence, g))};
        const std::int64_t count = heads() / b_.shape[2];
        const std::int64_t blocks = std::clamp<std::int64_t>(pull_.threads(), 1, count);
        std::vector<Group> sums(static_cast<std::size_t>(blocks));
        parallel_blocks(pull_.threads(), blocks, [&](std::int64_t first, std::int64_t last) {
            for (std::int64_t block = first; block < last; ++block) {
                Group& sum = sums[static_cast<std::size_t>(block)];
                sum = {std::vector<float>(group.b.size()), std::vector<float>(group.c.size())};
                for (std::int64_t i = count * block / blocks; i < count * (block + 1) / blocks; ++i)
                    pull_head(sequence, g * count + i, group, sum);
            }
        });
        for (const Group& sum : sums) {
            if (db_) add_packed(over_tokens(db_, sequence, g), sum.b);
            if (dc_) add_packed(over_tokens(dc_, sequence, g), sum.c);
        }
    }

    [[nodiscard]] Head head(std::int64_t sequence, std::int64_t h) const {
        Head head{};
        head.tokens = tokens();
        head.state = s_.columns();
        head.rate = a_.row(0, 0, h);
        head.drate.resize(static_cast<std::size_t>(a_.columns()));
        head.dstep.resize(static_cast<std::size_t>(tokens()));
        head.history.resize(static_cast<std::size_t>((tokens() + 1) * head.state));
        head.ds.resize(static_cast<std::size_t>(head.state));
        for (std::int64_t t = 0; t < tokens(); ++t) {
            const Step step = step_of(dt_.row(0, sequence, t)[h]);
            head.step.push_back(step.softplus);
            head.slope.push_back(step.slope);
        }
        head.decay.resize(static_cast<std::size_t>(tokens() * a_.columns()));
        for (std::int64_t t = 0; t < tokens(); ++t) {
            float* decay = head.decay.data() + t * a_.columns();
            const float step = head.step[static_cast<std::size_t>(t)];
#pragma omp simd
            for (std::int64_t k = 0; k < a_.columns(); ++k) decay[k] = fast_exp(step * head.rate[k]);
        }
        return head;
    }

    void pull_head(std::int64_t sequence, std::int64_t h, const Group& group, Group& sums) const {
        std::int64_t end = live_tokens(dy(sequence, h));
        for (std::int64_t slot = 0; slot < slots(); ++slot) {
            if (!all_zero(dstate(slot, sequence, h), channels() * s_.columns()))
                end = std::max(end, tokens() - slot);
        }
        if (end == 0) return;
        Head head = this->head(sequence, h);
        const std::vector<float> x = packed_columns(over_tokens(x_, sequence, h));
        const std::vector<float> slopes = packed_columns(dy(sequence, h));
        std::vector<float> dx(x.size());
        const std::int64_t n = head.state;
        const std::int64_t from = ids_.row(0, 0, 0)[sequence * ids_.strides[3]];
        for (std::int64_t i = 0; i < channels(); ++i) {
            std::copy_n(s_.row(from, h, i), n, head.history.data());
            const auto take_state = [&](std::int64_t slot, float* ds) {
                if (slot < slots()) add_scaled(ds, dstate(slot, sequence, h) + i * n, 1.0F, n);
            };
            const std::int64_t at = i * tokens();
            const auto pull_one = a_.columns() == 1 ? pull_channel<false, decltype(take_state)&>
                                                    : pull_channel<true, decltype(take_state)&>;
            pull_one(head, group, sums, x.data() + at, slopes.data() + at, dx.data() + at, end, take_state);
            if (ds_) add_scaled(ds_.row(from, h, i), head.ds.data(), 1.0F, n);
        }
        if (dx_) add_packed_columns(over_tokens(dx_, sequence, h), dx);
        if (da_) add_scaled(da_.row(0, 0, h), head.drate.data(), 1.0F, da_.columns());
        for (std::int64_t t = 0; ddt_ && t < tokens(); ++t)
            ddt_.row(0, sequence, t)[h] +=
                head.dstep[static_cast<std::size_t>(t)] * head.slope[static_cast<std::size_t>(t)];
    }

    const Pull& pull_;
    View<const float> s_;   // [states, heads, channels, state]
    View<const float> x_;   // [sequences, tokens, heads, channels]
    View<const float> dt_;  // [1, sequences, tokens, heads]
    View<const float> a_;   // [1, 1, heads, 1 or state]
    View<const float> b_;   // [sequences, tokens, groups, state]
    View<const float> c_;   // as b_
    View<const std::int32_t> ids_;
    View<float> ds_, dx_, ddt_, da_, db_, dc_;
};

void pull(Pull& pull) { Scan(pull).run(); }

}  // namespace

extern const Rule ssm_scan_rule{"SSM_SCAN", keep, pull};

}  // namespace llmx::vjp

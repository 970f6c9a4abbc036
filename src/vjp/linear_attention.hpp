#pragma once
// Linear attention with one square state a head: what GATED_DELTA_NET, RWKV_WKV6, RWKV_WKV7 and
// GATED_LINEAR_ATTN share. Their output is y [tokens of all sequences, heads, n], then the last states.

#include <numeric>

#include "vjp/recurrence.hpp"

namespace llmx::vjp {

/// What one head reads of one source over one sequence, and the gradient of it: a line for each token, or,
/// of values, for each channel.
struct HeadSource {
    std::int64_t width = 0;
    std::vector<float> value, gradient;

    [[nodiscard]] const float* line(std::int64_t i) const { return value.data() + i * width; }
    [[nodiscard]] float* dline(std::int64_t i) { return gradient.data() + i * width; }
};

/// One head over one sequence.
struct Head {
    std::int64_t tokens, n;
    std::int64_t end;                 ///< tokens up to the last one with a gradient
    std::vector<HeadSource> sources;  ///< the state excepted
    std::vector<float> dy;            ///< [n][tokens]
    std::vector<float> history;  ///< of the channel at hand: its state before each token and after the last
    std::vector<float> ds;       ///< of the channel at hand: gradient of its state, [n]

    [[nodiscard]] const float* dy_of(std::int64_t channel) const { return dy.data() + channel * tokens; }
    [[nodiscard]] float* before(std::int64_t token) { return history.data() + token * n; }
    [[nodiscard]] float* after(std::int64_t token) { return before(token + 1); }
};

class LinearAttention {
public:
    struct Form {
        int values;             ///< the source that each channel reads its own element of
        int state;              ///< the source of first states, the last one; rows of it are channels or...
        bool channels_in_rows;  ///< ...elements of a channel
        std::int64_t sequences;
        std::int64_t slots = 1;  ///< last states that are results, newest first
    };

    LinearAttention(const Pull& pull, const Form& form) : pull_(pull), form_(form) {
        for (int i = 0; i <= form.state; ++i) {
            x_.push_back(pull.x(i));
            dx_.push_back(wanted_sink(pull, i));
        }
        const View<const float>& v = x_[static_cast<std::size_t>(form.values)];
        tokens_ = v.shape[0] * v.shape[1] / form.sequences;
        heads_ = v.shape[2];
        n_ = v.shape[3];
        slots_ = std::min(form.slots, tokens_);  // with fewer tokens the others are not written
    }

    /// For every head: start(head) gives what is to be called for each of its channels,
    /// channel(number, take_state). That recomputes the states from head.before(0) on, and turns head.ds,
    /// zero at first, into the gradient of head.before(0); take_state(token) adds to head.ds what the state
    /// after the token has as a result. Heads that read the same rows of a source share a thread.
    template <class Start>
    void pull_channels(Start&& start) const {
        std::int64_t classes = heads_;
        for (int i = 0; i < form_.state; ++i)
            classes = std::gcd(classes, x_[static_cast<std::size_t>(i)].shape[2]);
        parallel_blocks(pull_.threads(), classes, [&](std::int64_t first, std::int64_t last) {
            for (std::int64_t c = first; c < last; ++c) {
                for (std::int64_t h = c; h < heads_; h += classes) {
                    for (std::int64_t s = 0; s < form_.sequences; ++s) pull_head(s, h, start);
                }
            }
        });
    }

private:
    /// The rows of a source that a head reads: one a token, or (RWKV_WKV6's bonus) a single one.
    template <class T>
    [[nodiscard]] Strided<T> rows(const View<T>& source, std::int64_t sequence, std::int64_t h) const {
        const std::int64_t head = h % source.shape[2];
        if (source.shape[0] * source.shape[1] == 1) return {source.row(0, 0, head), 0, 1, source.columns()};
        const std::int64_t first = sequence * tokens_;
        return {source.row(first / source.shape[1], first % source.shape[1], head), source.strides[1],
                tokens_, source.columns()};
    }

    [[nodiscard]] Strided<const float> dy(std::int64_t sequence, std::int64_t h) const {
        return {pull_.dy().data + (sequence * tokens_ * heads_ + h) * n_, heads_ * n_, tokens_, n_};
    }

    /// Gradient of a state that is a result.
    [[nodiscard]] const float* dstate(std::int64_t slot, std::int64_t sequence, std::int64_t h) const {
        return pull_.dy().data + form_.sequences * tokens_ * heads_ * n_ +
               ((slot * form_.sequences + sequence) * heads_ + h) * n_ * n_;
    }

    /// A head's first state, or the gradient of it; ggml's extents of it differ, but not its order.
    template <class T>
    [[nodiscard]] T* first_state(const View<T>& states, std::int64_t sequence, std::int64_t h,
                                 std::int64_t row) const {
        if (states.shape[2] == n_ && states.columns() == n_) return states.row(sequence, h, row);
        return states.row(0, 0, sequence) + (h * n_ + row) * n_;
    }

    [[nodiscard]] Head pack(std::int64_t sequence, std::int64_t h, std::int64_t end) const {
        Head head{tokens_, n_, end, {}, packed_columns(dy(sequence, h)), {}, {}};
        head.history.resize(static_cast<std::size_t>((tokens_ + 1) * n_));
        head.ds.resize(static_cast<std::size_t>(n_));
        for (int i = 0; i < form_.state; ++i) {
            const Strided<const float> from = rows(x_[static_cast<std::size_t>(i)], sequence, h);
            HeadSource source{i == form_.values ? tokens_ : from.n,
                              i == form_.values ? packed_columns(from) : packed(from),
                              {}};
            source.gradient.resize(source.value.size());
            head.sources.push_back(std::move(source));
        }
        return head;
    }

    [[nodiscard]] std::int64_t live_end(std::int64_t sequence, std::int64_t h) const {
        std::int64_t end = live_tokens(dy(sequence, h));
        for (std::int64_t slot = 0; slot < slots_; ++slot) {
            if (!all_zero(dstate(slot, sequence, h), n_ * n_)) end = std::max(end, tokens_ - slot);
        }
        return end;
    }

    template <class Start>
    void pull_head(std::int64_t sequence, std::int64_t h, Start&& start) const {
        const std::int64_t end = live_end(sequence, h);
        if (end == 0) return;
        Head head = pack(sequence, h, end);
        auto channel = start(head);
        const View<const float>& states = x_.back();
        for (std::int64_t j = 0; j < n_; ++j) {
            for (std::int64_t i = 0; i < n_; ++i) {
                head.before(0)[i] = form_.channels_in_rows ? first_state(states, sequence, h, j)[i]
                                                           : first_state(states, sequence, h, i)[j];
                head.ds[static_cast<std::size_t>(i)] = 0.0F;
            }
            channel(j, [&](std::int64_t token) {
                const std::int64_t slot = tokens_ - 1 - token;
                if (slot >= slots_) return;
                const float* from = dstate(slot, sequence, h);
                for (std::int64_t i = 0; i < n_; ++i)
                    head.ds[static_cast<std::size_t>(i)] +=
                        from[form_.channels_in_rows ? j * n_ + i : i * n_ + j];
            });
            if (!dx_.back()) continue;
            for (std::int64_t i = 0; i < n_; ++i) {
                (form_.channels_in_rows ? first_state(dx_.back(), sequence, h, j)[i]
                                        : first_state(dx_.back(), sequence, h, i)[j]) +=
                    head.ds[static_cast<std::size_t>(i)];
            }
        }
        for (int i = 0; i < form_.state; ++i) {
            const View<float>& sink = dx_[static_cast<std::size_t>(i)];
            if (!sink) continue;
            const std::vector<float>& gradient = head.sources[static_cast<std::size_t>(i)].gradient;
            if (i == form_.values) {
                add_packed_columns(rows(sink, sequence, h), gradient);
            } else {
                add_packed(rows(sink, sequence, h), gradient);
            }
        }
    }

    const Pull& pull_;
    Form form_;
    std::vector<View<const float>> x_;
    std::vector<View<float>> dx_;
    std::int64_t tokens_, heads_, n_, slots_;
};

}  // namespace llmx::vjp

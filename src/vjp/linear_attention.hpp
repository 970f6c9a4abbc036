#pragma once
// Linear attention with one square state per head: the common part of GATED_DELTA_NET, RWKV_WKV6, RWKV_WKV7
// and GATED_LINEAR_ATTN. Their output is y [tokens of all sequences, heads, n], then the last states.

#include <numeric>

#include "vjp/recurrence.hpp"

namespace llmx::vjp {

/// What one head reads from one source over one sequence, and its gradient: a line for each token.
struct HeadSource {
    std::int64_t width, stride;
    float* value;
    float* gradient;

    [[nodiscard]] const float* line(std::int64_t token) const { return value + token * stride; }
    [[nodiscard]] float* dline(std::int64_t token) const { return gradient + token * stride; }
};

/// One head over one sequence. A channel is the part of the state that goes with one element of a value.
/// All data of a token is contiguous: a dozen arrays a power of two apart would evict each other.
struct Head {
    std::int64_t tokens, n, stride;
    std::vector<float> memory;        ///< [tokens][values and gradients of all sources, dy]
    std::vector<HeadSource> sources;  ///< the state excepted

    [[nodiscard]] float* dy() { return memory.data() + stride - n; }
    [[nodiscard]] float dy_at(std::int64_t token, std::int64_t channel) const {
        return memory[static_cast<std::size_t>((token + 1) * stride - n + channel)];
    }
};

/// A number for each token and channel, stored by the forward walk for the walk back.
class Notes {
public:
    explicit Notes(const Head& head) : n_(head.n), notes_(static_cast<std::size_t>(head.tokens * head.n)) {}
    float& at(std::int64_t token, std::int64_t channel) {
        return notes_[static_cast<std::size_t>(token * n_ + channel)];
    }

private:
    std::int64_t n_;
    std::vector<float> notes_;
};

class LinearAttention {
public:
    struct Form {
        int values;             ///< the source of values
        int state;              ///< the source of first states, the last one
        bool channels_in_rows;  ///< of a state; else in its columns
        std::int64_t sequences;
        std::int64_t slots = 1;  ///< last states that are results, newest first
    };

    LinearAttention(const Pull& pull, const Form& form) : pull_(pull), form_(form) {
        for (int i = 0; i <= form.state; ++i) {
            x_.push_back(pull.x(i));
            dx_.push_back(wanted_sink(pull, i));
        }
        const TensorView<const float>& v = x_[static_cast<std::size_t>(form.values)];
        tokens_ = v.shape[0] * v.shape[1] / form.sequences;
        heads_ = v.shape[2];
        n_ = v.shape[3];
        slots_ = std::min(form.slots, tokens_);  // with fewer tokens the others are not written
    }

    /// For every head: make(head) gives its kernel, whose
    ///   forward(token, channel, before, after) computes a channel's state after a token from that before it,
    ///   back(token, channel, before, after, ds) turns the gradient of the state after into that of the state
    ///     before, and adds to the gradients of the head's sources.
    /// Heads that read the same rows of a source share a thread.
    template <class Make>
    void pull_heads(Make&& make) const {
        std::int64_t classes = heads_;
        for (int i = 0; i < form_.state; ++i)
            classes = std::gcd(classes, x_[static_cast<std::size_t>(i)].shape[2]);
        parallel_blocks(pull_.threads(), classes, [&](std::int64_t first, std::int64_t last) {
            for (std::int64_t c = first; c < last; ++c) {
                for (std::int64_t h = c; h < heads_; h += classes) {
                    for (std::int64_t s = 0; s < form_.sequences; ++s) pull_head(s, h, make);
                }
            }
        });
    }

private:
    /// The rows of a source that a head reads: one per token, or a single one (RWKV_WKV6's bonus).
    template <class T>
    [[nodiscard]] Strided<T> rows(const TensorView<T>& source, std::int64_t sequence, std::int64_t h) const {
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
    [[nodiscard]] T* first_state(const TensorView<T>& states, std::int64_t sequence, std::int64_t h,
                                 std::int64_t row) const {
        if (states.shape[2] == n_ && states.columns() == n_) return states.row(sequence, h, row);
        return states.row(0, 0, sequence) + (h * n_ + row) * n_;
    }

    [[nodiscard]] Head pack(std::int64_t sequence, std::int64_t h) const {
        std::vector<Strided<const float>> from;
        Head head{tokens_, n_, n_, {}, {}};
        for (int i = 0; i < form_.state; ++i) {
            from.push_back(rows(x_[static_cast<std::size_t>(i)], sequence, h));
            head.stride += 2 * from.back().n;
        }
        head.memory.resize(static_cast<std::size_t>(tokens_ * head.stride));
        float* at = head.memory.data();
        for (const Strided<const float>& source : from) {
            head.sources.push_back({source.n, head.stride, at, at + source.n});
            copy_rows(source, at, head.stride);
            at += 2 * source.n;
        }
        copy_rows(dy(sequence, h), head.dy(), head.stride);
        return head;
    }

    /// Position in a state, as ggml stores it, of element i of a channel.
    [[nodiscard]] std::int64_t at(std::int64_t channel, std::int64_t i) const {
        return form_.channels_in_rows ? channel * n_ + i : i * n_ + channel;
    }

    /// body(position in a state, position where channels are rows) for every element.
    template <class Body>
    void for_each_element(Body&& body) const {
        for (std::int64_t channel = 0; channel < n_; ++channel) {
            for (std::int64_t i = 0; i < n_; ++i)
                body(at(channel, i), static_cast<std::size_t>(channel * n_ + i));
        }
    }

    [[nodiscard]] std::int64_t live_end(std::int64_t sequence, std::int64_t h) const {
        std::int64_t end = live_tokens(dy(sequence, h));
        for (std::int64_t slot = 0; slot < slots_; ++slot) {
            if (!all_zero(dstate(slot, sequence, h), n_ * n_)) end = std::max(end, tokens_ - slot);
        }
        return end;
    }

    template <class Make>
    void pull_head(std::int64_t sequence, std::int64_t h, Make&& make) const {
        const std::int64_t end = live_end(sequence, h);
        if (end == 0) return;
        Head head = pack(sequence, h);
        auto kernel = make(head);
        std::vector<float> first(static_cast<std::size_t>(n_ * n_));
        for_each_element([&](std::int64_t from, std::size_t to) {
            first[to] = first_state(x_.back(), sequence, h, from / n_)[from % n_];
        });
        std::vector<float> ds(first.size());
        const auto forward = [&](std::int64_t t, const float* before, float* after) {
            for (std::int64_t c = 0; c < n_; ++c) kernel.forward(t, c, before + c * n_, after + c * n_);
        };
        const auto back = [&](std::int64_t t, const float* before, const float* after) {
            if (tokens_ - 1 - t < slots_) {
                const float* result = dstate(tokens_ - 1 - t, sequence, h);
                for_each_element([&](std::int64_t from, std::size_t to) { ds[to] += result[from]; });
            }
            for (std::int64_t c = 0; c < n_; ++c)
                kernel.back(t, c, before + c * n_, after + c * n_, ds.data() + c * n_);
        };
        walk_back(end, first, forward, back);
        if (dx_.back()) {
            for_each_element([&](std::int64_t to, std::size_t from) {
                first_state(dx_.back(), sequence, h, to / n_)[to % n_] += ds[from];
            });
        }
        for (int i = 0; i < form_.state; ++i) {
            const TensorView<float>& sink = dx_[static_cast<std::size_t>(i)];
            if (sink)
                add_rows(rows(sink, sequence, h), head.sources[static_cast<std::size_t>(i)].gradient,
                         head.stride);
        }
    }

    const Pull& pull_;
    Form form_;
    std::vector<TensorView<const float>> x_;
    std::vector<TensorView<float>> dx_;
    std::int64_t tokens_, heads_, n_, slots_;
};

}  // namespace llmx::vjp

#pragma once
// Shared by the rules of recurrent operations: rows over the tokens of a sequence, and the walk back over
// recomputed states.

#include <algorithm>
#include <cmath>
#include <vector>

#include "vjp/rows.hpp"

namespace llmx::vjp {

/// `rows` rows of `n` numbers, `stride` apart.
template <class T>
struct Strided {
    T* first;
    std::int64_t stride;
    std::int64_t rows;
    std::int64_t n;

    [[nodiscard]] T* row(std::int64_t r) const { return first + r * stride; }
};

/// Rows `stride` apart from the rows `from`.
inline void copy_rows(const Strided<const float>& from, float* to, std::int64_t stride) {
    for (std::int64_t r = 0; r < from.rows; ++r) std::copy_n(from.row(r), from.n, to + r * stride);
}

/// to += rows that are `stride` apart.
inline void add_rows(const Strided<float>& to, const float* from, std::int64_t stride) {
    for (std::int64_t r = 0; r < to.rows; ++r) add_scaled(to.row(r), from + r * stride, 1.0F, to.n);
}

/// The rows, concatenated: [rows][n].
inline std::vector<float> packed(const Strided<const float>& from) {
    std::vector<float> out(static_cast<std::size_t>(from.rows * from.n));
    copy_rows(from, out.data(), from.n);
    return out;
}

/// The columns, concatenated: [n][rows].
inline std::vector<float> packed_columns(const Strided<const float>& from) {
    std::vector<float> out(static_cast<std::size_t>(from.rows * from.n));
    for (std::int64_t r = 0; r < from.rows; ++r) {
        const float* row = from.row(r);
        for (std::int64_t c = 0; c < from.n; ++c) out[static_cast<std::size_t>(c * from.rows + r)] = row[c];
    }
    return out;
}

/// Number of tokens up to the last one whose row is not all zero: the walk back starts there.
inline std::int64_t live_tokens(const Strided<const float>& dy) {
    std::int64_t end = dy.rows;
    while (end > 0 && all_zero(dy.row(end - 1), dy.n)) --end;
    return end;
}

/// The sink of a source that is wanted; else no memory.
inline TensorView<float> wanted_sink(const Pull& pull, int source) {
    return pull.wants(source) ? pull.dx(source) : TensorView<float>{};
}

/// Back over the tokens of a recurrence, from the last to the first: back(token, before, after) with the
/// states before and after it, which forward(token, before, after) computes from `first`. States are kept at
/// the start of every segment of tokens; those within a segment are recomputed when the walk reaches it.
template <class Forward, class Back>
void walk_back(std::int64_t tokens, const std::vector<float>& first, Forward&& forward, Back&& back) {
    const auto size = static_cast<std::int64_t>(first.size());
    // short enough to stay in the cache, and not too many
    const auto length = std::max<std::int64_t>(16, std::llround(std::sqrt(static_cast<double>(tokens))));
    const std::int64_t segments = (tokens + length - 1) / length;
    std::vector<float> starts(static_cast<std::size_t>(segments * size));
    std::vector<float> states(static_cast<std::size_t>((std::min(length, tokens) + 1) * size));
    const auto run = [&](std::int64_t segment) {
        std::copy_n(starts.data() + segment * size, size, states.data());
        const std::int64_t end = std::min(length, tokens - segment * length);
        for (std::int64_t t = 0; t < end; ++t)
            forward(segment * length + t, states.data() + t * size, states.data() + (t + 1) * size);
        return end;
    };
    if (segments > 0) std::copy_n(first.data(), size, starts.data());
    for (std::int64_t s = 0; s + 1 < segments; ++s)
        std::copy_n(states.data() + run(s) * size, size, starts.data() + (s + 1) * size);
    for (std::int64_t s = segments; s-- > 0;) {
        for (std::int64_t t = run(s); t-- > 0;)
            back(s * length + t, states.data() + t * size, states.data() + (t + 1) * size);
    }
}

}  // namespace llmx::vjp

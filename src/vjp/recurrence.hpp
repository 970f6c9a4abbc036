#pragma once
// What the rules of recurrent operations share. Each column of a head's state is a recurrence of its own over
// the tokens of a sequence: a rule packs what the head reads, recomputes the column's states forwards, keeps
// them, and walks back. One column's states are all that is held, so they stay in the cache.

#include <algorithm>
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

/// The rows, one behind the other: [rows][n].
inline std::vector<float> packed(const Strided<const float>& from) {
    std::vector<float> out(static_cast<std::size_t>(from.rows * from.n));
    for (std::int64_t r = 0; r < from.rows; ++r) std::copy_n(from.row(r), from.n, out.data() + r * from.n);
    return out;
}

/// The columns, one behind the other: [n][rows].
inline std::vector<float> packed_columns(const Strided<const float>& from) {
    std::vector<float> out(static_cast<std::size_t>(from.rows * from.n));
    for (std::int64_t r = 0; r < from.rows; ++r) {
        const float* row = from.row(r);
        for (std::int64_t c = 0; c < from.n; ++c) out[static_cast<std::size_t>(c * from.rows + r)] = row[c];
    }
    return out;
}

/// to += from, packed as by packed().
inline void add_packed(const Strided<float>& to, const std::vector<float>& from) {
    for (std::int64_t r = 0; r < to.rows; ++r) add_scaled(to.row(r), from.data() + r * to.n, 1.0F, to.n);
}

/// to += from, packed as by packed_columns().
inline void add_packed_columns(const Strided<float>& to, const std::vector<float>& from) {
    for (std::int64_t r = 0; r < to.rows; ++r) {
        float* row = to.row(r);
        for (std::int64_t c = 0; c < to.n; ++c) row[c] += from[static_cast<std::size_t>(c * to.rows + r)];
    }
}

/// Tokens up to the last one whose row is not all zero: the steps back start there.
inline std::int64_t live_tokens(const Strided<const float>& dy) {
    std::int64_t end = dy.rows;
    while (end > 0 && all_zero(dy.row(end - 1), dy.n)) --end;
    return end;
}

/// The sink of a source that is wanted; else no memory.
inline View<float> wanted_sink(const Pull& pull, int source) {
    return pull.wants(source) ? pull.dx(source) : View<float>{};
}

}  // namespace llmx::vjp

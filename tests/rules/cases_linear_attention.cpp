// GATED_DELTA_NET, GATED_LINEAR_ATTN, RWKV_WKV6, RWKV_WKV7.

#include <cmath>

#include "case.hpp"

namespace llmx::test {

namespace {

/// y [sequences, tokens, heads, n], then the last states [slots, sequences, heads, n, n], of operations that
/// have a square state a head.
struct Linear {
    std::string name;
    std::int64_t sequences, tokens, heads, n;
    std::int64_t key_heads = 0;
    bool per_element = false;
    std::int64_t slots = 1;

    [[nodiscard]] std::size_t y_at(std::int64_t s, std::int64_t t, std::int64_t h, std::int64_t j) const {
        return static_cast<std::size_t>(((s * tokens + t) * heads + h) * n + j);
    }
    [[nodiscard]] std::size_t state_at(std::int64_t slot, std::int64_t s, std::int64_t h, std::int64_t row,
                                       std::int64_t column) const {
        const std::int64_t state = (((slot * sequences + s) * heads + h) * n + row) * n + column;
        return static_cast<std::size_t>(sequences * tokens * heads * n + state);
    }
    [[nodiscard]] Array result() const { return Array({1, 1, sequences * (tokens + slots * n), heads * n}); }
};

/// One channel from its first state: step(state, t) changes the state and returns y.
template <class Step>
void run_channel(const Linear& n, Array& out, std::int64_t s, std::int64_t h, std::int64_t j, bool in_rows,
                 std::vector<double> state, Step&& step) {
    for (std::int64_t t = 0; t < n.tokens; ++t) {
        out.v[n.y_at(s, t, h, j)] = step(state, t);
        const std::int64_t slot = n.tokens - 1 - t;
        if (slot >= n.slots) continue;
        for (std::int64_t i = 0; i < n.n; ++i) {
            out.v[n.state_at(slot, s, h, in_rows ? j : i, in_rows ? i : j)] =
                state[static_cast<std::size_t>(i)];
        }
    }
}

template <class Channel>
Array for_each_channel(const Linear& n, Channel&& channel) {
    Array out = n.result();
    for (std::int64_t s = 0; s < n.sequences; ++s) {
        for (std::int64_t h = 0; h < n.heads; ++h) {
            for (std::int64_t j = 0; j < n.n; ++j) channel(out, s, h, j);
        }
    }
    return out;
}

/// Row i of an operation's source, as a vector's element: f(i) for i < n.
template <class F>
std::vector<double> vector_of(std::int64_t n, F&& f) {
    std::vector<double> out;
    for (std::int64_t i = 0; i < n; ++i) out.push_back(f(i));
    return out;
}

double inner(const std::vector<double>& a, const std::vector<double>& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

Array delta_net(const Linear& n, const Inputs& x) {
    return for_each_channel(n, [&](Array& out, auto s, auto h, auto j) {
        const auto first = vector_of(n.n, [&](auto i) { return x[5].at(s, h, j, i); });
        run_channel(n, out, s, h, j, true, first, [&](std::vector<double>& state, auto t) {
            const auto q = vector_of(n.n, [&](auto i) { return x[0].at(s, t, h % x[0].shape[2], i); });
            const auto k = vector_of(n.n, [&](auto i) { return x[1].at(s, t, h % x[1].shape[2], i); });
            for (std::int64_t i = 0; i < n.n; ++i)
                state[static_cast<std::size_t>(i)] *= std::exp(x[3].at(s, t, h, n.per_element ? i : 0));
            const double delta = x[4].at(s, t, h, 0) * (x[2].at(s, t, h, j) - inner(state, k));
            for (std::size_t i = 0; i < state.size(); ++i) state[i] += delta * k[i];
            return inner(state, q) / std::sqrt(static_cast<double>(n.n));
        });
    });
}

void add_gated_delta_net(std::vector<Case>& cases) {
    const std::vector<Linear> all{
        {"", 1, 6, 2, 5, 2},
        {"sequences", 2, 4, 2, 8, 2},
        {"shared_keys", 2, 3, 6, 4, 3},
        {"one_token", 2, 1, 2, 3, 1},
        {"one_head", 1, 5, 1, 19, 1},
        {"vector_gate", 2, 4, 4, 5, 2, true},
        {"vector_one", 1, 1, 1, 6, 1, true},
        {"snapshots", 2, 5, 2, 3, 1, false, 3},
        {"vector_snapshots", 1, 4, 2, 3, 2, true, 4},
    };
    for (const Linear& n : all) {
        const Shape per_head{n.sequences, n.tokens, n.heads, 1};
        cases.push_back(
            {"GATED_DELTA_NET",
             n.name,
             {{{n.sequences, n.tokens, n.key_heads, n.n}},
              {.shape = {n.sequences, n.tokens, n.key_heads, n.n}, .low = -0.7, .high = 0.7},
              {{n.sequences, n.tokens, n.heads, n.n}},
              {.shape = {n.sequences, n.tokens, n.heads, n.per_element ? n.n : 1}, .low = -2, .high = -0.1},
              {.shape = per_head, .low = 0.2, .high = 0.9},
              {{n.sequences, n.heads, n.n, n.n}}},
             [n](ggml_context* context, const auto& x) {
                 return ggml_gated_delta_net(context, x[0], x[1], x[2], x[3], x[4], x[5], n.slots);
             },
             [n](const Inputs& x) { return delta_net(n, x); }});
    }
}

/// RWKV's shapes: the tokens of all sequences in one extent, a sequence's states in one row.
const std::vector<Linear>& linear_sizes() {
    static const std::vector<Linear> sizes{{"", 1, 6, 2, 5},          {"sequences", 3, 4, 2, 4},
                                           {"one_token", 1, 1, 2, 3}, {"one_token_each", 2, 1, 3, 3},
                                           {"one_head", 1, 5, 1, 19}, {"vectors", 1, 3, 1, 16}};
    return sizes;
}

Input tokens_of(const Linear& n, double low = -1.5, double high = 1.5) {
    return {.shape = {1, n.sequences * n.tokens, n.heads, n.n}, .low = low, .high = high};
}

Input states_of(const Linear& n) { return {{1, 1, n.sequences, n.heads * n.n * n.n}}; }

/// Element i of a source's row at a token.
std::vector<double> row_at(const Linear& n, const Array& x, std::int64_t s, std::int64_t t, std::int64_t h) {
    return vector_of(n.n, [&](auto i) { return x.at(0, s * n.tokens + t, h, i); });
}

std::vector<double> first_state(const Linear& n, const Array& x, std::int64_t s, std::int64_t h,
                                std::int64_t j, bool in_rows) {
    return vector_of(
        n.n, [&](auto i) { return x.at(0, 0, s, (h * n.n + (in_rows ? j : i)) * n.n + (in_rows ? i : j)); });
}

void add_gated_linear_attn(std::vector<Case>& cases) {
    for (const Linear& n : linear_sizes()) {
        constexpr float scale = 0.4F;
        cases.push_back(
            {"GATED_LINEAR_ATTN",
             n.name,
             {tokens_of(n), tokens_of(n), tokens_of(n), tokens_of(n, 0.2, 0.95), states_of(n)},
             [](ggml_context* context, const auto& x) {
                 return ggml_gated_linear_attn(context, x[0], x[1], x[2], x[3], x[4], scale);
             },
             [n](const Inputs& x) {
                 return for_each_channel(n, [&](Array& out, auto s, auto h, auto j) {
                     const auto step = [&](std::vector<double>& state, auto t) {
                         const auto k = row_at(n, x[0], s, t, h);
                         const auto g = row_at(n, x[3], s, t, h);
                         const double v = x[1].at(0, s * n.tokens + t, h, j);
                         for (std::size_t i = 0; i < state.size(); ++i) state[i] = state[i] * g[i] + v * k[i];
                         return static_cast<double>(scale) * inner(state, row_at(n, x[2], s, t, h));
                     };
                     run_channel(n, out, s, h, j, false, first_state(n, x[4], s, h, j, false), step);
                 });
             }});
    }
}

void add_wkv6(std::vector<Case>& cases) {
    for (const Linear& n : linear_sizes()) {
        cases.push_back({"RWKV_WKV6",
                         n.name,
                         {tokens_of(n),
                          tokens_of(n),
                          tokens_of(n),
                          {{1, 1, n.heads, n.n}},
                          tokens_of(n, 0.2, 0.95),
                          states_of(n)},
                         [](ggml_context* context, const auto& x) {
                             return ggml_rwkv_wkv6(context, x[0], x[1], x[2], x[3], x[4], x[5]);
                         },
                         [n](const Inputs& x) {
                             return for_each_channel(n, [&](Array& out, auto s, auto h, auto j) {
                                 const auto step = [&](std::vector<double>& state, auto t) {
                                     const auto k = row_at(n, x[0], s, t, h);
                                     const auto r = row_at(n, x[2], s, t, h);
                                     const auto w = row_at(n, x[4], s, t, h);
                                     const double v = x[1].at(0, s * n.tokens + t, h, j);
                                     double y = 0;
                                     for (std::size_t i = 0; i < state.size(); ++i) {
                                         const double bonus = x[3].at(0, 0, h, static_cast<std::int64_t>(i));
                                         y += r[i] * (state[i] + bonus * v * k[i]);
                                         state[i] = state[i] * w[i] + v * k[i];
                                     }
                                     return y;
                                 };
                                 run_channel(n, out, s, h, j, false, first_state(n, x[5], s, h, j, false),
                                             step);
                             });
                         }});
    }
}

Array wkv7(const Linear& n, const Inputs& x) {
    return for_each_channel(n, [&](Array& out, auto s, auto h, auto j) {
        const auto step = [&](std::vector<double>& state, auto t) {
            const auto w = row_at(n, x[1], s, t, h);
            const auto k = row_at(n, x[2], s, t, h);
            const auto b = row_at(n, x[5], s, t, h);
            const double v = x[3].at(0, s * n.tokens + t, h, j);
            const double p = inner(row_at(n, x[4], s, t, h), state);
            for (std::size_t i = 0; i < state.size(); ++i) state[i] = state[i] * w[i] + v * k[i] + p * b[i];
            return inner(state, row_at(n, x[0], s, t, h));
        };
        run_channel(n, out, s, h, j, true, first_state(n, x[6], s, h, j, true), step);
    });
}

/// ggml's vector code reads whole vectors of up to 64 numbers, beyond the end of smaller heads. Real heads
/// have 64: at that size ggml agrees with `wkv7`, and the small sizes test the rest.
void add_wkv7(std::vector<Case>& cases) {
    std::vector<Linear> sizes = linear_sizes();
    sizes.push_back({"whole_heads", 2, 2, 2, 64});
    for (const Linear& n : sizes) {
        Case c{"RWKV_WKV7",
               n.name,
               {tokens_of(n), tokens_of(n, 0.2, 0.95), tokens_of(n), tokens_of(n), tokens_of(n, -0.7, 0.7),
                tokens_of(n, -0.7, 0.7), states_of(n)},
               [](ggml_context* context, const auto& x) {
                   return ggml_rwkv_wkv7(context, x[0], x[1], x[2], x[3], x[4], x[5], x[6]);
               },
               [n](const Inputs& x) { return wkv7(n, x); }};
        c.by_ggml = n.n == 64;
        // differences along all coordinates of that size would take long
        for (std::size_t i = 0; c.by_ggml && i < c.inputs.size(); ++i) c.inputs[i].wanted = i == 4;
        cases.push_back(std::move(c));
    }
}

}  // namespace

void add_linear_attention_cases(std::vector<Case>& cases) {
    add_gated_delta_net(cases);
    add_gated_linear_attn(cases);
    add_wkv6(cases);
    add_wkv7(cases);
}

}  // namespace llmx::test

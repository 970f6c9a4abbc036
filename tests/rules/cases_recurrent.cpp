// SSM_CONV, SSM_SCAN.

#include <cmath>

#include "case.hpp"

namespace llmx::test {

namespace {

void add_ssm_conv(std::vector<Case>& cases) {
    struct Sizes {
        std::int64_t sequences, tokens, channels, taps;
    };
    for (const Sizes& n : {Sizes{1, 7, 5, 4}, Sizes{3, 4, 19, 3}, Sizes{2, 1, 6, 4}, Sizes{1, 40, 1, 2}}) {
        cases.push_back(
            {"SSM_CONV",
             text({n.sequences, n.tokens, n.channels, n.taps}),
             {{{1, n.sequences, n.channels, n.tokens + n.taps - 1}}, {{1, 1, n.channels, n.taps}}},
             [](ggml_context* context, const auto& x) { return ggml_ssm_conv(context, x[0], x[1]); },
             [n](const Inputs& x) {
                 return make({1, n.sequences, n.tokens, n.channels}, [&](auto, auto s, auto t, auto c) {
                     double sum = 0;
                     for (std::int64_t i = 0; i < n.taps; ++i)
                         sum += x[0].at(0, s, c, t + i) * x[1].at(0, 0, c, i);
                     return sum;
                 });
             }});
    }
}

struct Scan {
    std::string name;
    std::int64_t memories, sequences, tokens, heads, channels, groups, state;
    bool per_state;
    std::int64_t slots = 1;
};

/// y, then the last states, newest first.
Array scan(const Scan& n, const Inputs& x) {
    const std::int64_t results = n.sequences * n.tokens * n.heads * n.channels;
    const std::int64_t states = n.sequences * n.heads * n.channels * n.state;
    Array out({1, 1, 1, results + n.slots * states});
    for (std::int64_t s = 0; s < n.sequences; ++s) {
        for (std::int64_t h = 0; h < n.heads; ++h) {
            const std::int64_t g = h / (n.heads / n.groups);
            for (std::int64_t i = 0; i < n.channels; ++i) {
                for (std::int64_t k = 0; k < n.state; ++k) {
                    double state = x[0].at(x[6].id(0, 0, 0, s), h, i, k);
                    for (std::int64_t t = 0; t < n.tokens; ++t) {
                        const double dt = std::log1p(std::exp(x[2].at(0, s, t, h)));
                        state = state * std::exp(dt * x[3].at(0, 0, h, n.per_state ? k : 0)) +
                                dt * x[1].at(s, t, h, i) * x[4].at(s, t, g, k);
                        out.v[static_cast<std::size_t>(((s * n.tokens + t) * n.heads + h) * n.channels +
                                                       i)] += state * x[5].at(s, t, g, k);
                        const std::int64_t slot = n.tokens - 1 - t;
                        if (slot >= n.slots) continue;
                        out.v[static_cast<std::size_t>(results + slot * states +
                                                       ((s * n.heads + h) * n.channels + i) * n.state + k)] =
                            state;
                    }
                }
            }
        }
    }
    return out;
}

void add_ssm_scan(std::vector<Case>& cases) {
    const std::vector<Scan> all{
        {"mamba1", 1, 1, 5, 6, 1, 1, 4, true},
        {"mamba1_sequences", 4, 2, 3, 5, 1, 1, 16, true},
        {"mamba1_one_token", 2, 2, 1, 3, 1, 1, 3, true},
        {"mamba1_wide_heads", 1, 1, 3, 4, 3, 2, 5, true},
        {"mamba2", 1, 1, 6, 4, 3, 2, 5, false},
        {"mamba2_sequences", 3, 2, 4, 4, 2, 1, 19, false},
        {"mamba2_one_head", 1, 1, 4, 1, 3, 1, 8, false},
        {"mamba2_one_token", 2, 2, 1, 2, 2, 2, 3, false},
        {"mamba2_snapshots", 2, 2, 5, 2, 2, 1, 4, false, 3},
    };
    for (const Scan& n : all) {
        // decay rates are negative, so that states stay small
        cases.push_back({"SSM_SCAN",
                         n.name,
                         {{{n.memories, n.heads, n.channels, n.state}},
                          {{n.sequences, n.tokens, n.heads, n.channels}},
                          {{1, n.sequences, n.tokens, n.heads}},
                          {.shape = {1, 1, n.heads, n.per_state ? n.state : 1}, .low = -2, .high = -0.1},
                          {{n.sequences, n.tokens, n.groups, n.state}},
                          {{n.sequences, n.tokens, n.groups, n.state}},
                          {.shape = {1, 1, 1, n.sequences},
                           .wanted = false,
                           .type = GGML_TYPE_I32,
                           .low = 0,
                           .high = static_cast<double>(n.memories),
                           .distinct = true}},
                         [n](ggml_context* context, const auto& x) {
                             return ggml_ssm_scan(context, x[0], x[1], x[2], x[3], x[4], x[5], x[6], n.slots);
                         },
                         [n](const Inputs& x) { return scan(n, x); }});
    }
}

}  // namespace

void add_recurrent_cases(std::vector<Case>& cases) {
    add_ssm_conv(cases);
    add_ssm_scan(cases);
}

}  // namespace llmx::test

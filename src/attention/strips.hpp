#pragma once
// Softmax attention a few queries at a time (Dao et al. 2022), so that no matrix of weights has to exist:
// y = P v with P = softmax(z + slope mask) within a row, z = s q k', which may be capped to c tanh(z / c). An
// attention sink adds a term to the denominator.

#include <atomic>
#include <cstdint>
#include <vector>

#include "core/mask.hpp"
#include "core/tensor_view.hpp"

namespace llmx::attention {

/// Attention over fewer keys than this is left to ggml and to its matrix of weights, which is as fast there.
/// Set by tests.
inline std::atomic<std::int64_t> fewest_keys = 512;

/// The heads of one attention. Heads of keys and values are repeated over those of the queries.
struct Heads {
    TensorView<const float> q;  ///< [batches, heads, queries, row]
    TensorView<const float> k;  ///< [batches, heads, keys, row]
    TensorView<const float> v;  ///< [batches, heads, keys, width]; `across`: [batches, heads, width, keys]
    MaskView mask;              ///< [.., .., queries, keys], repeated over batches and heads; or none
    TensorView<const float> sinks;  ///< one of each head; or none
    bool across = false;
    float scale = 1.0F;
    float max_bias = 0.0F;  ///< ALiBi's; 0: the mask counts as it is
    float cap = 0.0F;       ///< 0: none

    [[nodiscard]] std::int64_t keys() const { return k.shape[2]; }
    [[nodiscard]] std::int64_t width() const { return across ? v.shape[2] : v.shape[3]; }
    [[nodiscard]] std::int64_t kv_batch(std::int64_t batch) const {
        return batch / (q.shape[0] / k.shape[0]);
    }
    [[nodiscard]] std::int64_t kv_head(std::int64_t head) const { return head / (q.shape[1] / k.shape[1]); }
};

/// Queries [first, last) of one head; keys outside [begin, end) are masked for all of them.
struct Strip {
    std::int64_t batch = 0;
    std::int64_t head = 0;
    std::int64_t first = 0;
    std::int64_t last = 0;
    std::int64_t begin = 0;
    std::int64_t end = 0;
    [[nodiscard]] std::int64_t rows() const { return last - first; }
    [[nodiscard]] std::int64_t keys() const { return end - begin; }
};

/// Two strips of 4,000 keys are 2 MB.
inline constexpr std::int64_t strip_rows = 64;

/// All queries of a batch, head by head, with the keys that the mask leaves.
std::vector<Strip> strips_of(const Heads& heads, std::int64_t batch);

/// The weights of a strip. Its row r begins at r * Heads::keys().
struct Weights {
    std::vector<float> p;
    std::vector<float> slopes;  ///< of the cap; empty without one
    std::vector<float> mask;    ///< one row
};

/// Uses one thread.
void find_weights(const Heads& heads, const Strip& strip, Weights& weights);

/// y [batches, heads, queries, width], dense.
void attend(const Heads& heads, float* y, int threads);

}  // namespace llmx::attention

#pragma once
// Products of the reverse pass with weight matrices, in float32 or bfloat16. Float32 files are used in place;
// other types are dequantised, and kept from the second time on while a budget lasts.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "engine/pass/graph.hpp"

namespace llmx::vjp {

/// One matrix [rows, columns], dense, of either type; keeps its memory alive.
struct WeightMatrix {
    const float* float32 = nullptr;
    const std::uint16_t* bfloat16 = nullptr;
    std::shared_ptr<const void> owner;

    /// The matrix from this element on.
    [[nodiscard]] WeightMatrix from(std::int64_t element) const {
        return {float32 != nullptr ? float32 + element : nullptr,
                bfloat16 != nullptr ? bfloat16 + element : nullptr, owner};
    }
};

/// Rows of gradients to multiply: `to` [rows, columns of the weight] = `dy` [rows, rows of the weight] times
/// the weight, plus `beta` times what `to` holds.
struct Product {
    std::int64_t rows = 0;
    const float* dy = nullptr;
    std::int64_t dy_stride = 0;  ///< between rows
    float beta = 0;
    float* to = nullptr;
    std::int64_t to_stride = 0;
};

/// Safe for use by several threads at once. Matrices given out must not outlive the object.
class Weights {
public:
    /// `budget`: bytes of converted weights kept between calls.
    explicit Weights(std::size_t budget = 0, bool bfloat16 = false) : budget_(budget), bfloat16_(bfloat16) {}

    /// With matrix number `batch` of a weight (experts: one each). A matrix that is not kept is converted
    /// some rows at a time, each multiplied while it is in the processor's cache.
    void multiply(const engine::TensorInfo& weight, std::int64_t batch, Product product, int threads);
    /// All of a weight as float32, dense.
    WeightMatrix float32(const engine::TensorInfo& weight, int threads = 1);

    [[nodiscard]] bool bfloat16() const { return bfloat16_; }
    /// The number of matrices kept.
    [[nodiscard]] std::size_t kept() {
        const std::scoped_lock lock(mutex_);
        return kept_.size();
    }

private:
    using Key = std::pair<const void*, std::int64_t>;
    using Memory = std::unique_ptr<char[]>;
    std::shared_ptr<char> scratch(std::size_t bytes);
    WeightMatrix whole(const engine::TensorInfo& weight, std::int64_t batch, int threads);
    WeightMatrix convert(const engine::TensorInfo& weight, std::int64_t first_row, std::int64_t rows,
                         bool bfloat16, int threads);

    std::size_t budget_;
    bool bfloat16_;
    std::mutex mutex_;
    std::size_t used_ = 0;
    std::multimap<std::size_t, Memory> idle_;  // scratch by size: fresh pages cost more than converting
    std::set<Key> seen_;
    std::map<Key, WeightMatrix> kept_;
};

}  // namespace llmx::vjp

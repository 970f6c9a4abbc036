#pragma once
// Weight matrices in the form that the reverse pass multiplies with: float32 or bfloat16. Float32 files are
// used in place; other types are dequantised, and kept from the second time on while a budget lasts.

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
};

/// Safe for use by several threads at once. Matrices given out must not outlive the object.
class Weights {
public:
    /// `budget`: bytes of converted weights kept between calls.
    explicit Weights(std::size_t budget = 0, bool bfloat16 = false) : budget_(budget), bfloat16_(bfloat16) {}

    /// Matrix number `batch` (experts: one each) of a weight, in the kind that products use; converted
    /// by at most `threads` threads.
    WeightMatrix matrix(const engine::TensorInfo& weight, std::int64_t batch = 0, int threads = 1);
    /// All of a weight as float32, dense.
    WeightMatrix float32(const engine::TensorInfo& weight, int threads = 1);

    [[nodiscard]] bool bfloat16() const { return bfloat16_; }

private:
    using Key = std::pair<const void*, std::int64_t>;
    using Memory = std::unique_ptr<char[]>;
    std::shared_ptr<char> scratch(std::size_t bytes);
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

#pragma once
// A mask of attention: what is added to the scores, by float, or by bit where it is 0 or -infinity
// everywhere. As floats, that of 8,000 tokens is 256 MB.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/tensor_view.hpp"

namespace llmx {

/// One bit each: 1 is hidden (-infinity), 0 is visible (0).
class MaskBits {
public:
    /// None if any other value is among them.
    static std::optional<MaskBits> of(std::span<const float> values);

    /// Values [first, first + count) as floats.
    void expand(std::int64_t first, std::int64_t count, float* to) const;
    [[nodiscard]] std::int64_t size() const { return size_; }

private:
    std::int64_t size_ = 0;
    std::vector<std::uint32_t> words_;
};

/// A window of a mask, repeated over batches and heads as ggml repeats it; or none.
class MaskView {
public:
    MaskView() = default;
    MaskView(const TensorView<const float>& floats)  // NOLINT(google-explicit-constructor)
        : window_(floats), is_set_(static_cast<bool>(floats)) {}
    MaskView(const MaskBits& bits, std::int64_t first, const Shape& shape, const Shape& strides)
        : window_{nullptr, shape, strides}, bits_(&bits), first_(first), is_set_(true) {}

    explicit operator bool() const { return is_set_; }
    /// How many heads have a mask of their own.
    [[nodiscard]] std::int64_t heads() const { return window_.shape[1]; }

    /// Columns [begin, end) of the row of (i0, i1, i2), in the mask itself or in `scratch`.
    [[nodiscard]] const float* row(std::int64_t i0, std::int64_t i1, std::int64_t i2, std::int64_t begin,
                                   std::int64_t end, std::vector<float>& scratch) const;

private:
    TensorView<const float> window_;  // rows contiguous; without data where there are bits
    const MaskBits* bits_ = nullptr;
    std::int64_t first_ = 0;
    bool is_set_ = false;
};

}  // namespace llmx

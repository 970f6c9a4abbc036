#include "core/mask.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace llmx {

namespace {

constexpr float hidden = -std::numeric_limits<float>::infinity();
constexpr std::int64_t word_bits = 32;

/// The values of a word, lowest bit first.
void expand_word(std::uint32_t word, float* to) {
    constexpr auto hidden_bits = std::bit_cast<std::uint32_t>(hidden);
#pragma omp simd
    for (std::uint32_t i = 0; i < word_bits; ++i)
        to[i] = std::bit_cast<float>((0U - (word >> i & 1U)) & hidden_bits);
}

}  // namespace

std::optional<MaskBits> MaskBits::of(std::span<const float> values) {
    MaskBits mask;
    mask.size_ = static_cast<std::int64_t>(values.size());
    mask.words_.resize((values.size() + word_bits - 1) / word_bits);
    for (std::size_t w = 0; w < mask.words_.size(); ++w) {
        const std::span<const float> part =
            values.subspan(w * word_bits, std::min<std::size_t>(word_bits, values.size() - w * word_bits));
        std::uint32_t word = 0;
        bool is_mask = true;
        for (std::size_t i = 0; i < part.size(); ++i) {
            word |= static_cast<std::uint32_t>(part[i] == hidden) << i;
            is_mask = is_mask && (part[i] == hidden || part[i] == 0.0F);
        }
        if (!is_mask) return std::nullopt;
        mask.words_[w] = word;
    }
    return mask;
}

void MaskBits::expand(std::int64_t first, std::int64_t count, float* to) const {
    const auto value = [&](std::int64_t i) {
        const std::uint32_t word = words_[static_cast<std::size_t>(i / word_bits)];
        return (word >> static_cast<unsigned>(i % word_bits) & 1U) != 0 ? hidden : 0.0F;
    };
    std::int64_t i = first;
    const std::int64_t last = first + count;
    for (; i < last && i % word_bits != 0; ++i) *to++ = value(i);
    for (; i + word_bits <= last; i += word_bits, to += word_bits)
        expand_word(words_[static_cast<std::size_t>(i / word_bits)], to);
    for (; i < last; ++i) *to++ = value(i);
}

const float* MaskView::row(std::int64_t i0, std::int64_t i1, std::int64_t i2, std::int64_t begin,
                           std::int64_t end, std::vector<float>& scratch) const {
    const Shape& shape = window_.shape;
    if (bits_ == nullptr) return window_.row(i0 % shape[0], i1 % shape[1], i2 % shape[2]) + begin;
    const Shape& strides = window_.strides;
    const std::int64_t row =
        i0 % shape[0] * strides[0] + i1 % shape[1] * strides[1] + i2 % shape[2] * strides[2];
    scratch.resize(static_cast<std::size_t>(end - begin));
    bits_->expand(first_ + row + begin, end - begin, scratch.data());
    return scratch.data();
}

}  // namespace llmx

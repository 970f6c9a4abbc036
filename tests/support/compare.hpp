#pragma once
// Measures of agreement.

#include <algorithm>
#include <cmath>
#include <span>
#include <stdexcept>
#include <vector>

namespace llmx::test {

inline void same_size(std::span<const float> a, std::span<const float> b) {
    if (a.size() != b.size()) throw std::runtime_error("compare: sizes differ");
}

/// |a - truth| / |truth|, Euclidean.
inline double relative_l2(std::span<const float> a, std::span<const float> truth) {
    same_size(a, truth);
    double difference = 0;
    double norm = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        difference += std::pow(static_cast<double>(a[i]) - truth[i], 2);
        norm += std::pow(static_cast<double>(truth[i]), 2);
    }
    return std::sqrt(difference / norm);
}

inline double cosine(std::span<const float> a, std::span<const float> b) {
    same_size(a, b);
    double ab = 0;
    double aa = 0;
    double bb = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        ab += static_cast<double>(a[i]) * b[i];
        aa += static_cast<double>(a[i]) * a[i];
        bb += static_cast<double>(b[i]) * b[i];
    }
    return ab / std::sqrt(aa * bb);
}

inline double max_difference(std::span<const float> a, std::span<const float> b) {
    same_size(a, b);
    double largest = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        largest = std::max(largest, std::abs(static_cast<double>(a[i]) - b[i]));
    return largest;
}

/// Spearman's rank correlation, ties sharing their mean rank.
inline double rank_correlation(std::span<const float> a, std::span<const float> b) {
    same_size(a, b);
    const auto ranks = [](std::span<const float> values) {
        std::vector<float> result;
        for (const float v : values) {
            const auto below = std::count_if(values.begin(), values.end(), [v](float w) { return w < v; });
            const auto equal = std::count(values.begin(), values.end(), v);
            const auto mean = static_cast<double>(below) + static_cast<double>(equal - 1) / 2.0;
            result.push_back(static_cast<float>(mean - static_cast<double>(values.size() - 1) / 2.0));
        }
        return result;
    };
    return cosine(ranks(a), ranks(b));
}

}  // namespace llmx::test

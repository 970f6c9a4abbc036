#pragma once
// Random numbers that are the same for a seed on every platform: the standard fixes std::mt19937_64, but
// neither its distributions nor std::shuffle.

#include <cmath>
#include <cstdint>
#include <random>
#include <span>
#include <utility>

namespace llmx {

class Random {
public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}

    /// One of 0 ... count - 1, uniformly; count > 0.
    std::uint64_t below(std::uint64_t count) {
        const std::uint64_t excess = (0 - count) % count;  // 2^64 mod count: draws below it would count twice
        std::uint64_t draw = engine_();
        while (draw < excess) draw = engine_();
        return draw % count;
    }

    /// In [0, 1), a multiple of 2^-53.
    double uniform() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }

    /// Normal with mean 0 and standard deviation 1 (Marsaglia's polar method).
    double normal() {
        double u = 0;
        double length = 0;
        while (length == 0 || length >= 1) {
            u = 2 * uniform() - 1;
            const double v = 2 * uniform() - 1;
            length = u * u + v * v;
        }
        return u * std::sqrt(-2 * std::log(length) / length);
    }

    bool coin() { return (engine_() >> 63) != 0; }

    /// Shuffles uniformly (Fisher and Yates).
    template <class T>
    void shuffle(std::span<T> values) {
        for (std::size_t left = values.size(); left > 1; --left) {
            using std::swap;
            swap(values[left - 1], values[below(left)]);
        }
    }

private:
    std::mt19937_64 engine_;
};

}  // namespace llmx

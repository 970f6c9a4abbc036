#include "record/packed_weights.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <llmx/error.hpp>

namespace llmx::record {

void pack_row(std::span<const float> weights, AttentionMap& map) {
    constexpr int most = 255;
    const float largest = weights.empty() ? 0 : *std::max_element(weights.begin(), weights.end());
    const float step = largest / most;
    map.steps.push_back(step);
    int zeros = 0;
    const auto end_run = [&] {
        if (zeros > 0) map.packed.insert(map.packed.end(), {0, static_cast<std::uint8_t>(zeros)});
        zeros = 0;
    };
    for (const float weight : weights) {
        // a step too small to divide by means that all weights are practically zero
        const long level = step > 0 ? std::min<long>(std::lround(weight / step), most) : 0;
        if (level == 0) {
            if (++zeros == most) end_run();
            continue;
        }
        end_run();
        map.packed.push_back(static_cast<std::uint8_t>(level));
    }
    end_run();
}

}  // namespace llmx::record

namespace llmx {

Tensor unpack(const AttentionMap& map, int keys) {
    const std::size_t wanted = map.steps.size() * static_cast<std::size_t>(keys);
    std::size_t count = 0;
    const auto refuse = [&](std::size_t got) {
        throw Error(ErrorCode::input, fmt::format("attention map: block {}, head {} holds {}{} weights; "
                                                  "expected {} rows of {}",
                                                  map.block, map.head, got > wanted ? "more than " : "",
                                                  std::min(got, wanted), map.steps.size(), keys));
    };
    for (std::size_t i = 0; i < map.packed.size(); ++i) {
        if (map.packed[i] != 0) {
            ++count;
        } else if (++i < map.packed.size()) {
            count += map.packed[i];
        } else {
            refuse(count);
        }
        if (count > wanted) refuse(count);
    }
    if (count != wanted) refuse(count);
    Tensor weights = Tensor::zero({static_cast<std::int64_t>(map.steps.size()), keys});
    std::size_t at = 0;
    for (std::size_t i = 0; i < map.packed.size(); ++i) {
        if (map.packed[i] == 0) {
            at += map.packed[++i];
        } else {
            weights.values[at] =
                static_cast<float>(map.packed[i]) * map.steps[at / static_cast<std::size_t>(keys)];
            ++at;
        }
    }
    return weights;
}

}  // namespace llmx

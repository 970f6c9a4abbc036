#include "record/budgeted_selection.hpp"

namespace llmx::record {

std::vector<int> spread(int count) {
    std::vector<int> places(static_cast<std::size_t>(count), -1);
    int next = 0;
    const auto place = [&](int i) {
        if (places[static_cast<std::size_t>(i)] < 0) places[static_cast<std::size_t>(i)] = next++;
    };
    if (count == 0) return places;
    place(0);
    place(count - 1);
    std::vector<std::pair<int, int>> gaps = {{0, count - 1}};
    for (std::size_t i = 0; i < gaps.size(); ++i) {  // the gaps of one size before the smaller ones
        const auto [first, last] = gaps[i];
        if (last - first < 2) continue;
        const int middle = (first + last) / 2;
        place(middle);
        gaps.emplace_back(first, middle);
        gaps.emplace_back(middle, last);
    }
    return places;
}

}  // namespace llmx::record

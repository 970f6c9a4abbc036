#include "view/json_place.hpp"

#include <algorithm>
#include <span>

namespace llmx::view {
namespace {

constexpr std::int64_t unknown = -1;

template <class Number>
void read_below(const Place& place, std::span<std::int64_t> shape, std::vector<Number>& values) {
    const auto size = static_cast<std::int64_t>(place.size());
    const bool innermost = shape.size() == 1;
    if (shape[0] != unknown && shape[0] != size) {
        if (!innermost) place.refuse(fmt::format("{} rows", shape[0]));
        require_numbers(place, place.size(), static_cast<std::size_t>(shape[0]));
    }
    shape[0] = size;
    for (std::size_t i = 0; i < place.size(); ++i) {
        const Place entry = place.at(i);
        if (!innermost) {
            read_below(entry, shape.subspan(1), values);
        } else if constexpr (std::is_integral_v<Number>) {
            values.push_back(entry.whole());
        } else {
            values.push_back(entry.single());
        }
    }
}

template <class Number>
void read_all(const Place& place, std::vector<std::int64_t>& shape, std::vector<Number>& values) {
    std::fill(shape.begin(), shape.end(), unknown);
    read_below(place, std::span(shape), values);
    std::replace(shape.begin(), shape.end(), unknown, std::int64_t{0});
}

}  // namespace

void require_numbers(const Place& place, std::size_t got, std::size_t expected) {
    if (got == expected) return;
    throw Error(ErrorCode::input,
                fmt::format("{}: has {} numbers; expected {}", place.path(), got, expected));
}

void read_lists(const Place& place, std::vector<std::int64_t>& shape, std::vector<float>& values) {
    read_all(place, shape, values);
}
void read_lists(const Place& place, std::vector<std::int64_t>& shape, std::vector<int>& values) {
    read_all(place, shape, values);
}

}  // namespace llmx::view

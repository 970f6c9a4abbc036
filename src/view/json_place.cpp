#include "view/json_place.hpp"

namespace llmx::view {

std::vector<std::string> texts(const Place& p) {
    return list(p, [](const Place& entry) { return entry.text(); });
}
std::vector<int> wholes(const Place& p) {
    return list(p, [](const Place& entry) { return entry.whole(); });
}
std::vector<double> doubles(const Place& p) {
    return list(p, [](const Place& entry) { return entry.number(); });
}
std::vector<float> floats(const Place& p) {
    return list(p, [](const Place& entry) { return static_cast<float>(entry.number()); });
}

Tensor matrix(const Place& place, std::optional<std::size_t> columns) {
    Tensor m;
    for (std::size_t i = 0; i < place.size(); ++i) {
        const Place row = place.at(i);
        const std::size_t width = columns.value_or(row.size());
        if (row.size() != width) {
            throw Error(ErrorCode::input,
                        fmt::format("{}: has {} numbers; expected {}", row.path(), row.size(), width));
        }
        columns = width;
        const std::vector<float> numbers = floats(row);
        m.values.insert(m.values.end(), numbers.begin(), numbers.end());
    }
    m.shape = {static_cast<std::int64_t>(place.size()), static_cast<std::int64_t>(columns.value_or(0))};
    return m;
}

std::pair<int, int> range(const Place& place) {
    if (place.size() != 2) place.refuse("two whole numbers");
    return {place.at(std::size_t{0}).whole(), place.at(std::size_t{1}).whole()};
}

}  // namespace llmx::view

#include <array>

#include "unit/split.hpp"

namespace llmx::unit {

namespace {

constexpr std::array coarse_to_fine{UnitKind::turn, UnitKind::paragraph, UnitKind::sentence, UnitKind::word};

/// For each of the units, the one of `groups` that its first row is in.
std::vector<int> numbers(const std::vector<Unit>& units, const std::vector<Unit>& groups, std::size_t rows) {
    std::vector<int> group_of(rows, -1);
    for (std::size_t g = 0; g < groups.size(); ++g) {
        for (const int row : groups[g].tokens) group_of[static_cast<std::size_t>(row)] = static_cast<int>(g);
    }
    std::vector<int> found;
    found.reserve(units.size());
    for (const Unit& unit : units) found.push_back(group_of[static_cast<std::size_t>(unit.tokens.front())]);
    return found;
}

}  // namespace

std::vector<std::vector<int>> levels_of(const Text& text, const UnitChoice& choice,
                                        const std::vector<Unit>& units) {
    std::vector<std::vector<int>> levels;
    for (const UnitKind kind : coarse_to_fine) {
        if (kind == choice.kind) break;
        if (kind == UnitKind::turn && text.parts.empty()) continue;
        if (kind == UnitKind::sentence && choice.kind == UnitKind::line) break;
        UnitChoice coarser = choice;
        coarser.kind = kind;
        coarser.spans.clear();
        coarser.pattern.clear();
        levels.push_back(numbers(units, split(text, coarser), text.tokens.size()));
    }
    return levels;
}

}  // namespace llmx::unit

#include "compare/align.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <llmx/error.hpp>
#include <string_view>

#include "core/trim.hpp"

namespace llmx::align {
namespace {

std::vector<std::string_view> texts(const std::vector<Unit>& units) {
    std::vector<std::string_view> all;
    all.reserve(units.size());
    for (const Unit& u : units) all.push_back(trimmed(u.text));
    return all;
}

constexpr std::size_t largest_table = std::size_t{1} << 28;  // cells of four bytes

}  // namespace

Matches one_to_one(const std::vector<Unit>& first, const std::vector<Unit>& second) {
    Matches matches;
    matches.reserve(first.size());
    const std::size_t common = std::min(first.size(), second.size());
    for (std::size_t i = 0; i < common; ++i) {
        if (first[i].text != second[i].text) {
            throw Error(ErrorCode::input,
                        fmt::format("units differ: unit {} is {} \"{}\" in the first and {} \"{}\" in the "
                                    "second; expected the same units",
                                    i, first[i].kind, first[i].text, second[i].kind, second[i].text));
        }
        matches.emplace_back(i, i);
    }
    if (first.size() != second.size()) {
        throw Error(ErrorCode::input,
                    fmt::format("units differ: {} in the first, {} in the second; expected the same units",
                                first.size(), second.size()));
    }
    return matches;
}

Matches by_text(const std::vector<Unit>& first, const std::vector<Unit>& second) {
    const auto a = texts(first);
    const auto b = texts(second);
    const std::size_t width = b.size() + 1;
    if ((a.size() + 1) * width > largest_table) {
        throw Error(ErrorCode::input, fmt::format("units: {} and {} are too many to align by their texts; "
                                                  "expected larger units",
                                                  a.size(), b.size()));
    }
    // longest[i, j]: of a from i on and b from j on.
    std::vector<std::uint32_t> longest((a.size() + 1) * width, 0);
    for (std::size_t i = a.size(); i-- > 0;) {
        for (std::size_t j = b.size(); j-- > 0;) {
            const bool same = !a[i].empty() && a[i] == b[j];
            longest[i * width + j] = same
                                         ? longest[(i + 1) * width + j + 1] + 1
                                         : std::max(longest[(i + 1) * width + j], longest[i * width + j + 1]);
        }
    }
    Matches matches;
    for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
        if (!a[i].empty() && a[i] == b[j]) {
            matches.emplace_back(i++, j++);
        } else if (longest[(i + 1) * width + j] >= longest[i * width + j + 1]) {
            ++i;
        } else {
            ++j;
        }
    }
    return matches;
}

}  // namespace llmx::align

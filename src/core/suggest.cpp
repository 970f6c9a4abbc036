#include "core/suggest.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

namespace llmx {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

int edit_distance(std::string_view a, std::string_view b) {
    // Three rows of the table: swaps of neighbours look two back.
    std::vector<int> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
    std::iota(last.begin(), last.end(), 0);
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = static_cast<int>(i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const bool same = lower(a[i - 1]) == lower(b[j - 1]);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
            const bool swapped =
                i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]);
            if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
        }
        std::swap(before, last);
        std::swap(last, row);
    }
    return last[b.size()];
}

std::vector<std::string> nearest(std::string_view name, std::span<const std::string> known,
                                 std::size_t count) {
    std::vector<std::pair<int, std::size_t>> ranked;
    for (std::size_t i = 0; i < known.size(); ++i) ranked.emplace_back(edit_distance(name, known[i]), i);
    std::sort(ranked.begin(), ranked.end());
    std::vector<std::string> names;
    for (const auto& [distance, i] : ranked) {
        if (names.size() == count) break;
        if (std::find(names.begin(), names.end(), known[i]) == names.end()) names.push_back(known[i]);
    }
    return names;
}

std::string shortened(std::string_view text) {
    constexpr std::size_t most = 80;
    if (text.size() <= most) return std::string(text);
    std::size_t end = most;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // within a character
    return std::string(text.substr(0, end)) + "...";
}

std::string unknown_message(std::string_view what, std::string_view given,
                            std::span<const std::string> known) {
    const std::string name = shortened(given);
    std::string message = fmt::format("unknown {} \"{}\"", what, name);
    if (!known.empty() && known.size() <= 30) message += fmt::format("; known: {}", fmt::join(known, ", "));
    if (!known.empty()) message += fmt::format("; nearest: {}", nearest(name, known).front());
    return message;
}

void throw_unknown(std::string_view what, std::string_view name, std::span<const std::string> known,
                   ErrorCode code) {
    throw Error(code, unknown_message(what, name, known));
}

}  // namespace llmx

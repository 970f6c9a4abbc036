#include "unit/split.hpp"

#include <algorithm>
#include <cmath>
#include <llmx/error.hpp>

#include "core/utf8.hpp"

namespace llmx::unit {

std::vector<bool> held(const Text& text, const UnitChoice& choice) {
    return choice.hold == "none" ? std::vector<bool>(text.tokens.size(), false) : text.special;
}

std::vector<Unit> split(const Text& text, const UnitChoice& choice) {
    const std::vector<bool> left_out = held(text, choice);
    std::vector<Unit> units;
    for (std::size_t row = 0; row < text.tokens.size(); ++row) {
        if (!left_out[row])
            units.push_back({utf8::replace_invalid(text.tokens[row]), "token", {static_cast<int>(row)}});
    }
    return units;
}

std::vector<int> rows_between(const Text& text, std::pair<int, int> characters) {
    std::vector<int> rows;
    std::size_t at = 0;
    const auto first = static_cast<std::size_t>(characters.first);
    const auto last = static_cast<std::size_t>(characters.second);
    for (int row = 0; row < text.prompt; ++row) {
        const std::string& token = text.tokens[static_cast<std::size_t>(row)];
        const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; };
        const std::size_t next =
            at + static_cast<std::size_t>(std::count_if(token.begin(), token.end(), begins));
        if (at < last && next > first) rows.push_back(row);
        at = next;
    }
    return rows;
}

Tensor aggregate(const Tensor& scores, const std::vector<Unit>& units, const std::string& aggregation) {
    Tensor all = Tensor::zero({scores.shape[0], static_cast<std::int64_t>(units.size())});
    for (std::size_t t = 0; t < static_cast<std::size_t>(scores.shape[0]); ++t) {
        for (std::size_t u = 0; u < units.size(); ++u) {
            double sum = 0;
            float largest = 0;
            for (const int row : units[u].tokens) {
                const float score = scores.row(t)[static_cast<std::size_t>(row)];
                sum += score;
                if (std::abs(score) > std::abs(largest)) largest = score;
            }
            if (aggregation == "mean") sum /= static_cast<double>(units[u].tokens.size());
            all.row(t)[u] = aggregation == "max_abs" ? largest : static_cast<float>(sum);
        }
    }
    return all;
}

void require_choice(const UnitChoice& choice) {
    if (choice.kind != "token") throw Error(ErrorCode::usage, "unit: " + choice.kind);
}

}  // namespace llmx::unit

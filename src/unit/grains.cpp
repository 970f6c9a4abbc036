#include "unit/grains.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <llmx/error.hpp>
#include <optional>

#include "text/utf8.hpp"
#include "unit/breaks.hpp"

namespace llmx::unit {

namespace {

std::string_view cut(std::string_view text, const Range& range) {
    return text.substr(range.first, range.second - range.first);
}

/// Without the white space at its ends.
Range inked(std::string_view text, const Range& bytes) {
    const std::string_view own = cut(text, bytes);
    const std::vector<std::size_t> begins = utf8::character_offsets(own);
    const auto white = [&](std::size_t i) { return is_white_space(cut(own, {begins[i], begins[i + 1]})); };
    std::size_t first = 0;
    std::size_t last = begins.size() - 1;
    while (first < last && white(first)) ++first;
    if (first == last) return {bytes.first, bytes.first};
    while (white(last - 1)) --last;
    return {bytes.first + begins[first], bytes.first + begins[last]};
}

void require_consistent(const Text& text, std::size_t prompt_bytes) {
    const std::size_t rows = text.tokens.size();
    if (text.special.size() != rows || text.prompt < 0 || static_cast<std::size_t>(text.prompt) > rows) {
        throw Error(ErrorCode::internal,
                    fmt::format("units: {} tokens, {} marks of control tokens, a prompt of {}", rows,
                                text.special.size(), text.prompt));
    }
    std::size_t reached = 0;
    for (const UnitChoice::Part& part : text.parts) {
        if (part.first < reached || part.last < part.first || part.last > prompt_bytes) {
            throw Error(
                ErrorCode::usage,
                fmt::format("units: part {}:{} ({}); expected parts of the prompt's {} bytes, ascending",
                            part.first, part.last, part.role, prompt_bytes));
        }
        reached = part.last;
    }
}

std::vector<std::string_view> characters_of(std::string_view text) {
    const std::vector<std::size_t> begins = utf8::character_offsets(text);
    std::vector<std::string_view> all;
    for (std::size_t i = 0; i + 1 < begins.size(); ++i) all.push_back(cut(text, {begins[i], begins[i + 1]}));
    return all;
}

/// Where each character of `shown` stands in `spelled`, if they differ in nothing but white space.
std::optional<std::vector<Range>> places_in(std::string_view spelled, std::string_view shown) {
    const std::vector<std::string_view> from = characters_of(spelled);
    std::vector<Range> places;
    std::size_t at = 0, byte = 0;
    for (const std::string_view c : characters_of(shown)) {
        while (at < from.size() && utf8::replace_invalid(from[at]) != c && is_white_space(from[at]))
            byte += from[at++].size();
        if (at < from.size() && utf8::replace_invalid(from[at]) == c) {
            places.emplace_back(byte, byte + from[at].size());
            byte += from[at++].size();
        } else if (is_white_space(c)) {
            places.emplace_back(byte, byte);
        } else {
            return std::nullopt;
        }
    }
    while (at < from.size() && is_white_space(from[at])) ++at;
    if (at < from.size()) return std::nullopt;
    return places;
}

/// Places are given in the prompt as it is shown. Where that is another text than its tokens spell, they are
/// given in what the tokens spell.
void show(Grains& grains, const std::string& shown) {
    const std::string spelled = grains.text.substr(0, grains.prompt);
    std::optional<std::vector<Range>> places = places_in(spelled, shown);
    grains.shown = places && !shown.empty() ? shown : spelled;
    grains.characters = places && !shown.empty() ? *std::move(places)
                                                 : places_in(spelled, utf8::replace_invalid(spelled)).value();
}

int part_of(const Grain& grain, const std::vector<UnitChoice::Part>& parts) {
    const auto found = std::find_if(parts.begin(), parts.end(), [&](const UnitChoice::Part& part) {
        return grain.touches({part.first, part.last});
    });
    return found == parts.end() ? -1 : static_cast<int>(found - parts.begin());
}

}  // namespace

bool Grain::touches(const Range& range) const {
    if (range.first == range.second) return false;
    // A row without bytes belongs to the range that begins or ends at its position.
    if (bytes.first == bytes.second) return range.first < bytes.first && bytes.first < range.second;
    if (white()) return range.first <= bytes.first && bytes.first < range.second;
    return inked.first < range.second && range.first < inked.second;
}

Grains grains(const Text& text) {
    Grains result;
    std::vector<std::size_t> begins{0};
    for (const std::string& token : text.tokens) {
        result.text += token;
        begins.push_back(result.text.size());
    }
    const int rows = static_cast<int>(text.tokens.size());
    const auto begin = [&](int row) { return begins[static_cast<std::size_t>(row)]; };
    require_consistent(text, text.prompt <= rows && text.prompt >= 0 ? begin(text.prompt) : 0);
    result.prompt = begin(text.prompt);
    show(result, text.shown_prompt);
    const auto special = [&](int row) { return text.special[static_cast<std::size_t>(row)]; };
    int first = 0;
    while (first < rows) {  // a stretch between control tokens
        int last = first + 1;
        while (!special(first) && last < rows && !special(last) && last != text.prompt) ++last;
        std::vector<std::size_t> characters =
            utf8::character_offsets(cut(result.text, {begin(first), begin(last)}));
        for (std::size_t& at : characters) at += begin(first);
        while (first < last) {
            int next = first + 1;
            while (next < last && !std::binary_search(characters.begin(), characters.end(), begin(next)))
                ++next;
            Grain grain{first, next, {begin(first), begin(next)}, {}, special(first), first >= text.prompt,
                        -1};
            grain.inked = inked(result.text, grain.bytes);
            if (!grain.answer) grain.part = part_of(grain, text.parts);
            result.all.push_back(grain);
            first = next;
        }
    }
    return result;
}

Range bytes_of(const Grains& grains, std::string_view key, std::pair<int, int> characters) {
    const auto [first, last] = characters;
    const int count = static_cast<int>(grains.characters.size());
    if (first < 0 || first >= last || last > count) {
        throw Error(
            ErrorCode::input,
            fmt::format("`{}`: got characters {}:{} of a prompt of {}; expected A:B with 0 <= A < B <= {}",
                        key, first, last, count, count));
    }
    return {grains.characters[static_cast<std::size_t>(first)].first,
            grains.characters[static_cast<std::size_t>(last - 1)].second};
}

}  // namespace llmx::unit

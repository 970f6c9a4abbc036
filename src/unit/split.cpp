#include "unit/split.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <llmx/error.hpp>
#include <map>

#include "text/utf8.hpp"
#include "unit/breaks.hpp"
#include "unit/grains.hpp"

namespace llmx::unit {

namespace {

void require_parts(const Text& text, const UnitChoice& choice, const std::string& asked) {
    if (!text.parts.empty()) return;
    throw Error(ErrorCode::usage,
                asked + ": " +
                    (choice.unplaced.empty()
                         ? "the prompt is neither a chat nor a task with parts; expected `user` or `messages`"
                         : choice.unplaced));
}

/// Units under construction: each grain is assigned to one of them.
class Sorting {
public:
    Sorting(const Text& text, Grains grains, const std::vector<bool>& fixed)
        : text_(text), grains_(std::move(grains)) {
        std::erase_if(grains_.all,
                      [&](const Grain& grain) { return fixed[static_cast<std::size_t>(grain.first)]; });
        unit_.assign(grains_.all.size(), none);
    }

    static constexpr int none = -1;

    [[nodiscard]] const Grains& grains() const { return grains_; }
    [[nodiscard]] std::size_t size() const { return unit_.size(); }
    [[nodiscard]] const Grain& grain(std::size_t i) const { return grains_.all[i]; }
    int open(std::string kind) {
        kinds_.push_back(std::move(kind));
        return static_cast<int>(kinds_.size()) - 1;
    }
    void put(std::size_t grain, int unit) { unit_[grain] = unit; }
    /// Into the unit of the grain before it, if that is of this kind and `joins`; else into a new one.
    void put_on(std::size_t grain, const std::string& kind, bool joins = true) {
        const int before = grain == 0 ? none : unit_[grain - 1];
        const bool same = joins && before != none && kinds_[static_cast<std::size_t>(before)] == kind;
        unit_[grain] = same ? before : open(kind);
    }
    /// White space among grains [first, last) that is in no unit yet: into the unit before it, or after it.
    void put_white(std::size_t first, std::size_t last, const std::string& kind) {
        for (std::size_t i = first + 1; i < last; ++i) {
            if (unit_[i] == none) unit_[i] = unit_[i - 1];
        }
        const auto begin = unit_.begin() + static_cast<std::ptrdiff_t>(first);
        const auto end = unit_.begin() + static_cast<std::ptrdiff_t>(last);
        const auto known = std::find_if(begin, end, [](int unit) { return unit != none; });
        std::fill(begin, known, known == end ? open(kind) : *known);
    }
    /// The end of the run of grains from `first` on that are `same`.
    template <class Same>
    [[nodiscard]] std::size_t stretch(std::size_t first, const Same& same) const {
        std::size_t last = first + 1;
        while (last < size() && grain(last).first == grain(last - 1).last && same(grain(first), grain(last)))
            ++last;
        return last;
    }

    [[nodiscard]] std::vector<Unit> units() const {
        std::vector<Unit> result;
        std::map<int, std::size_t> place;
        for (std::size_t i = 0; i < size(); ++i) {
            const auto [found, is_new] = place.try_emplace(unit_[i], result.size());
            if (is_new) result.push_back({{}, kinds_[static_cast<std::size_t>(unit_[i])], {}});
            for (int row = grain(i).first; row < grain(i).last; ++row)
                result[found->second].tokens.push_back(row);
        }
        for (Unit& unit : result) {
            for (const int row : unit.tokens) unit.text += text_.tokens[static_cast<std::size_t>(row)];
            unit.text = utf8::replace_invalid(unit.text);
        }
        return result;
    }

private:
    const Text& text_;
    Grains grains_;
    std::vector<int> unit_;  // of each grain
    std::vector<std::string> kinds_;
};

std::vector<Unit> by_token(const Text& text, const std::vector<bool>& fixed) {
    std::vector<Unit> units;
    for (std::size_t row = 0; row < text.tokens.size(); ++row) {
        if (fixed[row]) continue;
        units.push_back({utf8::replace_invalid(text.tokens[row]), "token", {static_cast<int>(row)}});
    }
    return units;
}

/// Turns: one unit per part. Roles: one unit for all parts of a role.
void by_parts(Sorting& sorting, const std::vector<UnitChoice::Part>& parts, bool roles) {
    std::map<std::string, int> known;
    const auto unit = [&](const std::string& name, const std::string& kind) {
        const auto [found, is_new] = known.try_emplace(name, 0);
        if (is_new) found->second = sorting.open(kind);
        return found->second;
    };
    for (std::size_t i = 0; i < sorting.size(); ++i) {
        const Grain& grain = sorting.grain(i);
        if (grain.answer) {
            sorting.put(i, unit("answer", "answer"));
        } else if (grain.part >= 0) {
            const std::string& role = parts[static_cast<std::size_t>(grain.part)].role;
            sorting.put(i, unit(roles ? "role " + role : fmt::format("part {}", grain.part), role));
        } else if (roles) {
            sorting.put(i, unit("template", "template"));
        } else {
            const bool joins = i > 0 && sorting.grain(i - 1).part < 0;
            sorting.put_on(i, "template", joins);
        }
    }
}

/// Words, sentences and so on within a range of text that none of them crosses.
void divide(Sorting& sorting, std::size_t first, std::size_t last, Division division,
            const std::string& kind) {
    const std::size_t from = sorting.grain(first).bytes.first;
    const std::size_t to = sorting.grain(last - 1).bytes.second;
    const std::vector<std::size_t> breaks =
        ends(std::string_view(sorting.grains().text).substr(from, to - from), division);
    const auto number = [&](std::size_t byte) {
        return std::upper_bound(breaks.begin(), breaks.end(), byte - from) - breaks.begin();
    };
    int unit = Sorting::none;
    std::ptrdiff_t reached = -1;  // the last word that the unit has text of
    for (std::size_t i = first; i < last; ++i) {
        const Grain& grain = sorting.grain(i);
        if (grain.white()) continue;
        if (number(grain.inked.first) > reached) unit = sorting.open(kind);
        reached = std::max(reached, number(grain.inked.second - 1));
        sorting.put(i, unit);
    }
    sorting.put_white(first, last, kind);
}

void by_divisions(Sorting& sorting, const Text& text, Division division, const std::string& kind) {
    const auto same = [](const Grain& a, const Grain& b) {
        return !a.special && !b.special && a.answer == b.answer && a.part == b.part;
    };
    for (std::size_t first = 0, last = 0; first < sorting.size(); first = last) {
        const Grain& grain = sorting.grain(first);
        last = sorting.stretch(first, same);
        if (grain.special) {
            sorting.put(first, sorting.open("special"));
        } else if (!grain.answer && grain.part < 0 && !text.parts.empty()) {
            const bool joins = first > 0 && sorting.grain(first - 1).part < 0;
            for (std::size_t i = first; i < last; ++i) sorting.put_on(i, "template", i > first || joins);
        } else {
            divide(sorting, first, last, division, kind);
        }
    }
}

/// Matches or spans, ascending, and the text between them; returns the unit of each, or none.
std::vector<int> by_ranges(Sorting& sorting, const std::vector<Range>& ranges, const std::string& kind) {
    std::vector<int> units(ranges.size(), Sorting::none);
    const auto touched = [&](const Grain& grain) -> int* {
        const std::size_t from = grain.white() ? grain.bytes.first : grain.inked.first;
        const auto range = std::upper_bound(ranges.begin(), ranges.end(), from,
                                            [](std::size_t byte, const Range& r) { return byte < r.second; });
        const bool is = range != ranges.end() && grain.touches(*range);
        return is ? &units[static_cast<std::size_t>(range - ranges.begin())] : nullptr;
    };
    const auto same = [](const Grain& a, const Grain& b) {
        return !a.special && !b.special && a.answer == b.answer;
    };
    for (std::size_t first = 0, last = 0; first < sorting.size(); first = last) {
        last = sorting.stretch(first, same);
        int rest = Sorting::none;
        for (std::size_t i = first; i < last; ++i) {
            const Grain& grain = sorting.grain(i);
            if (int* unit = touched(grain)) {
                if (*unit == Sorting::none) *unit = sorting.open(kind);
                sorting.put(i, *unit);
                rest = Sorting::none;
            } else if (grain.special) {
                sorting.put(i, sorting.open("special"));
            } else if (!grain.white()) {
                if (rest == Sorting::none) rest = sorting.open("rest");
                sorting.put(i, rest);
            }
        }
        sorting.put_white(first, last, "rest");
    }
    return units;
}

/// In the text between control tokens, of prompt and answer each.
std::vector<Range> matches(const Grains& grains, const std::string& pattern) {
    const Pattern compiled(pattern);
    std::vector<Range> found;
    for (std::size_t first = 0, last = 0; first < grains.all.size(); first = last) {
        last = first + 1;
        if (grains.all[first].special) continue;
        while (last < grains.all.size() && !grains.all[last].special &&
               grains.all[last].answer == grains.all[first].answer)
            ++last;
        const std::size_t from = grains.all[first].bytes.first;
        const std::size_t to = grains.all[last - 1].bytes.second;
        for (const auto& [begin, end] :
             compiled.matches(std::string_view(grains.text).substr(from, to - from)))
            found.emplace_back(begin + from, end + from);
    }
    return found;
}

void by_spans(Sorting& sorting, const std::vector<std::pair<int, int>>& spans) {
    std::vector<Range> ranges;
    ranges.reserve(spans.size());
    for (const auto& span : spans) ranges.push_back(bytes_of(sorting.grains(), "unit_spans", span));
    const std::vector<int> units = by_ranges(sorting, ranges, "span");
    for (std::size_t i = 0; i < units.size(); ++i) {
        if (units[i] != Sorting::none) continue;
        throw Error(ErrorCode::input,
                    fmt::format("`unit_spans`: {}:{} has no token of its own (its tokens are held, white "
                                "space, or in the span before); expected a span with at least one",
                                spans[i].first, spans[i].second));
    }
}

/// Rows of the prompt with text of the range.
}  // namespace

std::vector<bool> fixed_rows(const Text& text, const UnitChoice& choice) {
    require_choice(choice);
    std::vector<bool> rows(text.tokens.size(), false);
    FixedTokens fixed = choice.fixed;
    if (fixed == FixedTokens::automatic)
        fixed = choice.has_template && !text.parts.empty() ? FixedTokens::chat_template : FixedTokens::none;
    if (fixed == FixedTokens::none) return rows;
    rows = text.special;
    if (fixed != FixedTokens::chat_template) return rows;
    require_parts(text, choice, "`hold` template");
    for (const Grain& grain : grains(text).all) {
        for (int row = grain.first; row < grain.last && !grain.answer && grain.part < 0; ++row)
            rows[static_cast<std::size_t>(row)] = true;
    }
    return rows;
}

std::vector<Unit> split(const Text& text, const UnitChoice& choice) {
    const std::vector<bool> fixed = fixed_rows(text, choice);
    if (choice.kind == UnitKind::token) return by_token(text, fixed);
    static const std::map<UnitKind, Division> divisions{{UnitKind::word, Division::word},
                                                        {UnitKind::sentence, Division::sentence},
                                                        {UnitKind::line, Division::line},
                                                        {UnitKind::paragraph, Division::paragraph}};
    Grains whole = grains(text);
    std::vector<Range> found;
    if (choice.kind == UnitKind::regex) found = matches(whole, choice.pattern);
    Sorting sorting(text, std::move(whole), fixed);
    if (const auto division = divisions.find(choice.kind); division != divisions.end()) {
        by_divisions(sorting, text, division->second, to_string(choice.kind));
    } else if (choice.kind == UnitKind::regex) {
        (void)by_ranges(sorting, found, to_string(choice.kind));
    } else if (choice.kind == UnitKind::spans) {
        by_spans(sorting, choice.spans);
    } else {
        require_parts(text, choice, "`unit` " + to_string(choice.kind));
        by_parts(sorting, text.parts, choice.kind == UnitKind::role);
    }
    return sorting.units();
}

}  // namespace llmx::unit

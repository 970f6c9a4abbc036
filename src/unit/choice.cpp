// Checks of a user's choice of units.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <llmx/error.hpp>

#include "core/suggest.hpp"
#include "unit/breaks.hpp"
#include "unit/split.hpp"

namespace llmx::unit {

namespace {

const std::array<std::string, 9> kinds{"token", "word", "sentence", "line", "paragraph",
                                       "turn",  "role", "regex",    "spans"};
const std::array<std::string, 3> aggregations{"sum", "mean", "max_abs"};
const std::array<std::string, 3> holds{"none", "special", "template"};

void require_known(std::string_view what, const std::string& name, std::span<const std::string> known) {
    if (std::find(known.begin(), known.end(), name) == known.end()) throw_unknown(what, name, known);
}

[[noreturn]] void refuse(const std::string& message) { throw Error(ErrorCode::usage, message); }

void require_spans(const std::vector<std::pair<int, int>>& spans) {
    if (spans.empty()) refuse("`unit_spans`: none given; expected characters A:B of the prompt");
    int reached = 0;
    for (const auto& [first, last] : spans) {
        if (first < 0 || first >= last)
            refuse(fmt::format("`unit_spans`: got {}:{}; expected A:B with 0 <= A < B", first, last));
        if (first < reached) {
            refuse(
                fmt::format("`unit_spans`: {}:{} begins before the previous span ends; expected spans in "
                            "order that do not overlap",
                            first, last));
        }
        reached = last;
    }
}

}  // namespace

void require_choice(const UnitChoice& choice) {
    require_known("`unit`", choice.kind, kinds);
    require_known("`aggregation`", choice.aggregation, aggregations);
    require_known("`hold`", choice.hold, holds);
    if (choice.kind == "regex") {
        if (choice.pattern.empty())
            refuse("`unit_pattern`: none given; expected a regular expression, for `unit` regex");
        (void)Pattern(choice.pattern);
    } else if (!choice.pattern.empty()) {
        refuse(fmt::format("`unit_pattern`: given with `unit` {}; expected unit regex", choice.kind));
    }
    if (choice.kind == "spans") {
        require_spans(choice.spans);
    } else if (!choice.spans.empty()) {
        refuse(fmt::format("`unit_spans`: given with `unit` {}; expected unit spans", choice.kind));
    }
    if (choice.context && (choice.context->first < 0 || choice.context->first >= choice.context->second)) {
        refuse(fmt::format("`context_span`: got characters {}:{}; expected A:B with 0 <= A < B",
                           choice.context->first, choice.context->second));
    }
}

}  // namespace llmx::unit

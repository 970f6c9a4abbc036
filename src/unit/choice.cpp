// Checks of a user's choice of units.

#include <fmt/format.h>

#include <llmx/error.hpp>

#include "unit/breaks.hpp"
#include "unit/split.hpp"

namespace llmx::unit {

namespace {

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
    if (choice.kind == UnitKind::regex) {
        if (choice.pattern.empty())
            refuse("`unit_pattern`: none given; expected a regular expression, for `unit` regex");
        (void)Pattern(choice.pattern);
    } else if (!choice.pattern.empty()) {
        refuse(
            fmt::format("`unit_pattern`: given with `unit` {}; expected unit regex", to_string(choice.kind)));
    }
    if (choice.kind == UnitKind::spans) {
        require_spans(choice.spans);
    } else if (!choice.spans.empty()) {
        refuse(
            fmt::format("`unit_spans`: given with `unit` {}; expected unit spans", to_string(choice.kind)));
    }
    if (choice.context && choice.context_text.empty() &&
        (choice.context->first < 0 || choice.context->first >= choice.context->second)) {
        refuse(fmt::format("`context_span`: got characters {}:{}; expected A:B with 0 <= A < B",
                           choice.context->first, choice.context->second));
    }
}

}  // namespace llmx::unit

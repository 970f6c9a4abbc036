#include "explain/replacements.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <llmx/error.hpp>
#include <string_view>

#include "core/suggest.hpp"
#include "core/trim.hpp"
#include "engine/text/spelling.hpp"

namespace llmx {

namespace {

constexpr std::string_view blanks = " \t\r\n";

std::string_view leading(std::string_view text) {
    return text.substr(0, std::min(text.find_first_not_of(blanks), text.size()));
}
std::string_view trailing(std::string_view text) {
    const std::size_t last = text.find_last_not_of(blanks);
    return last == std::string_view::npos ? std::string_view() : text.substr(last + 1);
}

/// "UNIT=TEXT", cut at its first equals sign behind a character. In UNIT, "\=" is an equals sign, and "\\"
/// a backslash.
std::pair<std::string, std::string_view> parts_of(std::string_view entry) {
    std::string unit;
    std::size_t at = 0;
    for (; at < entry.size() && (entry[at] != '=' || unit.empty()); ++at) {
        const bool escape =
            entry[at] == '\\' && at + 1 < entry.size() && (entry[at + 1] == '=' || entry[at + 1] == '\\');
        unit += entry[escape ? ++at : at];
    }
    if (at >= entry.size()) {
        throw Error(
            ErrorCode::usage,
            fmt::format("`replacements`: got \"{}\"; expected UNIT=TEXT: a unit's text or number, and "
                        "what stands in its place",
                        shortened(entry)));
    }
    return {std::move(unit), entry.substr(at + 1)};
}

/// The units of this text; else the unit of this number.
std::vector<std::size_t> units_called(std::string_view name, std::span<const Unit> units) {
    std::vector<std::size_t> found;
    std::vector<std::string> known;
    for (std::size_t u = 0; u < units.size(); ++u) {
        known.emplace_back(trimmed(units[u].text));
        if (known.back() == trimmed(name)) found.push_back(u);
    }
    if (!found.empty()) return found;
    std::size_t number = 0;
    const auto [stop, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc() && stop == name.data() + name.size() && number < units.size()) return {number};
    throw_unknown(
        fmt::format("unit in `replacements` (their text, or their number up to {})", units.size() - 1), name,
        known);
}

Tokens tokens_in_place_of(const Model& model, std::string_view unit, std::string_view text) {
    if (text.empty()) return {};
    std::string whole(leading(text).empty() ? leading(unit) : std::string_view());
    whole += text;
    if (trailing(text).empty()) whole += trailing(unit);
    return model.facts().kind == ModelKind::decoder ? engine::continuation(model, whole)
                                                    : model.tokenize(whole);
}

}  // namespace

void require_replacements(const Request& request, const Model& model,
                          std::span<const method::BoundMethod> methods) {
    if (request.replacements.empty()) return;
    if (model.facts().kind == ModelKind::encoder) {
        throw Error(ErrorCode::unsupported,
                    "`replacements`: an encoder's span would move; expected a decoder or encoder-decoder, or "
                    "no replacements");
    }
    bool wanted = false;
    for (const method::BoundMethod& method : methods) {
        const method::Definition* definition = method.definition;
        if (definition->perturb == nullptr) continue;
        wanted = true;
        const std::span<const method::BoundMethod> parts = method.parts();
        const bool hides = std::any_of(parts.begin(), parts.end(), [](const method::BoundMethod& part) {
            return parse_absence(part.options.choice("baseline")) == Absence::attention_mask;
        });
        if (!hides) continue;
        throw Error(ErrorCode::usage,
                    fmt::format("{}: `replacements` do not go with `baseline` attention_mask, which hides "
                                "tokens in their place; expected token or deletion",
                                definition->name));
    }
    if (!wanted) {
        throw Error(ErrorCode::usage,
                    "`replacements`: no method takes units away; expected one that does, such as "
                    "leave_one_out");
    }
    for (const std::string& entry : request.replacements) (void)parts_of(entry);
}

method::Replacements replacements_for(const Request& request, const Model& model,
                                      std::span<const Unit> units) {
    if (request.replacements.empty()) return {};
    method::Replacements found(units.size());
    for (const std::string& entry : request.replacements) {
        const auto [name, text] = parts_of(entry);
        for (const std::size_t u : units_called(name, units)) {
            if (found[u]) {
                throw Error(ErrorCode::usage,
                            fmt::format("`replacements`: unit {} (\"{}\") has two; expected one", u,
                                        shortened(units[u].text)));
            }
            found[u] = tokens_in_place_of(model, units[u].text, text);
        }
    }
    return found;
}

void require_room_for_replacements(const Request& request, const Model& model, std::span<const Unit> units) {
    const std::size_t more = growth(replacements_for(request, model, units), units);
    if (more == 0) return;
    const bool apart = model.facts().kind == ModelKind::encoder_decoder;
    const std::size_t text = request.input_ids.size() + (apart ? 0 : request.output.ids.size());
    const auto room = static_cast<std::size_t>(request.context > 0 ? request.context : model.facts().context);
    if (text + more <= room) return;
    throw Error(
        ErrorCode::context_overflow,
        fmt::format("`replacements`: they make the text of {} tokens up to {} longer, the context holds {}; "
                    "expected shorter ones, or raise `context_tokens`",
                    text, more, room));
}

std::size_t growth(const method::Replacements& replacements, std::span<const Unit> units) {
    std::size_t sum = 0;
    for (std::size_t u = 0; u < replacements.size(); ++u) {
        const std::size_t own = units[u].tokens.size();
        if (replacements[u] && replacements[u]->size() > own) sum += replacements[u]->size() - own;
    }
    return sum;
}

}  // namespace llmx

#include "engine/text/template_guard.hpp"

#include <cctype>
#include <map>
#include <set>
#include <vector>

namespace llmx::engine {
namespace {

struct Macro {
    std::string name;
    std::size_t body = 0, end = 0;                ///< of its body in the source
    bool trims_begin = false, trims_end = false;  ///< "-%}" before the body, "{%-" behind it
    std::set<std::string> calls;
};

bool is_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// The end of the tag that begins at `at`, past its closing bracket; strings inside may hold brackets.
std::size_t tag_end(std::string_view source, std::size_t at) {
    const char kind = source[at + 1];
    const std::string closing = {kind == '{' ? '}' : kind, '}'};
    char quote = 0;
    for (std::size_t i = at + 2; i + 1 < source.size(); ++i) {
        if (quote != 0) {
            if (source[i] == '\\')
                ++i;
            else if (source[i] == quote)
                quote = 0;
        } else if (kind != '#' && (source[i] == '"' || source[i] == '\'')) {
            quote = source[i];
        } else if (source.substr(i, 2) == closing) {
            return i + 2;
        }
    }
    return source.size();
}

/// The words of a tag's inside that a bracket follows: what it calls.
void add_calls(std::string_view tag, std::set<std::string>& calls) {
    for (std::size_t i = 0; i < tag.size();) {
        std::size_t end = i;
        while (end < tag.size() && is_name(tag[end])) ++end;
        if (end > i && end < tag.size() && tag[end] == '(') calls.emplace(tag.substr(i, end - i));
        i = std::max(end, i + 1);
    }
}

/// "set x" of "{%- set x -%}".
std::string_view inside(std::string_view tag) {
    std::size_t from = 2, to = tag.size() - 2;
    const auto skipped = [](char c) {
        return c == '-' || c == '+' || std::isspace(static_cast<unsigned char>(c)) != 0;
    };
    while (from < to && skipped(tag[from])) ++from;
    while (to > from && skipped(tag[to - 1])) --to;
    return tag.substr(from, to - from);
}

std::vector<Macro> find_macros(std::string_view source) {
    std::vector<Macro> macros;
    std::vector<std::size_t> open;
    for (std::size_t at = 0; (at = source.find('{', at)) != std::string_view::npos;) {
        const char kind = at + 1 < source.size() ? source[at + 1] : ' ';
        if (kind != '%' && kind != '{' && kind != '#') {
            ++at;
            continue;
        }
        const std::size_t end = tag_end(source, at);
        const std::string_view tag = source.substr(at, end - at);
        const std::string_view text = tag.size() >= 4 && kind != '#' ? inside(tag) : std::string_view();
        if (kind == '%' && text.starts_with("macro ")) {
            Macro macro;
            for (std::size_t i = text.find_first_not_of(' ', 6); i < text.size() && is_name(text[i]); ++i) {
                macro.name += text[i];
            }
            macro.body = end;
            macro.trims_begin = tag[tag.size() - 3] == '-';
            open.push_back(macros.size());
            macros.push_back(std::move(macro));
        } else if (kind == '%' && text.starts_with("endmacro") && !open.empty()) {
            macros[open.back()].end = at;
            macros[open.back()].trims_end = tag[2] == '-';
            open.pop_back();
        } else {
            for (const std::size_t macro : open) add_calls(text, macros[macro].calls);
        }
        at = end;
    }
    return macros;
}

bool may_call_itself(const Macro& macro, const std::map<std::string, std::set<std::string>>& calls) {
    std::set<std::string> seen;
    std::vector<std::string> next(macro.calls.begin(), macro.calls.end());
    while (!next.empty()) {
        const std::string name = next.back();
        next.pop_back();
        if (name == macro.name) return true;
        const auto found = calls.find(name);
        if (found == calls.end() || !seen.insert(name).second) continue;
        next.insert(next.end(), found->second.begin(), found->second.end());
    }
    return false;
}

}  // namespace

std::string guard_recursion(std::string_view source) {
    const std::vector<Macro> macros = find_macros(source);
    std::map<std::string, std::set<std::string>> calls;
    for (const Macro& macro : macros) calls[macro.name].insert(macro.calls.begin(), macro.calls.end());
    std::map<std::size_t, std::string> insertions;
    for (const Macro& macro : macros) {
        if (macro.end == 0 || !may_call_itself(macro, calls)) continue;
        // Trimming of white space is as the macro's own tags have it.
        insertions[macro.body] = std::string(
                                     "{% set llmx_depth.calls = llmx_depth.calls + 1 %}"
                                     "{% if llmx_depth.calls > 200 %}{{ raise_exception('macro ") +
                                 macro.name + " calls itself without end') }}{% endif " +
                                 (macro.trims_begin ? "-%}" : "%}");
        insertions[macro.end] =
            std::string(macro.trims_end ? "{%-" : "{%") + " set llmx_depth.calls = llmx_depth.calls - 1 %}";
    }
    if (insertions.empty()) return std::string(source);
    std::string guarded = "{% set llmx_depth = namespace(calls=0) %}";
    if (source.starts_with('\n')) guarded += '\n';  // the one behind a tag is dropped
    std::size_t done = 0;
    for (const auto& [at, text] : insertions) {
        guarded += source.substr(done, at - done);
        guarded += text;
        done = at;
    }
    guarded += source.substr(done);
    return guarded;
}

}  // namespace llmx::engine

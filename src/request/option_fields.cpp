#include "request/option_fields.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/split.hpp"
#include "request/fields.hpp"
#include "request/method_text.hpp"

namespace llmx::request {
namespace {

/// A list, or a text of values with "," or "+" between them.
std::vector<Json> read_values(const Json& value) {
    std::vector<Json> values;
    for (const Json& entry : read_list(value)) {
        if (!entry.is_string()) {
            values.push_back(entry);
            continue;
        }
        for (std::string& text : split(entry.get<std::string>(), '+')) values.emplace_back(std::move(text));
    }
    return values;
}

Json option_value(Kind kind, const std::string& text) {
    if (kind == Kind::flag) return text == "true";
    if (kind == Kind::word) return text;
    const Json value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    return value.is_number() ? value : Json(text);
}

/// An option's value as text.
std::string option_text(const Field& field, const Json& value) {
    if (field.kind == Kind::flag) return read_flag(field.key, value) ? "true" : "false";
    if (value.is_string() && !field.words.empty())
        return field.words[index_of_word(field.key, value, field.words)];
    if (field.kind == Kind::integer) {
        const bool is_text = field.list && value.is_string();  // a part of "3,5"
        return fmt::format("{}",
                           read_integer(field.key, is_text ? option_value(field.kind, value) : value, {}));
    }
    if (field.kind == Kind::word) return read_string(field.key, value);
    return value.is_number_integer() ? value.dump() : fmt::format("{}", read_number(field.key, value, {}));
}

/// A method's option as one key for all methods that have it.
void visit_option(Rows& v, ExplainRequest& r, const SharedOption& shared) {
    const MethodOption& option = shared.option;
    Field field{.key = option.name, .group = {}, .help = {}, .words = option.words, .set = {}, .get = {}};
    const std::size_t count = shared.methods.size();
    field.help = fmt::format(
        "{}.{} Used by {}.", option.help,
        option.several
            ? " Takes several values: the scores are then averaged. In NAME:OPTION=VALUE, join them with +."
            : "",
        count > 4 ? fmt::format("{} methods", count) : fmt::format("{}", fmt::join(shared.methods, ", ")));
    field.default_value = shared.default_value;
    field.list = field.commas = option.several;
    field.kind = option.kind == "whole"    ? Kind::integer
                 : option.kind == "number" ? Kind::number
                 : option.kind == "flag"   ? Kind::flag
                                           : Kind::word;
    const bool number = field.kind == Kind::integer || field.kind == Kind::number;
    if (number) field.facts = {.low = option.low, .high = option.high};
    field.set = [&r, field](const Json& value) {
        std::vector<std::string> texts;
        for (const Json& entry : field.list ? read_values(value) : std::vector{value})
            texts.push_back(option_text(field, entry));
        if (texts.empty()) refuse(field.key, value, "at least one value");
        r.method_options[field.key] = fmt::format("{}", fmt::join(texts, "+"));
    };
    field.get = [&r, name = option.name, kind = field.kind, is_list = field.list]() -> Json {
        const auto given = r.method_options.find(name);
        if (given == r.method_options.end()) return {};
        if (!is_list) return option_value(kind, given->second);
        Json list = Json::array();
        for (const std::string& text : split(given->second, '+')) list.push_back(option_value(kind, text));
        return list;
    };
    v.add(std::move(field));
}

}  // namespace

void visit_options(Rows& v, ExplainRequest& r) {
    v.group("Options of methods (also as NAME:OPTION=VALUE in method)");
    for (const SharedOption& shared : shared_options()) {
        if (shared.option.name != "seed")
            visit_option(v, r, shared);  // the seed of the request is theirs too
    }
}

}  // namespace llmx::request

#include "request/values.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <llmx/error.hpp>

#include "core/split.hpp"
#include "core/suggest.hpp"
#include "core/trim.hpp"
#include "text/utf8.hpp"

namespace llmx::request {
namespace {

constexpr double unbounded = 2e9;  // bounds beyond it are the types', and not worth saying

[[noreturn]] void unusable(const std::string& key, const std::string& message) {
    throw Error(ErrorCode::input, fmt::format("`{}`: {}", key, message));
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string number_in_words(const char* kind, const KeyFacts& bounds) {
    const bool low = bounds.low > -unbounded, high = bounds.high < unbounded;
    if (low && high) return fmt::format("{}, {} to {}", kind, bounds.low, bounds.high);
    if (low) return fmt::format("{}, {} or more", kind, bounds.low);
    return kind;
}

std::string integer_in_words(const KeyFacts& bounds) { return number_in_words("a whole number", bounds); }
std::string real_in_words(const KeyFacts& bounds) { return number_in_words("a number", bounds); }

Message read_message(const std::string& where, const Json& entry) {
    static const std::vector<std::string> known = {"role", "content"};
    if (!entry.is_object())
        unusable(where, fmt::format("is {}; expected an object with role and content", entry.type_name()));
    for (const auto& [key, value] : entry.items()) {
        if (std::find(known.begin(), known.end(), key) == known.end())
            throw_unknown(fmt::format("`{}` key", where), key, known);
        if (!value.is_string())
            unusable(where, fmt::format("{} is {}; expected a string", key, value.type_name()));
    }
    for (const auto& key : known) {
        if (!entry.contains(key)) unusable(where, fmt::format("no {}; expected role and content", key));
    }
    return {entry["role"].get<std::string>(), entry["content"].get<std::string>()};
}

}  // namespace

void refuse(const std::string& key, const Json& value, const std::string& expected) {
    const bool is_number = value.is_number();
    const std::string text = value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', true);
    throw Error(ErrorCode::usage,
                fmt::format("`{}`: got {}{}\"{}\"; expected {}", key, is_number ? "" : value.type_name(),
                            is_number ? "" : " ", utf8::replace_invalid(text.substr(0, 40)), expected));
}

bool read_flag(const std::string& key, const Json& value) {
    if (!value.is_boolean()) refuse(key, value, "true or false");
    return value.get<bool>();
}

std::int64_t read_integer(const std::string& key, const Json& value, const KeyFacts& bounds) {
    const bool fits = value.is_number_integer() && !(value.is_number_unsigned() && value > INT64_MAX);
    const auto number = fits ? value.get<std::int64_t>() : 0;
    if (!fits || static_cast<double>(number) < bounds.low || static_cast<double>(number) > bounds.high)
        refuse(key, value, integer_in_words(bounds));
    return number;
}

double read_number(const std::string& key, const Json& value, const KeyFacts& bounds) {
    const double number = value.is_number() ? value.get<double>() : std::nan("");
    if (!(number >= bounds.low && number <= bounds.high)) refuse(key, value, real_in_words(bounds));
    return number;
}

std::uint64_t read_size(const std::string& key, const Json& value) {
    if (value.is_number_unsigned() || (value.is_number_integer() && value >= 0))
        return value.get<std::uint64_t>();
    const auto size = value.is_string() ? parse_size(value.get<std::string>()) : std::nullopt;
    if (!size) refuse(key, value, "a size such as 500000000 or \"500MB\"");
    return *size;
}

std::string read_string(const std::string& key, const Json& value) {
    if (!value.is_string()) refuse(key, value, "a string");
    return value.get<std::string>();
}

std::string read_text(const std::string& key, const Json& value, const KeyFacts& facts) {
    std::string text = read_string(key, value);
    if (text.empty() && !facts.empty) unusable(key, "is empty; expected some text");
    utf8::require_valid(text, fmt::format("`{}`", key));
    return text;
}

Tokens read_ids(const std::string& key, const Json& value) {
    if (value.is_string()) return parse_ids(key, value.get<std::string>());
    if (!value.is_array())
        refuse(key, value, "token ids: a list of whole numbers, or a string such as \"1,2,3\"");
    return parse_ids(key, value.dump(-1, ' ', true, Json::error_handler_t::replace));
}

std::vector<Message> read_messages(const std::string& key, const Json& value) {
    if (value.is_string() && value.get<std::string>().starts_with('[')) {
        const std::string text = value.get<std::string>();
        const Json list = Json::parse(text, nullptr, /*allow_exceptions=*/false);
        if (list.is_discarded())
            unusable(key, "is no valid JSON; expected a list of objects with role and content");
        return read_messages(key, list);
    }
    if (!value.is_array() || value.empty()) {
        unusable(key, fmt::format("is {}{}; expected a list of objects with role and content",
                                  value.is_array() ? "an empty " : "", value.type_name()));
    }
    std::vector<Message> messages;
    for (std::size_t i = 0; i < value.size(); ++i)
        messages.push_back(read_message(fmt::format("{}[{}]", key, i), value[i]));
    return messages;
}

std::vector<Document> read_documents(const std::string& key, const Json& value) {
    if (!value.is_array() || value.empty())
        unusable(key, "is no list; expected texts, or objects with title and text");
    std::vector<Document> documents;
    for (std::size_t i = 0; i < value.size(); ++i) {
        const std::string name = fmt::format("{}[{}]", key, i);
        if (value[i].is_string()) {
            documents.push_back({{}, read_text(name, value[i], {})});
            continue;
        }
        if (!value[i].is_object() || !value[i].contains("text"))
            unusable(name, "is neither a text nor an object with text");
        Document document{{}, read_text(name, value[i]["text"], {})};
        for (const auto& [member, content] : value[i].items()) {
            if (member == "title") {
                if (!content.is_null()) document.title = read_text(name, content, {.empty = true});
            } else if (member != "text") {
                unusable(name, fmt::format("has \"{}\"; expected title and text", member));
            }
        }
        documents.push_back(std::move(document));
    }
    return documents;
}

Span read_span(const std::string& key, const Json& value) {
    const auto span = as_span(read_string(key, value));
    if (!span) refuse(key, value, "two whole numbers such as 14:28");
    return *span;
}

std::vector<Json> read_list(const Json& value, bool commas) {
    if (value.is_array()) return {value.begin(), value.end()};
    if (!value.is_string() || !commas) return {value};
    const std::vector<std::string> entries = split(value.get<std::string>(), ',');
    return {entries.begin(), entries.end()};
}

std::optional<Span> as_span(const std::string& text) {
    Span span;
    const char* const end = text.data() + text.size();
    const auto a = std::from_chars(text.data(), end, span.first);
    const bool colon = a.ec == std::errc() && a.ptr != end && *a.ptr == ':';
    const auto b = colon ? std::from_chars(a.ptr + 1, end, span.second) : a;
    if (!colon || b.ec != std::errc() || b.ptr != end) return std::nullopt;
    return span;
}

std::optional<Span> as_pair(const Json& value) {
    if (value.is_string() && value.get_ref<const std::string&>().starts_with('['))
        return as_pair(Json::parse(value.get_ref<const std::string&>(), nullptr, /*allow_exceptions=*/false));
    const auto whole = [](const Json& number) {
        return number.is_number_integer() && number >= 0 && number <= std::numeric_limits<int>::max();
    };
    if (!value.is_array() || value.size() != 2 || !whole(value[0]) || !whole(value[1])) return std::nullopt;
    return Span{value[0].get<int>(), value[1].get<int>()};
}

Lora as_lora(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos) return {text};
    float scale = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, scale);
    if (error != std::errc() || stop != end || !std::isfinite(scale)) return {text};
    return {text.substr(0, colon), scale};
}

Tokens parse_ids(const std::string& key, std::string_view text) {
    text = trimmed(text);
    if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
    Tokens ids;
    const char* at = text.data();
    const char* const end = at + text.size();
    bool comma = false;  // a comma waits for its number
    while (at != end) {
        if (is_blank(*at)) {
            ++at;
        } else if (*at == ',' && !comma && !ids.empty()) {
            comma = true;
            ++at;
        } else {
            Token id = 0;
            const auto [stop, error] = std::from_chars(at, end, id);
            if (error != std::errc() || (stop != end && *stop != ',' && !is_blank(*stop))) {
                const std::string rest(at, std::min<std::size_t>(20, static_cast<std::size_t>(end - at)));
                unusable(key, fmt::format("\"{}\" is no token id; expected whole numbers such as 1,2,3",
                                          utf8::replace_invalid(rest)));
            }
            ids.push_back(id);
            comma = false;
            at = stop;
        }
    }
    if (comma) unusable(key, "ends with a comma; expected a number");
    if (ids.empty()) unusable(key, "no token ids; expected at least one");
    return ids;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    text = trimmed(text);
    double number = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || !(number >= 0)) return std::nullopt;
    std::string unit(trimmed({stop, static_cast<std::size_t>(text.data() + text.size() - stop)}));
    std::transform(unit.begin(), unit.end(), unit.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (unit.ends_with('b')) unit.pop_back();
    if (unit.size() == 2 && unit[1] == 'i') unit.pop_back();
    static constexpr std::string_view units = "kmgtpe";
    if (unit.size() > 1 || (unit.size() == 1 && units.find(unit[0]) == std::string_view::npos))
        return std::nullopt;
    if (!unit.empty()) number = std::ldexp(number, 10 * static_cast<int>(units.find(unit[0]) + 1));
    if (number >= 18446744073709551616.0) return std::nullopt;
    return static_cast<std::uint64_t>(number);
}

std::string span_text(const Span& span) { return fmt::format("{}:{}", span.first, span.second); }

std::string lora_text(const Lora& lora) {
    return lora.scale == 1.0F ? lora.path.string() : fmt::format("{}:{}", lora.path.string(), lora.scale);
}

Json number_json(float value) { return Json::parse(fmt::format("{}", value)); }

std::string described(const Field& field) {
    switch (field.kind) {
        case Kind::integer:
            return integer_in_words(field.facts);
        case Kind::number:
            return real_in_words(field.facts);
        case Kind::flag:
            return "true or false";
        case Kind::size:
            return "a size such as 500000000 or \"500MB\"";
        case Kind::word:
            return fmt::format("{}{}", field.list ? "" : "one of ", fmt::join(field.words, ", "));
        default:
            return "a text";
    }
}

}  // namespace llmx::request

#include "request/rows.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/suggest.hpp"

namespace llmx::request {
namespace {

/// `commas`: a text is cut at its commas.
template <class T, class Read, class Write>
void set_list(Field& field, std::vector<T>& target, const Read& read, const Write& write,
              bool commas = true) {
    field.list = true;
    field.commas = commas;
    field.set = [&target, read, commas](const Json& value) {
        std::vector<T> entries;
        for (const Json& entry : read_list(value, commas)) entries.push_back(read(entry));
        target = std::move(entries);
    };
    field.get = [&target, write] {
        Json list = Json::array();
        for (const T& entry : target) list.push_back(write(entry));
        return list;
    };
}

void read_place(const std::string& key, const Json& value, std::optional<Span>& range, std::string& text) {
    range = as_pair(value);
    if (!range && !value.is_string())
        refuse(key, value, "words of the text, \"A:B\" or [A, B] with 0 <= A < B");
    text = range ? std::string() : read_text(key, value, {});
    // Both, for "9:30": the text decides.
    if (!range) range = as_span(text);
}

Json place_json(const std::optional<Span>& range, const std::string& text) {
    if (!text.empty()) return text;
    return range ? Json{range->first, range->second} : Json();
}

/// "NAME=TEXT", where the equals signs of the name are "\=", and its backslashes "\\".
std::string pair_text(std::string_view name, const std::string& text) {
    std::string pair;
    for (const char c : name) {
        if (c == '=' || c == '\\') pair += '\\';
        pair += c;
    }
    return pair + '=' + text;
}

}  // namespace

Field& Rows::add(Field field) {
    field.group = group_;
    fields_.push_back(std::move(field));
    return fields_.back();
}

Field& Rows::add(Kind kind, const char* key, const char* help, const KeyFacts& facts) {
    return add({.key = key, .group = {}, .help = help, .kind = kind, .facts = facts, .set = {}, .get = {}});
}

void Rows::flag(const char* key, bool& target, const char* help, KeyFacts facts) {
    Field& field = add(Kind::flag, key, help, facts);
    field.set = [&target, name = field.key](const Json& value) { target = read_flag(name, value); };
    field.get = [&target] { return Json(target); };
}

void Rows::number(const char* key, float& target, const char* help, KeyFacts facts) {
    Field& field = add(Kind::number, key, help, facts);
    field.set = [&target, name = field.key, facts](const Json& value) {
        target = static_cast<float>(read_number(name, value, facts));
    };
    field.get = [&target] { return number_json(target); };
}

void Rows::size(const char* key, std::uint64_t& target, const char* help, KeyFacts facts) {
    Field& field = add(Kind::size, key, help, facts);
    field.set = [&target, name = field.key](const Json& value) { target = read_size(name, value); };
    field.get = [&target] { return Json(target); };
}

void Rows::size(const char* key, std::optional<std::uint64_t>& target, const char* help, KeyFacts facts) {
    Field& field = add(Kind::size, key, help, facts);
    field.set = [&target, name = field.key](const Json& value) { target = read_size(name, value); };
    field.get = [&target] { return target ? Json(*target) : Json(); };
}

void Rows::text(const char* key, std::string& target, const char* help, KeyFacts facts) {
    Field& field = add(Kind::text, key, help, facts);
    field.set = [&target, name = field.key, facts](const Json& value) {
        target = read_text(name, value, facts);
    };
    field.get = [&target] { return target.empty() ? Json() : Json(target); };
}

void Rows::text(const char* key, std::optional<std::string>& target, const char* help, KeyFacts facts) {
    Field& field = add(Kind::text, key, help, facts);
    field.set = [&target, name = field.key, facts](const Json& value) {
        target = read_text(name, value, facts);
    };
    field.get = [&target] { return target ? Json(*target) : Json(); };
}

void Rows::ids(const char* key, std::optional<Tokens>& target, const char* help, KeyFacts facts) {
    Field& field = add(Kind::ids, key, help, facts);
    field.set = [&target, name = field.key](const Json& value) { target = read_ids(name, value); };
    field.get = [&target] { return target ? Json(*target) : Json(); };
}

void Rows::documents(const char* key, std::vector<Document>& target, const char* help, KeyFacts facts) {
    Field& field = add(Kind::documents, key, help, facts);
    field.set = [&target, name = field.key](const Json& value) { target = read_documents(name, value); };
    field.get = [&target] {
        Json list = target.empty() ? Json() : Json::array();
        for (const Document& document : target) {
            list.push_back({{"text", document.text}});
            if (!document.title.empty()) list.back()["title"] = document.title;
        }
        return list;
    };
}

void Rows::messages(const char* key, std::vector<Message>& target, const char* help, KeyFacts facts) {
    Field& field = add(Kind::messages, key, help, facts);
    field.set = [&target, name = field.key](const Json& value) { target = read_messages(name, value); };
    field.get = [&target] {
        Json list;
        for (const Message& m : target) list.push_back({{"role", m.role}, {"content", m.content}});
        return list;
    };
}

void Rows::span(const char* key, std::optional<Span>& target, const char* help, KeyFacts facts) {
    Field& field = add(Kind::span, key, help, facts);
    field.set = [&target, name = field.key](const Json& value) { target = read_span(name, value); };
    field.get = [&target] { return target ? Json(span_text(*target)) : Json(); };
}

void Rows::places(const char* key, std::vector<PromptPlace>& target, std::size_t most, const char* help) {
    Field& field = add(Kind::place, key, help, {});
    set_list(
        field, target,
        [name = field.key](const Json& value) {
            PromptPlace place;
            read_place(name, value, place.characters, place.words);
            return place;
        },
        [](const PromptPlace& place) { return place_json(place.characters, place.words); },
        /*commas=*/false);
    field.set = [set = field.set, most, name = field.key](const Json& value) {
        const bool one = as_pair(value).has_value();
        if (value.is_array() && !one && value.size() > most)
            refuse(name, value, fmt::format("at most {} places", most));
        set(one ? Json::array({value}) : value);
    };
}

void Rows::place(const char* key, std::optional<Span>& target, std::string& text, const char* help,
                 KeyFacts facts) {
    Field& field = add(Kind::place, key, help, facts);
    field.set = [&target, &text, name = field.key](const Json& value) {
        read_place(name, value, target, text);
    };
    field.get = [&target, &text] { return place_json(target, text); };
}

void Rows::list(const char* key, std::vector<std::string>& target, const char* help, KeyFacts facts) {
    Field& field = add(Kind::name, key, help, facts);
    set_list(
        field, target, [name = field.key](const Json& value) { return read_string(name, value); },
        [](const std::string& entry) { return Json(entry); });
}

Field& Rows::texts(const char* key, std::vector<std::string>& target, std::size_t most, const char* help) {
    Field& field = add(Kind::text, key, help, {});
    set_list(
        field, target, [name = field.key](const Json& value) { return read_text(name, value, {}); },
        [](const std::string& entry) { return Json(entry); }, /*commas=*/false);
    field.set = [set = field.set, most, name = field.key](const Json& value) {
        if (value.is_array() && value.size() > most)
            refuse(name, value, fmt::format("at most {} texts", most));
        set(value);
    };
    return field;
}

void Rows::pairs(const char* key, std::vector<std::string>& target, std::size_t most, const char* help,
                 const char* shown) {
    Field& field = texts(key, target, most, help);
    field.facts.shown = shown;
    field.pairs = true;
    field.set = [set = field.set, key = field.key](const Json& value) {
        if (!value.is_object()) return set(value);
        Json list = Json::array();
        for (const auto& [name, text] : value.items()) {
            if (!text.is_string()) refuse(fmt::format("{}`: `{}", key, shortened(name)), text, "a text");
            list.push_back(pair_text(name, text.get<std::string>()));
        }
        set(list);
    };
}

void Rows::list(const char* key, std::vector<int>& target, const char* help, KeyFacts facts) {
    facts.low = std::max(facts.low, 0.0);
    facts.high = std::min(facts.high, static_cast<double>(std::numeric_limits<int>::max()));
    Field& field = add(Kind::integer, key, help, facts);
    set_list(
        field, target,
        [name = field.key, facts](const Json& value) {
            return static_cast<int>(read_integer(name, value, facts));
        },
        [](int entry) { return Json(entry); });
}

void Rows::list(const char* key, std::vector<Span>& target, const char* help, KeyFacts facts) {
    Field& field = add(Kind::span, key, help, facts);
    set_list(
        field, target, [name = field.key](const Json& value) { return read_span(name, value); },
        [](const Span& entry) { return Json(span_text(entry)); });
}

void Rows::list(const char* key, std::vector<Lora>& target, const char* help, KeyFacts facts) {
    Field& field = add(Kind::path, key, help, facts);
    set_list(
        field, target, [name = field.key](const Json& value) { return as_lora(read_string(name, value)); },
        [](const Lora& entry) { return Json(lora_text(entry)); }, /*commas=*/false);
}

std::size_t index_of_word(const std::string& key, const Json& value, const std::vector<std::string>& words) {
    const std::string word = read_string(key, value);
    const auto found = std::find(words.begin(), words.end(), word);
    if (found == words.end()) throw_unknown("`" + key + "`", word, words);
    return static_cast<std::size_t>(found - words.begin());
}

}  // namespace llmx::request

#pragma once
// The visitor that makes a Field of each row: one function for each type that a value may have.

#include <llmx/request.hpp>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "request/values.hpp"

namespace llmx::request {

/// An enumeration's values, and what users call them.
template <class Enum>
using Words = std::vector<std::pair<Enum, std::string>>;

class Rows {
public:
    /// Rows are added at the end of `fields`.
    explicit Rows(Fields& fields) : fields_(fields) {}

    /// The heading of the rows that follow.
    void group(std::string heading) { group_ = std::move(heading); }

    void flag(const char* key, bool& target, const char* help, KeyFacts facts = {});
    template <class Number>
    void integer(const char* key, Number& target, const char* help, KeyFacts facts = {});
    void number(const char* key, float& target, const char* help, KeyFacts facts = {});
    void size(const char* key, std::uint64_t& target, const char* help, KeyFacts facts = {});
    void size(const char* key, std::optional<std::uint64_t>& target, const char* help, KeyFacts facts = {});
    /// An empty `std::string` is none.
    void text(const char* key, std::string& target, const char* help, KeyFacts facts = {});
    void text(const char* key, std::optional<std::string>& target, const char* help, KeyFacts facts = {});
    /// The name of a file; not necessarily UTF-8. Empty: none.
    template <class Path>
    void path(const char* key, Path& target, const char* help, KeyFacts facts = {});
    void ids(const char* key, std::optional<Tokens>& target, const char* help, KeyFacts facts = {});
    void messages(const char* key, std::vector<Message>& target, const char* help, KeyFacts facts = {});
    void documents(const char* key, std::vector<Document>& target, const char* help, KeyFacts facts = {});
    void span(const char* key, std::optional<Span>& target, const char* help, KeyFacts facts = {});
    /// [A, B] into `target`, words into `text`, "A:B" into both.
    void place(const char* key, std::optional<Span>& target, std::string& text, const char* help,
               KeyFacts facts = {});
    /// `words` must outlive the field.
    template <class Enum>
    Field& word(const char* key, Enum& target, const Words<Enum>& words, const char* help,
                KeyFacts facts = {});

    void list(const char* key, std::vector<std::string>& target, const char* help, KeyFacts facts = {});
    /// Texts as they are, which may contain commas; `most` at most.
    Field& texts(const char* key, std::vector<std::string>& target, std::size_t most, const char* help);
    /// Texts "NAME=TEXT" ("\=" is an equals sign of the name), or an object {NAME: TEXT}. `shown`: their
    /// form in help.
    void pairs(const char* key, std::vector<std::string>& target, std::size_t most, const char* help,
               const char* shown);
    void list(const char* key, std::vector<int>& target, const char* help, KeyFacts facts = {});
    void list(const char* key, std::vector<Span>& target, const char* help, KeyFacts facts = {});
    /// Each as of `place`, `most` at most; one [A, B] is one place.
    void places(const char* key, std::vector<PromptPlace>& target, std::size_t most, const char* help);
    void list(const char* key, std::vector<Lora>& target, const char* help, KeyFacts facts = {});

    /// Any other value.
    Field& add(Field field);

private:
    Field& add(Kind kind, const char* key, const char* help, const KeyFacts& facts);

    Fields& fields_;
    std::string group_;
};

/// Throws Error{usage} that names the nearest known word.
std::size_t index_of_word(const std::string& key, const Json& value, const std::vector<std::string>& words);

template <class Number>
void Rows::integer(const char* key, Number& target, const char* help, KeyFacts facts) {
    using Limits = std::numeric_limits<Number>;
    facts.low = std::max(facts.low, static_cast<double>(Limits::lowest()));
    facts.high = std::min(facts.high, static_cast<double>(Limits::max()));
    Field& field = add(Kind::integer, key, help, facts);
    field.set = [&target, name = field.key, facts](const Json& value) {
        target = static_cast<Number>(read_integer(name, value, facts));
    };
    field.get = [&target] { return Json(target); };
}

template <class Path>
void Rows::path(const char* key, Path& target, const char* help, KeyFacts facts) {
    Field& field = add(Kind::path, key, help, facts);
    field.set = [&target, name = field.key](const Json& value) {
        target = read_string(name, value);
        if (target.empty()) refuse(name, value, "the name of a file");
    };
    field.get = [&target] { return target.empty() ? Json() : Json(std::string(target)); };
}

template <class Enum>
Field& Rows::word(const char* key, Enum& target, const Words<Enum>& words, const char* help, KeyFacts facts) {
    Field& field = add(Kind::word, key, help, facts);
    for (const auto& [value, name] : words) field.words.push_back(name);
    field.set = [&target, &words, name = field.key, names = field.words](const Json& value) {
        target = words[index_of_word(name, value, names)].first;
    };
    field.get = [&target, &words] {
        for (const auto& [value, name] : words) {
            if (value == target) return Json(name);
        }
        return Json();
    };
    return field;
}

}  // namespace llmx::request

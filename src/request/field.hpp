#pragma once
// A key of a request: its name and value, and what each form of a request (JSON, schema, flags, Python,
// pages) needs to know about it.

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/key_facts.hpp"

namespace llmx::request {

using Json = nlohmann::ordered_json;

enum class Kind {
    flag,
    integer,
    number,
    size,       ///< bytes: a whole number, or a text such as "2GB"
    text,       ///< UTF-8
    path,       ///< the name of a file
    word,       ///< one of `Field::words`
    name,       ///< a text in lists
    ids,        ///< token ids: a list, or a text such as "1,2,3"
    messages,   ///< a list of objects with role and content
    documents,  ///< a list of texts, or of objects with title and text
    span,       ///< "A:B"
    place,      ///< "A:B", or words of a text
};

struct Field {
    std::string key, group, help;
    Kind kind = Kind::text;
    bool list = false;
    bool commas = false;  ///< of a list: a text is cut at its commas
    bool pairs = false;   ///< of a list of "NAME=TEXT": an object {NAME: TEXT} is one too
    std::vector<std::string> words = {};
    KeyFacts facts = {};
    /// Throws Error{usage} for a value of the wrong type or out of bounds, Error{input} for a text that
    /// cannot be used. `value` is not null.
    std::function<void(const Json& value)> set;
    /// null: none is given.
    std::function<Json()> get;
    std::string default_value =
        {};  ///< the default in words, where the value of an empty request does not tell
};

/// In the order in which help lists them. They refer to the request.
using Fields = std::vector<Field>;

}  // namespace llmx::request

#pragma once
// Values of keys: read from JSON, each with an error that says what was expected, and written again.

#include <cstdint>
#include <llmx/model.hpp>
#include <llmx/task.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "request/field.hpp"

namespace llmx::request {

using Span = std::pair<int, int>;

/// `key`: got ...; expected ...
[[noreturn]] void refuse(const std::string& key, const Json& value, const std::string& expected);

bool read_flag(const std::string& key, const Json& value);
std::int64_t read_integer(const std::string& key, const Json& value, const KeyFacts& bounds);
double read_number(const std::string& key, const Json& value, const KeyFacts& bounds);
std::uint64_t read_size(const std::string& key, const Json& value);
std::string read_string(const std::string& key, const Json& value);
/// Throws Error{input} where it is not valid UTF-8, or empty and `facts` do not allow that.
std::string read_text(const std::string& key, const Json& value, const KeyFacts& facts);
Tokens read_ids(const std::string& key, const Json& value);
std::vector<Message> read_messages(const std::string& key, const Json& value);
std::vector<Document> read_documents(const std::string& key, const Json& value);
Span read_span(const std::string& key, const Json& value);
/// The entries of an array, the parts of a text (cut at its `commas`), or the one value.
std::vector<Json> read_list(const Json& value, bool commas = true);

/// "A:B", or nothing where the text is no such thing.
std::optional<Span> as_span(const std::string& text);
/// "FILE" or "FILE:SCALE"; the name of a file may contain colons.
Lora as_lora(const std::string& text);
/// "1,2,3", "[1, 2, 3]" or "1 2 3". Throws Error{input}.
Tokens parse_ids(const std::string& key, std::string_view text);
/// "500000000", "500MB", "2 GiB"; nothing where the text is no size. 1 KB = 1024 bytes.
std::optional<std::uint64_t> parse_size(std::string_view text);

std::string span_text(const Span& span);

/// [A, B], as JSON or as the text of it.
std::optional<Span> as_pair(const Json& value);
std::string lora_text(const Lora& lora);
/// As short as it can be written.
Json number_json(float value);

/// "a whole number, 1 or more"
std::string described(const Field& field);

}  // namespace llmx::request

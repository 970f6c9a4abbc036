#include "request/input.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iostream>
#include <iterator>
#include <llmx/error.hpp>
#include <nlohmann/json.hpp>

#include "core/files.hpp"
#include "core/json_depth.hpp"
#include "core/suggest.hpp"
#include "text/utf8.hpp"

namespace llmx::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr int deepest = 64;  // a chat needs two

/// What text editors and `echo` add is no part of a text.
std::string without_last_newline(std::string text) {
    if (text.ends_with('\n')) text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
    return text;
}

bool looks_like_ids(const std::string& value) {
    return value.find_first_not_of("0123456789-+,[] \t\r\n") == std::string::npos;
}

Tokens parse_ids(const std::string& option, std::string_view text) {
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
    Tokens ids;
    const char* at = text.data();
    const char* const end = at + text.size();
    bool comma = false;  // a comma waits for its number
    while (at != end) {
        if (blank(*at)) {
            ++at;
        } else if (*at == ',' && !comma && !ids.empty()) {
            comma = true;
            ++at;
        } else {
            Token id = 0;
            const auto [stop, error] = std::from_chars(at, end, id);
            const bool whole = error == std::errc() && (stop == end || *stop == ',' || blank(*stop));
            if (!whole) {
                const std::string rest(at, std::min<std::size_t>(20, static_cast<std::size_t>(end - at)));
                throw Error(ErrorCode::input, fmt::format("{}: \"{}\" is no token id; expected whole numbers "
                                                          "such as 1,2,3",
                                                          option, utf8::replace_invalid(rest)));
            }
            ids.push_back(id);
            comma = false;
            at = stop;
        }
    }
    if (comma) throw Error(ErrorCode::input, fmt::format("{}: ends with a comma; expected a number", option));
    if (ids.empty())
        throw Error(ErrorCode::input, fmt::format("{}: no token ids; expected at least one", option));
    return ids;
}

Message parse_message(const std::string& where, const Json& entry) {
    static const std::vector<std::string> known = {"role", "content"};
    if (!entry.is_object()) {
        throw Error(ErrorCode::input, fmt::format("{}: is {}; expected an object with role and content",
                                                  where, entry.type_name()));
    }
    for (const auto& [key, value] : entry.items()) {
        if (key != "role" && key != "content") throw_unknown(where + " key", key, known);
        if (!value.is_string()) {
            throw Error(ErrorCode::input,
                        fmt::format("{}: {} is {}; expected a string", where, key, value.type_name()));
        }
    }
    for (const auto& key : known) {
        if (!entry.contains(key)) {
            throw Error(ErrorCode::input, fmt::format("{}: no {}; expected role and content", where, key));
        }
    }
    return {entry["role"].get<std::string>(), entry["content"].get<std::string>()};
}

}  // namespace

std::string InputReader::read(const std::string& option, const std::string& path) {
    if (texts_only_) {
        throw Error(
            ErrorCode::usage,
            fmt::format("{}: names a file, and no file is read here; expected the text itself", option));
    }
    if (path != "-") return read_file(path, option);
    if (standard_input_taken_by_) {
        throw Error(ErrorCode::usage,
                    fmt::format("{}: standard input is read by {} already; give one of them "
                                "as a file",
                                option, *standard_input_taken_by_));
    }
    standard_input_taken_by_ = option;
    std::string bytes(std::istreambuf_iterator<char>(std::cin), {});
    if (std::cin.bad()) throw Error(ErrorCode::input, fmt::format("{}: cannot read standard input", option));
    return bytes;
}

std::string InputReader::text(const std::string& option, const std::string& value) {
    std::string text = value == "-" && !texts_only_ ? without_last_newline(read(option, "-")) : value;
    utf8::require_valid(text, option);
    return text;
}

std::string InputReader::file(const std::string& option, const std::string& path) {
    std::string text = without_last_newline(read(option, path));
    utf8::require_valid(text, fmt::format("{} {}", option, path));
    return text;
}

Tokens InputReader::ids(const std::string& option, const std::string& value) {
    return parse_ids(option, value != "-" && looks_like_ids(value) ? value : read(option, value));
}

std::vector<Message> InputReader::messages(const std::string& option, const std::string& value) {
    const std::string text = value.starts_with('[') ? value : read(option, value);
    if (nested_deeper_than(text, deepest)) {
        throw Error(ErrorCode::input,
                    fmt::format("{}: nested deeper than {}; expected a list of objects with "
                                "role and content",
                                option, deepest));
    }
    Json list;
    try {
        list = Json::parse(text);
    } catch (const Json::parse_error& error) {
        throw Error(ErrorCode::input,
                    fmt::format("{}: no valid JSON at byte {}; expected a list of objects with "
                                "role and content",
                                option, error.byte));
    }
    if (!list.is_array() || list.empty()) {
        throw Error(ErrorCode::input,
                    fmt::format("{}: is {}{}; expected a list of objects with role and content", option,
                                list.empty() ? "an empty " : "", list.type_name()));
    }
    std::vector<Message> messages;
    for (std::size_t i = 0; i < list.size(); ++i) {
        messages.push_back(parse_message(fmt::format("{}[{}]", option, i), list[i]));
    }
    return messages;
}

}  // namespace llmx::cli

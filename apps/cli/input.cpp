#include "input.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <iterator>
#include <llmx/error.hpp>
#include <vector>

#include "core/files.hpp"
#include "request/check.hpp"
#include "request/json.hpp"
#include "task/given.hpp"
#include "text/utf8.hpp"

namespace llmx::cli {
namespace {

using request::Field;
using request::Json;
using request::Kind;

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// What text editors and `echo` add is no part of a text.
std::string without_last_newline(std::string text) {
    if (text.ends_with('\n')) text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
    return text;
}

bool names_file(const Field& field, const std::string& value) {
    if (value == "-")
        return field.kind == Kind::text || field.kind == Kind::ids || field.kind == Kind::messages;
    if (field.kind == Kind::ids)
        return value.find_first_not_of("0123456789-+,[] \t\r\n") != std::string::npos;
    return field.kind == Kind::messages && !value.starts_with('[');
}

std::string file_key(const Field& field) { return field.key + "_file"; }

bool has(const Json& request, const std::string& key) {
    return request.contains(key) && !request[key].is_null();
}

/// Before files are read: which of them was meant?
void require_one_of_each(const Json& request, const request::Fields& fields) {
    std::vector<task::Given> given;
    for (const Field& field : fields) {
        KeyFacts facts = field.facts;
        if (facts.one_of.empty()) facts.one_of = field.key;  // one of the text and its file
        if (has(request, field.key)) given.push_back({field.key, facts});
        if (field.facts.file && has(request, file_key(field))) given.push_back({file_key(field), facts});
    }
    task::require_one_of_each(given);
}

}  // namespace

std::string InputReader::read(const std::string& what, const std::string& path) {
    if (path != "-") return read_file(path, what);
    if (standard_input_taken_by_) {
        throw Error(ErrorCode::usage,
                    fmt::format("{}: standard input is read by {} already; expected a file for one "
                                "of them",
                                what, *standard_input_taken_by_));
    }
    standard_input_taken_by_ = what;
    std::string bytes(std::istreambuf_iterator<char>(std::cin), {});
    if (std::cin.bad()) throw Error(ErrorCode::input, fmt::format("{}: cannot read standard input", what));
    return bytes;
}

std::string InputReader::file(const std::string& what, const std::string& path) {
    std::string text = without_last_newline(read(what, path));
    if (text.starts_with(byte_order_mark)) text.erase(0, byte_order_mark.size());
    utf8::require_valid(text, path == "-" ? what : fmt::format("{} {}", what, path));
    return text;
}

void InputReader::read_documents(Json& request) {
    const std::string key(document_files);
    if (!request.contains(key)) return;
    const Json paths = request[key];
    request.erase(key);
    if (!paths.is_array()) request::refuse(key, paths, "a list of file names");
    if (!has(request, "documents")) request["documents"] = Json::array();
    for (const Json& path : paths) {
        if (!path.is_string()) request::refuse(key, path, "the name of a file");
        const auto name = path.get<std::string>();
        const std::string title = name == "-" ? "" : std::filesystem::path(name).filename().string();
        request["documents"].push_back({{"title", title}, {"text", file("`document`", name)}});
    }
}

void InputReader::read_texts(Json& request, const request::Fields& fields) {
    require_one_of_each(request, fields);
    read_documents(request);
    for (const Field& field : fields) {
        const std::string twin = file_key(field);
        if (field.facts.file && request.contains(twin)) {
            if (has(request, twin)) {
                if (!request[twin].is_string()) request::refuse(twin, request[twin], "the name of a file");
                request[field.key] = file(fmt::format("`{}`", twin), request[twin].get<std::string>());
            }
            request.erase(twin);
        } else if (has(request, field.key) && request[field.key].is_string()) {
            const auto value = request[field.key].get<std::string>();
            if (names_file(field, value)) request[field.key] = file(fmt::format("`{}`", field.key), value);
        }
    }
}

ExplainRequest InputReader::request(Json object) {
    ExplainRequest request;
    const request::Fields fields = request::fields(request);
    read_texts(object, fields);
    request::apply(fields, object);
    return request::checked(std::move(request));
}

}  // namespace llmx::cli

#include "flags.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <llmx/error.hpp>
#include <llmx/explain_request.hpp>

#include "input.hpp"
#include "request/fields.hpp"

namespace llmx::cli {
namespace {

using request::Field;
using request::Json;
using request::Kind;

constexpr std::size_t help_width = 66;

[[noreturn]] void refuse(const Field& field, const std::string& text) {
    throw Error(ErrorCode::usage,
                fmt::format("`{}`: got \"{}\"; expected {}", field.key, text, request::described(field)));
}

template <class Number>
std::optional<Number> parsed(const std::string& text) {
    Number value{};
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stop != end) return std::nullopt;
    return value;
}

/// A flag's argument as a value of its key.
Json value_of(const Field& field, const std::string& text) {
    if (field.kind == Kind::integer || field.kind == Kind::number) {
        if (const auto whole = parsed<std::int64_t>(text)) return *whole;
        const auto number = parsed<double>(text);
        if (number && std::isfinite(*number) && field.kind == Kind::number) return *number;
        const auto& words = field.words;
        if (std::find(words.begin(), words.end(), text) == words.end()) refuse(field, text);
    }
    return text;
}

std::string wrapped(const std::string& text) {
    std::string lines;
    std::size_t width = 0;
    for (std::size_t start = 0; start < text.size();) {
        const std::size_t end = std::min(text.find(' ', start), text.size());
        const std::size_t word = end - start;
        if (width > 0 && width + 1 + word > help_width) {
            lines += '\n';
            width = 0;
        }
        if (width > 0) lines += ' ';
        lines += text.substr(start, word);
        width += (width > 0 ? 1 : 0) + word;
        start = end + 1;
    }
    return lines;
}

std::string help_of(const Field& field) {
    std::string help = field.help;
    if (!field.words.empty() && field.key != "task" && field.words.size() < 12)
        help += fmt::format(" One of {}.", fmt::join(field.words, ", "));
    else if (!field.words.empty())
        help += fmt::format(" Known: {}.", fmt::join(field.words, ", "));
    return wrapped(help);
}

std::string type_of(const Field& field) {
    if (!field.facts.shown.empty()) return std::string(field.facts.shown);
    const auto one = [&]() -> std::string {
        switch (field.kind) {
            case Kind::integer:
                return "INT";
            case Kind::number:
                return "FLOAT";
            case Kind::size:
                return "BYTES|SIZE";
            case Kind::path:
                return "FILE";
            case Kind::word:
                return "WORD";
            case Kind::name:
                return "NAME";
            case Kind::ids:
                return "IDS|FILE";
            case Kind::messages:
                return "FILE|JSON";
            case Kind::span:
                return "A:B";
            case Kind::place:
                return "TEXT|A:B";
            default:
                return "TEXT";
        }
    }();
    return field.list ? one + ",..." : one;
}

/// In brackets behind the flag.
std::string default_of(const Field& field) {
    if (!field.default_value.empty()) return field.default_value;
    const Json value = field.get();
    if (value.is_null() || value.is_boolean()) return {};
    if (field.kind == Kind::size) return fmt::format("{}", value.get<std::uint64_t>());
    if (value.is_array()) {
        std::vector<std::string> entries;
        for (const Json& entry : value)
            entries.push_back(entry.is_string() ? entry.get<std::string>() : entry.dump());
        return fmt::format("{}", fmt::join(entries, ","));
    }
    return value.is_string() ? value.get<std::string>() : value.dump();
}

void declare(CLI::App& app, const Field& field, Json& given) {
    const std::string flag = flag_of(field.key);
    const auto set = [&given, field](const std::string& text) { given[field.key] = value_of(field, text); };
    if (field.kind == Kind::flag) {
        app.add_flag_function(
            flag, [&given, key = field.key](std::int64_t count) { given[key] = count > 0; }, help_of(field));
    } else if (field.list) {
        const auto set_list = [&given, field](const std::vector<std::string>& texts) {
            Json list = Json::array();
            for (const std::string& text : texts) list.push_back(value_of(field, text));
            given[field.key] = std::move(list);
        };
        CLI::Option* option =
            app.add_option_function<std::vector<std::string>>(flag, set_list, help_of(field));
        option->allow_extra_args(false)->type_name(type_of(field))->default_str(default_of(field));
        if (field.commas) option->delimiter(',');
    } else {
        CLI::Option* option = app.add_option_function<std::string>(flag, set, help_of(field));
        option->type_name(type_of(field))->default_str(default_of(field));
        if (!field.facts.bare.empty()) {
            option->expected(0, 1)
                ->default_str(std::string(field.facts.bare))
                ->option_text(fmt::format("[{}]", type_of(field)));
        }
    }
}

/// Files, each a document.
void declare_documents(CLI::App& app, const Field& field, Json& given) {
    app.add_option_function<std::vector<std::string>>(
           "--document",
           [&given](const std::vector<std::string>& paths) { given[std::string(document_files)] = paths; },
           help_of(field) + wrapped(" Here: a file each, its name the title; may be repeated."))
        ->allow_extra_args(false)
        ->type_name("FILE");
}

void declare_file(CLI::App& app, const Field& field, Json& given) {
    const std::string key = field.key + "_file";
    app.add_option_function<std::string>(
           flag_of(key), [&given, key](const std::string& path) { given[key] = path; },
           wrapped(fmt::format("Read {} from a file, without one newline at its end; -: standard input.",
                               flag_of(field.key))))
        ->type_name("FILE");
}

}  // namespace

std::string flag_of(std::string key) {
    std::replace(key.begin(), key.end(), '_', '-');
    return "--" + key;
}

void declare_flags(CLI::App& app, const request::Fields& fields, Json& given) {
    for (const Field& field : fields) {
        app.option_defaults()->group(field.group);
        if (field.kind == Kind::documents) {
            declare_documents(app, field, given);
            continue;
        }
        declare(app, field, given);
        if (field.facts.file) declare_file(app, field, given);
    }
}

Json merged(Json lower, const Json& higher) {
    for (const auto& [key, value] : higher.items()) {
        if (!value.is_null() || !lower.contains(key)) lower[key] = value;
    }
    return lower;
}

}  // namespace llmx::cli

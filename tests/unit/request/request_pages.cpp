#include "request_pages.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace llmx::test {
namespace {

using request::Field;
using request::Json;
using request::Kind;

constexpr const char* page_head = R"(# Options of a request

One request can be written in four ways, with the same keys:
- flags of `llmx explain`, `evaluate`, `drift` and `batch`: `--max-new-tokens 20`. Flags marked *file* have a twin, `--user-file FILE`, that reads the text from a file; `-` as a text or file is standard input;
- a JSON object: `llmx explain --request FILE`, the lines of `llmx batch` and `llmx evaluate --requests`, the body of `POST /v1/explain` ([serve.md](serve.md)): `{"max_new_tokens": 20}`. null is no value. The `command` of a result is such an object;
- keyword arguments of Python's `Model.explain`: `max_new_tokens=20`;
- in C++ `llmx::ExplainRequest` (`llmx/explain_request.hpp`), and `request_from_json`.

Keys marked *model* say which model is loaded and how: a service is started with them, and Python takes them in `explainer.load`.

This page is made from the rows in `src/request/fields.cpp` and `src/task/inputs.hpp`. `LLMX_UPDATE=1 ctest --test-dir build/release -R RequestPages` writes it, and `python/explainer/_request.pyi`, anew.
)";

std::string joined(const std::vector<std::string>& words, const char* separator) {
    return fmt::format("{}", fmt::join(words, separator));
}

std::string value_in_words(const Field& field) {
    const auto one = [&]() -> std::string {
        switch (field.kind) {
            case Kind::flag:
                return "true, false";
            case Kind::integer:
                return "whole number";
            case Kind::number:
                return "number";
            case Kind::size:
                return "bytes, `\"2GB\"`";
            case Kind::word:
                return joined(field.words, ", ");
            case Kind::ids:
                return "token ids";
            case Kind::documents:
                return "list of texts, or of `{\"title\", \"text\"}`";
            case Kind::messages:
                return "list of `{\"role\", \"content\"}`";
            case Kind::span:
                return "`\"A:B\"`";
            case Kind::place:
                return "text, `\"A:B\"`";
            case Kind::path:
                return "file";
            default:
                return field.words.empty() ? "text" : joined(field.words, ", ");
        }
    }();
    std::string text = field.list ? "list of: " + one : one;
    const bool number = field.kind == Kind::number || field.kind == Kind::integer;
    if (number && !field.list) {
        const auto& [low, high] = std::pair(field.facts.low, field.facts.high);
        if (low > -1e9 && high < 1e9) return fmt::format("{}, {} to {}", text, low, high);
        if (low > -1e9) return fmt::format("{}, {} or more", text, low);
    }
    return text;
}

std::string default_in_words(const Field& field) {
    if (!field.default_value.empty()) return field.default_value;
    const Json value = field.get();
    if (value.is_null() || (value.is_array() && value.empty())) return "";
    if (!value.is_array()) return value.is_string() ? value.get<std::string>() : value.dump();
    std::vector<std::string> entries;
    for (const Json& entry : value)
        entries.push_back(entry.is_string() ? entry.get<std::string>() : entry.dump());
    return joined(entries, ", ");
}

std::string cell(std::string text) {
    for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, "\\");
    return text;
}

/// Of one value, as Python's typing has it.
std::string python_type(const Field& field) {
    std::vector<std::string> literals;
    for (const std::string& word : field.words) literals.push_back(fmt::format("\"{}\"", word));
    const std::string words = fmt::format("Literal[{}]", fmt::join(literals, ", "));
    switch (field.kind) {
        case Kind::flag:
            return "bool";
        case Kind::integer:
            return "int";
        case Kind::number:
            return field.words.empty() ? "float" : fmt::format("Union[float, {}]", words);
        case Kind::size:
            return "Union[int, str]";
        case Kind::word:
            return words;
        case Kind::ids:
            return "_Ids";
        case Kind::span:
        case Kind::place:
            return "_Place";
        case Kind::documents:
            return "Sequence[Union[str, Mapping[str, str]]]";
        case Kind::messages:
            return "Union[str, Sequence[Mapping[str, str]]]";
        case Kind::path:
            return field.list ? "Union[StrPath, Tuple[StrPath, float]]" : "StrPath";
        default:
            return "str";
    }
}

/// A line of a TypedDict.
std::string entry_of(const Field& field) {
    const std::string one = python_type(field);
    const char* many = field.kind == Kind::path ? "Iterable" : "Sequence";
    return fmt::format("    {}: Optional[{}]\n", field.key,
                       field.list ? fmt::format("Union[{}, {}[{}]]", one, many, one) : one);
}

}  // namespace

std::string options_page(const request::Fields& fields) {
    std::string page = page_head;
    std::string group;
    for (const Field& field : fields) {
        if (field.group != group) {
            group = field.group;
            page += fmt::format("\n## {}\n| key | value | default | |\n| --- | --- | --- | --- |\n", group);
        }
        std::string help = field.help;
        if (field.facts.file) help += " *file*";
        if (field.facts.scope == Scope::model) help += " *model*";
        page += fmt::format("| `{}` | {} | {} | {} |\n", field.key, cell(value_in_words(field)),
                            cell(default_in_words(field)), cell(help));
    }
    return page;
}

std::string typed_dict(const request::Fields& fields) {
    std::string text =
        "# Made from src/request/fields.cpp; see docs/options.md for how to update it.\n"
        "from typing import Any, Iterable, Literal, Mapping, Optional, Protocol, Sequence, Tuple, TypedDict, "
        "Union\n\n"
        "from explainer.aliases import StrPath\n\n"
        "class _Array(Protocol):\n"
        "    def tolist(self) -> Any: ...\n\n"
        "_Ids = Union[str, Sequence[int], Sequence[Sequence[int]], _Array]  # of one text\n"
        "_Place = Union[str, Tuple[int, int]]  # \"A:B\", (A, B), or words of the text\n\n"
        "class Request(TypedDict, total=False):\n"
        "    \"\"\"The keys of Model.explain. Those that belong to the model are in LoadOptions.\"\"\"\n\n";
    for (const Field& field : fields) {
        if (field.facts.scope == Scope::request) text += entry_of(field);
    }
    // Those that Explainer.compute has as arguments of its own, or that generate has.
    static const std::set<std::string> elsewhere = {
        "task",           "user",           "system",         "messages",
        "prompt",         "prompt_ids",     "question",       "context",
        "token_type_ids", "source",         "prefix",         "label",
        "label_ids",      "answer",         "answer_ids",     "method",
        "layer_names",    "is_input",       "strict",         "positions",
        "input_shape",    "embedding_name", "max_new_tokens", "temperature",
        "top_k",          "top_p",          "min_p",          "repetition_penalty",
        "num_beams",      "length_penalty", "early_stopping", "draft_tokens",
        "assistant"};
    text +=
        "\nclass ComputeOptions(TypedDict, total=False):\n"
        "    \"\"\"The further arguments of Explainer.compute.\"\"\"\n\n";
    for (const Field& field : fields) {
        if (field.facts.scope == Scope::request && !elsewhere.contains(field.key)) text += entry_of(field);
    }
    text +=
        "\nclass LoadOptions(TypedDict, total=False):\n"
        "    \"\"\"The options of explainer.load.\"\"\"\n\n";
    for (const Field& field : fields) {
        if (field.facts.scope == Scope::model && field.key != "model") text += entry_of(field);
    }
    return text;
}

}  // namespace llmx::test

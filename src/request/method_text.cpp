#include "request/method_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <llmx/error.hpp>

#include "core/split.hpp"
#include "core/suggest.hpp"
#include "request/automatic_methods.hpp"

namespace llmx::request {
namespace {

const std::vector<MethodFacts>& all_methods() {
    static const std::vector<MethodFacts> all = known_methods();
    return all;
}

bool has_option(const std::string& method, const std::string& option) {
    const auto& shared = shared_options();
    return std::any_of(shared.begin(), shared.end(), [&](const SharedOption& s) {
        return s.option.name == option &&
               std::find(s.methods.begin(), s.methods.end(), method) != s.methods.end();
    });
}

/// "steps=20" into `options`.
void read_option(const std::string& method, const std::string& text,
                 std::map<std::string, std::string>& options) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
        throw Error(ErrorCode::usage, fmt::format("`method` {}: got \"{}\"; expected NAME:OPTION=VALUE",
                                                  shortened(method), shortened(text)));
    }
    std::string name = text.substr(0, equals);
    std::replace(name.begin(), name.end(), '-', '_');
    options[name] = text.substr(equals + 1);
}

/// A key that methods share has the words of each; one method may not know another's.
void require_word(const Method& method, const std::string& name, const std::string& value) {
    for (const MethodFacts& facts : all_methods()) {
        if (facts.name != method.name || method.options.contains(name)) continue;
        for (const MethodOption& option : facts.options) {
            const auto& words = option.words;
            const bool number = option.kind == "whole" || option.kind == "number";
            if (option.name != name || words.empty() || number) continue;
            const auto is_word = [&](const std::string& one) {
                return std::find(words.begin(), words.end(), one) != words.end();
            };
            const std::vector<std::string> values = option.several ? split(value, '+') : std::vector{value};
            if (std::all_of(values.begin(), values.end(), is_word)) return;
            throw Error(
                ErrorCode::usage,
                fmt::format("{}: `{}`: got \"{}\"; expected one of {}; to set it for another method alone, "
                            "NAME:{}={}",
                            method.name, name, value, fmt::join(words, ", "), name, value));
        }
    }
}

std::vector<Method> without_all(const std::vector<Method>& methods, bool has_context) {
    const auto several = std::find_if(methods.begin(), methods.end(),
                                      [](const Method& m) { return m.name == "all" || m.name == automatic; });
    if (several == methods.end()) return methods;
    if (methods.size() > 1) {
        throw Error(
            ErrorCode::usage,
            fmt::format("`method`: {0} is given with others; expected {0} alone, or names", several->name));
    }
    std::vector<Method> every;
    for (const MethodFacts& facts : all_methods()) {
        const bool wants_more = facts.name == "context_reliance" && !has_context;
        if (!wants_more && !facts.slow) every.emplace_back(facts.name);
    }
    return every;
}

/// Another method has the option too, perhaps with other words, another range or another default.
void share(SharedOption& same, const std::string& method, const MethodOption& option) {
    same.methods.push_back(method);
    same.option.low = std::min(same.option.low, option.low);
    same.option.high = std::max(same.option.high, option.high);
    for (const std::string& word : option.words) {
        auto& words = same.option.words;
        if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
    }
    if (same.option.help.find(option.help) == std::string::npos)
        same.option.help += fmt::format("; of {}: {}", method, option.help);
    if (option.default_value != same.option.default_value) same.default_value = "depends on the method";
}

}  // namespace

const std::vector<SharedOption>& shared_options() {
    static const std::vector<SharedOption> options = [] {
        std::vector<SharedOption> all;
        for (const MethodFacts& facts : all_methods()) {
            for (const MethodOption& option : facts.options) {
                const auto same = std::find_if(all.begin(), all.end(), [&](const SharedOption& s) {
                    return s.option.name == option.name;
                });
                if (same == all.end()) {
                    all.push_back({option, {facts.name}, option.default_value});
                } else {
                    share(*same, facts.name, option);
                }
            }
        }
        return all;
    }();
    return options;
}

const std::vector<std::string>& method_names() {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> all;
        for (const MethodFacts& facts : all_methods()) all.push_back(facts.name);
        all.emplace_back("all");
        all.emplace_back(automatic);
        return all;
    }();
    return names;
}

Method parse_method(const std::string& text) {
    const std::vector<std::string> parts = split(text, ':');
    Method method(parts.front());
    const auto& names = method_names();
    if (std::find(names.begin(), names.end(), method.name) == names.end())
        throw_unknown("method", method.name, names);
    if (parts.size() > 1 && (method.name == "all" || method.name == automatic)) {
        throw Error(ErrorCode::usage,
                    fmt::format("`method` {}: takes no options; expected them as keys, for every method that "
                                "has them",
                                method.name));
    }
    for (std::size_t i = 1; i < parts.size(); ++i) read_option(method.name, parts[i], method.options);
    return method;
}

std::string spelled(const Method& method) {
    std::string text = method.name;
    for (const auto& [name, value] : method.options) text += fmt::format(":{}={}", name, value);
    return text;
}

std::vector<Method> resolved(const std::vector<Method>& methods,
                             const std::map<std::string, std::string>& options, bool has_context) {
    std::vector<Method> all = without_all(methods, has_context);
    for (const auto& [name, value] : options) {
        bool taken = false;
        for (Method& method : all) {
            if (!has_option(method.name, name)) continue;
            require_word(method, name, value);
            method.options.try_emplace(name, value);
            taken = true;
        }
        if (taken) continue;
        std::vector<std::string> able;
        for (const SharedOption& shared : shared_options()) {
            if (shared.option.name == name) able = shared.methods;
        }
        throw Error(ErrorCode::usage, fmt::format("`{}`: no method of the request has it; expected one of {}",
                                                  name, fmt::join(able, ", ")));
    }
    return all;
}

}  // namespace llmx::request

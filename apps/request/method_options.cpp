#include "request/method_options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <llmx/error.hpp>

#include "core/suggest.hpp"

namespace llmx::cli {
namespace {

/// An option and the methods that have it.
struct Shared {
    MethodOption option;
    std::vector<std::string> methods;
    std::string fallback;  ///< to show: methods may differ
};

std::vector<Shared> shared_options() {
    std::vector<Shared> all;
    for (const MethodFacts& facts : known_methods()) {
        for (const MethodOption& option : facts.options) {
            const auto same = std::find_if(all.begin(), all.end(),
                                           [&](const Shared& s) { return s.option.name == option.name; });
            if (same == all.end()) {
                all.push_back({option, {facts.name}, option.fallback});
            } else {
                same->methods.push_back(facts.name);
                if (option.fallback != same->option.fallback) same->fallback = "depends on the method";
            }
        }
    }
    return all;
}

std::string flag_of(std::string name) {
    std::replace(name.begin(), name.end(), '_', '-');
    return "--" + name;
}

const char* type_of(const MethodOption& option) {
    if (option.kind == "whole") return "INT";
    return option.kind == "number" ? "FLOAT" : "TEXT";
}

/// "steps=20" into `options`.
void read_option(const std::string& method, const std::string& text,
                 std::map<std::string, std::string>& options) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
        throw Error(ErrorCode::usage,
                    fmt::format("method {}: got \"{}\"; expected NAME:OPTION=VALUE", method, text));
    }
    std::string name = text.substr(0, equals);
    std::replace(name.begin(), name.end(), '-', '_');
    options[name] = text.substr(equals + 1);
}

Method read_method(const std::string& text, const std::map<std::string, std::string>& given) {
    std::vector<std::string> parts;
    for (std::size_t start = 0; start <= text.size();) {
        const std::size_t end = std::min(text.find(':', start), text.size());
        parts.push_back(text.substr(start, end - start));
        start = end + 1;
    }
    Method method(parts.front());
    std::vector<std::string> names;
    for (const MethodFacts& facts : known_methods()) {
        names.push_back(facts.name);
        if (facts.name != method.name) continue;
        for (const MethodOption& option : facts.options) {
            if (const auto found = given.find(option.name); found != given.end())
                method.options[option.name] = found->second;
        }
    }
    if (std::find(names.begin(), names.end(), method.name) == names.end())
        throw_unknown("method", method.name, names);
    for (std::size_t i = 1; i < parts.size(); ++i) read_option(method.name, parts[i], method.options);
    return method;
}

}  // namespace

void declare_method_options(CLI::App& app, std::map<std::string, std::string>& given) {
    app.option_defaults()->group("Options of methods (also as --method NAME:OPTION=VALUE)");
    for (const Shared& shared : shared_options()) {
        const MethodOption& option = shared.option;
        const std::string flag = flag_of(option.name);
        if (app.get_option_no_throw(flag) != nullptr) continue;
        const std::string help =
            fmt::format("{} (default: {}) [{}]", option.help, shared.fallback,
                        shared.methods.size() > 4 ? "several methods"
                                                  : fmt::format("{}", fmt::join(shared.methods, ", ")));
        const auto set = [&given, name = option.name](const std::string& value) { given[name] = value; };
        if (option.kind == "flag") {
            app.add_flag_callback(
                flag, [set] { set("true"); }, help);
        } else {
            app.add_option_function<std::string>(flag, set, help)->type_name(type_of(option));
        }
    }
}

std::vector<Method> read_methods(const std::vector<std::string>& texts,
                                 const std::map<std::string, std::string>& given) {
    std::vector<Method> methods;
    methods.reserve(texts.size());
    for (const std::string& text : texts) methods.push_back(read_method(text, given));
    for (const auto& [name, value] : given) {
        const auto takes = [&, option = name](const Method& m) { return m.options.contains(option); };
        if (std::any_of(methods.begin(), methods.end(), takes)) continue;
        std::vector<std::string> able;
        for (const Shared& shared : shared_options()) {
            if (shared.option.name == name) able = shared.methods;
        }
        throw Error(ErrorCode::usage, fmt::format("{}: no method asked for has it; expected one of {}",
                                                  flag_of(name), fmt::join(able, ", ")));
    }
    return methods;
}

std::string spelled(const Method& method) {
    std::string text = method.name;
    for (const auto& [name, value] : method.options) text += fmt::format(":{}={}", name, value);
    return text;
}

}  // namespace llmx::cli

#include "engine/model/match.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/suggest.hpp"

namespace llmx::engine {
namespace {

std::vector<std::string> components(const std::string& name) {
    std::vector<std::string> parts(1);
    for (const char c : name) {
        if (c == '.') {
            parts.emplace_back();
        } else {
            parts.back() += c;
        }
    }
    return parts;
}

bool is_number(const std::string& text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool matches(const std::string& name, const std::vector<std::string>& pattern) {
    if (name.empty()) return false;
    const std::vector<std::string> parts = components(name);
    if (pattern.size() > 1 || is_number(pattern.front())) {
        return std::search(parts.begin(), parts.end(), pattern.begin(), pattern.end()) != parts.end();
    }
    return std::any_of(parts.begin(), parts.end(), [&](const std::string& part) {
        return part.find(pattern.front()) != std::string::npos;
    });
}

// The names that a user may have meant: whole ones, or the components of which names are made.
std::vector<std::string> known_names(const std::vector<Module>& modules, bool whole) {
    std::vector<std::string> names;
    for (const Module& module : modules) {
        for (const std::string& name : {module.hf_name, module.gguf_name}) {
            if (name.empty()) continue;
            for (const std::string& part : whole ? std::vector{name} : components(name)) {
                const bool fresh = std::find(names.begin(), names.end(), part) == names.end();
                if (fresh && (whole || !is_number(part))) names.push_back(part);
            }
        }
    }
    return names;
}

}  // namespace

std::vector<int> match_modules(const std::vector<Module>& modules, const std::string& pattern, bool strict) {
    if (pattern.empty())
        throw Error(ErrorCode::usage, "module pattern: empty; expected part of a module's name");
    const std::vector<std::string> parts = components(pattern);
    std::vector<int> found;
    for (std::size_t i = 0; i < modules.size(); ++i) {
        const Module& module = modules[i];
        const bool hit = strict ? module.hf_name == pattern || module.gguf_name == pattern
                                : matches(module.hf_name, parts) || matches(module.gguf_name, parts);
        if (hit) found.push_back(static_cast<int>(i));
    }
    if (!found.empty()) return found;

    const bool whole = strict || parts.size() > 1;
    const std::vector<std::string> near = nearest(pattern, known_names(modules, whole), 3);
    throw Error(ErrorCode::usage,
                fmt::format("module pattern \"{}\": no module of this model {}; nearest: {}", pattern,
                            strict ? "has this whole name" : "has it in its name", fmt::join(near, ", ")));
}

}  // namespace llmx::engine

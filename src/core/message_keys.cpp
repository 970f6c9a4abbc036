#include "core/message_keys.hpp"

#include <algorithm>

namespace llmx {
namespace {

bool is_key(std::string_view name) {
    const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
    return !name.empty() && is_lower(name.front()) && std::all_of(name.begin(), name.end(), [&](char c) {
        return is_lower(c) || (c >= '0' && c <= '9') || c == '_';
    });
}

/// "messages" of "messages[0]".
std::string_view without_index(std::string_view name) {
    const std::size_t bracket = name.find('[');
    return name.ends_with(']') ? name.substr(0, bracket) : name;
}

}  // namespace

std::vector<std::string_view> keys_in(std::string_view message) {
    std::vector<std::string_view> keys;
    bool quoted = false;
    for (std::size_t at = 0; at < message.size(); ++at) {
        if (message[at] == '"') quoted = !quoted;
        if (quoted || message[at] != '`') continue;
        const std::size_t end = message.find('`', at + 1);
        if (end == std::string_view::npos) break;
        const std::string_view name = without_index(message.substr(at + 1, end - at - 1));
        if (!is_key(name)) continue;
        keys.push_back(name);
        at = end;
    }
    return keys;
}

}  // namespace llmx

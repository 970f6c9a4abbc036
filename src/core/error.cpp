#include <llmx/error.hpp>

#include "core/message_keys.hpp"

namespace llmx {

std::string Error::key() const {
    const std::string_view message = what();
    const auto keys = keys_in(message.substr(0, message.find("; ")));
    return keys.empty() ? std::string() : std::string(keys.front());
}

}  // namespace llmx

#include "messages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <llmx/view.hpp>

#include "core/message_keys.hpp"

namespace llmx::cli {

std::string with_flags(std::string_view message) {
    std::string spelled;
    std::size_t done = 0;
    for (const std::string_view key : keys_in(message)) {
        const auto at = static_cast<std::size_t>(key.data() - message.data());
        std::string flag(key == "documents" ? "document" : key);  // a flag takes one file
        std::replace(flag.begin(), flag.end(), '_', '-');
        spelled.append(message, done, at - 1 - done).append("--").append(flag);
        const std::size_t end = message.find('`', at);  // an index may follow: `messages[0]`
        spelled.append(message.substr(at + key.size(), end - at - key.size()));
        done = end + 1;
    }
    return spelled.append(message, done);
}

void say(std::string_view text) noexcept {
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
}

void complain(std::string_view message) {
    std::string line = with_flags(message);
    std::replace(line.begin(), line.end(), '\n', ' ');
    std::cout.flush();
    say(fmt::format("llmx: {}\n", view::printable(line)));
}

}  // namespace llmx::cli

#include "output.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <llmx/error.hpp>
#include <nlohmann/json.hpp>

#include "core/files.hpp"

namespace llmx::cli {

void require_json_place(const std::string& path) {
    if (!path.empty() && path != "-") require_writable_place(path);
}

void require_different(std::span<const std::pair<std::string, std::string>> files) {
    const auto place = [](const std::string& path) {
        std::error_code error;
        return std::filesystem::weakly_canonical(std::filesystem::absolute(path, error), error);
    };
    for (std::size_t i = 0; i < files.size(); ++i) {
        for (std::size_t k = 0; k < i; ++k) {
            const auto& [first, a] = files[k];
            const auto& [second, b] = files[i];
            if (a.empty() || a == "-" || b.empty() || b == "-" || place(a) != place(b)) continue;
            throw Error(ErrorCode::usage,
                        fmt::format("{}, {}: both are {}; expected two files", first, second, b));
        }
    }
}

void write_json(const std::string& path, const nlohmann::ordered_json& json) {
    write_text(path, json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n');
}

void write_text(const std::string& path, const std::string& text) {
    if (path == "-") {
        std::cout << text;
    } else {
        write_file_atomically(path, text);
    }
}

}  // namespace llmx::cli

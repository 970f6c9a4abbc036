#include "output.hpp"

#include <iostream>
#include <nlohmann/json.hpp>

#include "core/files.hpp"

namespace llmx::cli {

void require_json_place(const std::string& path) {
    if (!path.empty() && path != "-") require_writable_place(path);
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

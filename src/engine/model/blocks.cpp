#include "engine/model/blocks.hpp"

#include <cctype>

namespace llmx::engine {

int block_of(std::string_view name) {
    std::string_view digits;
    if (name.starts_with("blk.")) {
        digits = name.substr(4, name.find('.', 4) - 4);
    } else if (const auto dash = name.rfind('-'); dash != std::string_view::npos) {
        digits = name.substr(dash + 1);
        // llama.cpp's views carry a suffix: "kq-3 (view)"
        digits = digits.substr(0, digits.find(' '));
    }
    if (digits.empty()) return -1;
    int block = 0;
    for (const char c : digits) {
        if (std::isdigit(static_cast<unsigned char>(c)) == 0) return -1;
        block = block * 10 + (c - '0');
    }
    return block;
}

}  // namespace llmx::engine

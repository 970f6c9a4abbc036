#pragma once
// Short texts in many scripts, and in forms that tokenizers treat in their own ways.

#include <array>

namespace llmx::test {

inline constexpr std::array texts_in_scripts{"ld",
                                             " open",
                                             "  two spaces",
                                             "The shop is open.\nOn Monday, too",
                                             "\n\nA paragraph",
                                             "Größe: 5 µm",
                                             "Привет, мир",
                                             "Γειά σου",
                                             "שלום עולם",
                                             "مرحبا بالعالم",
                                             "नमस्ते दुनिया",
                                             "สวัสดีชาวโลก",
                                             "こんにちは世界",
                                             "안녕하세요",
                                             "你好，世界",
                                             "👩‍🔬🙂",
                                             "if (a < b) {\n\treturn \"x\";\n}"};

}  // namespace llmx::test

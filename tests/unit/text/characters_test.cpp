// What Unicode says of characters.

#include <gtest/gtest.h>

#include "text/characters.hpp"

namespace llmx {
namespace {

TEST(Characters, HangulIsDecomposedAndNothingElse) {
    EXPECT_EQ(decompose_hangul("한국어"), "\u1112\u1161\u11ab\u1100\u116e\u11a8\u110b\u1165");
    EXPECT_EQ(decompose_hangul("가힣"), "\u1100\u1161\u1112\u1175\u11c2");
    EXPECT_EQ(decompose_hangul("a 価é🚀\uabff\ud7a4"), "a 価é🚀\uabff\ud7a4");
    EXPECT_EQ(decompose_hangul(""), "");
}

TEST(Characters, TakeTheirCells) {
    for (const char32_t c : {U'a', U'é', U'\x5D0', U'\x915', U'\x416'})
        EXPECT_EQ(cells(c), 1) << static_cast<unsigned>(c);
    for (const char32_t c : {U'한', U'国', U'あ', U'！', U'🚀', U'\x1F469'})
        EXPECT_EQ(cells(c), 2) << static_cast<unsigned>(c);
    for (const char32_t c : {U'\x301', U'\x5B4', U'\x64E', U'\x94D', U'\xE34', U'\xFE0F', U'\x1F3FD'})
        EXPECT_EQ(cells(c), 0) << static_cast<unsigned>(c);
}

TEST(Characters, InvisibleOnes) {
    for (const char32_t c : {U'\0', U'\x1B', U'\x7F', U'\x85', U'\xAD', U'\x61C', U'\x200B', U'\x202E',
                             U'\x2029', U'\x3164', U'\xFEFF', U'\xFFFE', U'\xE0041'})
        EXPECT_TRUE(is_invisible(c)) << static_cast<unsigned>(c);
    for (const char32_t c : {U' ', U'a', U'한', U'\x301', U'\xFE0F', U'\xFFFD', U'🚀'})
        EXPECT_FALSE(is_invisible(c)) << static_cast<unsigned>(c);
}

}  // namespace
}  // namespace llmx

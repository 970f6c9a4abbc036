#include <gtest/gtest.h>

#include <llmx/error.hpp>

#include "support/expect_error.hpp"
#include "text/utf8.hpp"

namespace llmx {
namespace {

const std::string replacement = "\xEF\xBF\xBD";

// Encodes a code point without any check, also ones that UTF-8 forbids.
std::string encode(unsigned c, int length) {
    std::string bytes;
    static constexpr unsigned leads[] = {0, 0, 0xC0, 0xE0, 0xF0};
    if (length == 1) return std::string(1, static_cast<char>(c));
    bytes += static_cast<char>(leads[length] | (c >> (6 * (length - 1))));
    for (int i = length - 2; i >= 0; --i) bytes += static_cast<char>(0x80 | ((c >> (6 * i)) & 0x3F));
    return bytes;
}

int shortest(unsigned c) { return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4; }

TEST(Utf8, EveryCodePointIsValidExceptSurrogates) {
    for (unsigned c = 0; c <= 0x10FFFF; ++c) {
        const bool surrogate = c >= 0xD800 && c <= 0xDFFF;
        ASSERT_EQ(utf8::is_valid(encode(c, shortest(c))), !surrogate) << c;
    }
}

TEST(Utf8, OverlongFormsAndTooLargeValuesAreInvalid) {
    for (unsigned c = 0; c < 0x10000; c += 7) {
        for (int length = shortest(c) + 1; length <= 4; ++length) {
            ASSERT_FALSE(utf8::is_valid(encode(c, length))) << c << " in " << length << " bytes";
        }
    }
    EXPECT_FALSE(utf8::is_valid(encode(0x110000, 4)));
    EXPECT_FALSE(utf8::is_valid("\xF5\x80\x80\x80"));
    EXPECT_FALSE(utf8::is_valid("\xFF"));
}

TEST(Utf8, FirstInvalidIsTheOffset) {
    EXPECT_EQ(utf8::first_invalid("abc"), 3u);
    EXPECT_EQ(utf8::first_invalid("ab\xFF"), 2u);
    EXPECT_EQ(utf8::first_invalid("é\x80"), 2u);
    EXPECT_EQ(utf8::first_invalid("价\xE4\xBB"), 3u);
}

TEST(Utf8, IncompleteTailOfEveryCut) {
    for (const std::string c : {"é", "价", "🚀"}) {
        for (std::size_t n = 1; n <= c.size(); ++n) {
            const std::string text = "ab" + c.substr(0, n);
            EXPECT_EQ(utf8::incomplete_tail(text), n == c.size() ? 0 : n) << c << " " << n;
        }
    }
    EXPECT_EQ(utf8::incomplete_tail(""), 0u);
    EXPECT_EQ(utf8::incomplete_tail("a\x80"), 0u);     // can never become whole
    EXPECT_EQ(utf8::incomplete_tail("\xED\xA0"), 0u);  // would be a surrogate
    EXPECT_EQ(utf8::incomplete_tail("\xF0\x9F\x9A"), 3u);
}

TEST(Utf8, ReplacementFollowsTheUnicodeStandard) {
    // The example of the Unicode Standard, section 3.9, table 3-8 and 3-11.
    EXPECT_EQ(utf8::replace_invalid("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"),
              replacement + replacement + replacement + replacement + replacement + replacement +
                  replacement + replacement + "A");
    EXPECT_EQ(utf8::replace_invalid("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"),
              replacement + replacement + replacement + replacement + "A");
    EXPECT_EQ(utf8::replace_invalid("whole 🚀"), "whole 🚀");
}

TEST(Utf8, CharactersBeginWhereReplacementsWould) {
    EXPECT_EQ(utf8::character_offsets(""), (std::vector<std::size_t>{0}));
    EXPECT_EQ(utf8::character_offsets("aé价🚀"), (std::vector<std::size_t>{0, 1, 3, 6, 10}));
    EXPECT_EQ(utf8::character_offsets("\x80\x80\xF0\x9F\x9A"
                                      "a\xE4\xBB"),
              (std::vector<std::size_t>{0, 1, 2, 5, 6, 8}));
}

TEST(Utf8, RequireValidNamesWhatAndWhere) {
    EXPECT_NO_THROW(utf8::require_valid("fine", "text"));
    test::expect_error(ErrorCode::input, {"label", "0xff", "offset 3"},
                       [] { utf8::require_valid("abc\xFF", "label"); });
}

}  // namespace
}  // namespace llmx

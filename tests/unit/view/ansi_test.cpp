#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <llmx/error.hpp>
#include <llmx/view.hpp>
#include <sstream>

namespace llmx {
namespace {

std::string shown(const std::vector<std::string>& tokens, const std::vector<float>& scores,
                  bool color = true) {
    std::ostringstream out;
    view::ansi(out, tokens, scores, color);
    return out.str();
}

std::string coloured(int code) { return "\x1b[" + std::to_string(code) + "mx\x1b[0m"; }

TEST(ViewAnsi, ThresholdsBelongToTheLowerColour) {
    const struct {
        float threshold;
        int at, above;
    } cases[] = {{0.3F, 37, 90}, {0.5F, 90, 32}, {0.7F, 32, 33}, {0.9F, 33, 31}};
    for (const auto& c : cases) {
        EXPECT_EQ(shown({"x"}, {c.threshold}), coloured(c.at)) << c.threshold;
        EXPECT_EQ(shown({"x"}, {std::nextafter(c.threshold, 2.0F)}), coloured(c.above)) << c.threshold;
    }
    EXPECT_EQ(shown({"x"}, {0.0F}), coloured(37));
    EXPECT_EQ(shown({"x"}, {1.0F}), coloured(31));
}

TEST(ViewAnsi, SignedScoresGoFromBlueToRed) {
    const struct {
        float score;
        int code;
    } cases[] = {
        {-1, 34},   {-0.5F, 34}, {-0.4F, 94}, {-0.1F, 37}, {0, 37},
        {0.1F, 37}, {0.2F, 91},  {0.5F, 31},  {1, 31},     {std::numeric_limits<float>::quiet_NaN(), 37}};
    for (const auto& c : cases) {
        std::ostringstream out;
        view::ansi_signed(out, {"x"}, std::span(&c.score, 1));
        EXPECT_EQ(out.str(), coloured(c.code)) << c.score;
    }
}

TEST(ViewAnsi, NoNumberIsNotTheHighestColour) {
    EXPECT_EQ(shown({"x"}, {std::numeric_limits<float>::quiet_NaN()}), coloured(37));
}

TEST(ViewAnsi, WithoutColourTheTextIsPlain) {
    EXPECT_EQ(shown({"Good", " day", "\n", "!"}, {0, 1, 0, 1}, false), "Good day\n!");
}

TEST(ViewAnsi, EveryTokenNeedsOneScore) {
    try {
        (void)shown({"a", "b"}, {1.0F});
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::input);
        EXPECT_THAT(error.what(),
                    testing::AllOf(testing::HasSubstr("1 scores"), testing::HasSubstr("2 tokens")));
    }
}

TEST(ViewAnsi, ControlCharactersOfTheTextDoNotReachTheTerminal) {
    // Sets the window's title, moves the cursor, clears the screen by an 8-bit CSI, deletes, returns.
    const std::string hostile =
        "\x1b]0;pwned\x07 \x1b[2J \xC2\x9B"
        "1m \x7F \r \b end\tof\nline";
    const std::string plain = shown({hostile}, {0}, false);
    EXPECT_EQ(plain,
              "\u241B]0;pwned\u2407 \u241B[2J \uFFFD"
              "1m \u2421 \u240D \u2408 end\tof\nline");
    EXPECT_EQ(shown({hostile}, {1}), "\x1b[31m" + plain + "\x1b[0m");
}

TEST(ViewAnsi, BytesThatAreNoCharacterAreReplaced) {
    EXPECT_EQ(view::printable("caf\xC3"), "caf\uFFFD");
    EXPECT_EQ(view::printable("\x9B"
                              "2J"),
              "\uFFFD2J");
    EXPECT_EQ(view::printable("\xC2\xA0"
                              "caf\xC3\xA9 \xE6\x97\xA5"),
              "\u00A0caf\u00E9 \u65E5");
    EXPECT_EQ(view::printable(std::string("a\0b", 3)), "a\u2400b");
}

}  // namespace
}  // namespace llmx

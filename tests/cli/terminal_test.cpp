// What a reader sees: colours, and texts that cannot harm the terminal.

#include <gtest/gtest.h>

#include "program.hpp"

namespace llmx::test {
namespace {

const std::string escape = "\x1b[";

Arguments shown(const Arguments& more) {
    return joined(
        {"explain", "--model", golden("llama-tiny.gguf"), "--prompt", "Is it open?", "--answer-ids", "8,9"},
        more);
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(Terminal, TextViewShowsPromptAnswerAndTable) {
    const Outcome run = llmx(shown({}));
    EXPECT_EQ(run.code, 0) << run.err;
    for (const char* part : {"value_norm (logprob of the answer)", "saliency (logprob of the answer)",
                             "Is it open?", "Answer (2 tokens)", "position", "total"}) {
        EXPECT_TRUE(has(run.out, part)) << part;
    }
}

TEST(Terminal, AProfileNamesWhatTookTheTime) {
    const Outcome plain = llmx(shown({}));
    const Outcome profiled = llmx(shown({"--profile"}));
    EXPECT_EQ(profiled.code, 0) << profiled.err;
    for (const char* part : {"pass  ", "reverse pass  ", "MUL_MAT", "SOFT_MAX", " nodes"}) {
        EXPECT_TRUE(has(profiled.err, part)) << part;
        EXPECT_FALSE(has(plain.err, part)) << part;
    }
    const auto until_times = [](const std::string& text) { return text.substr(0, text.find("\nload ")); };
    EXPECT_EQ(until_times(profiled.out), until_times(plain.out));
}

TEST(Terminal, ColourWhereItIsWanted) {
    EXPECT_FALSE(has(llmx(shown({})).out, escape));  // not a terminal
    EXPECT_TRUE(has(llmx(shown({"--color", "always"})).out, escape + "31m"));
    RunOptions no_color;
    no_color.environment = {{"NO_COLOR", "1"}};
    EXPECT_TRUE(has(llmx(shown({"--color", "always"}), no_color).out, escape));
    EXPECT_TRUE(has(llmx_on_terminal(shown({})).out, escape + "31m"));
    EXPECT_FALSE(has(llmx_on_terminal(shown({"--color", "never"})).out, escape));
    EXPECT_FALSE(has(llmx_on_terminal(shown({}), {{"NO_COLOR", "1"}}).out, escape + "31m"));
    EXPECT_TRUE(has(llmx_on_terminal(shown({}), {{"NO_COLOR", ""}}).out, escape + "31m"));
    EXPECT_FALSE(has(llmx_on_terminal(shown({}), {{"TERM", "dumb"}}).out, escape + "31m"));
}

TEST(Terminal, AHostilePromptIsShownNotObeyed) {
    const Outcome run = llmx({"explain", "--model", golden("llama-tiny.gguf"), "--prompt",
                              "\x1b]0;title\x07 \x1b[2J hi", "--answer", "\x1b[31m\r!", "--color", "never"});
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_FALSE(has(run.out, "\x1b"));
    EXPECT_FALSE(has(run.out, "\x07"));
    EXPECT_FALSE(has(run.out, "\r"));
    EXPECT_TRUE(has(run.out, "\u241B"));
    expect_failure(llmx({"explain", "--model", "/no/\x1b[2J", "--prompt", "x"}), 4, {"/no/\u241B[2J"});
}

// A text of ten random words has a probability that no float32 holds.
TEST(Terminal, ImprobableAnswersAreWarnedOf) {
    std::string words;
    for (int i = 0; i < 3; ++i)
        words += " zebra quantum pickle orbit velvet gravel tundra cactus marble feather";
    const Arguments asked = {"explain",  "--model",     golden("llama-tiny.gguf"),
                             "--prompt", "Is it open?", "--answer",
                             words,      "--method",    "leave_one_out"};
    Arguments probability = asked;
    probability.insert(probability.end(), {"--measure", "probability"});
    const Outcome warned = llmx(probability);
    EXPECT_EQ(warned.code, 0) << warned.err;
    EXPECT_TRUE(has(warned.err, "`measure` probability") || has(warned.err, "--measure probability"))
        << warned.err;
    EXPECT_TRUE(has(warned.err, "logprob")) << warned.err;
    EXPECT_FALSE(has(llmx(asked).err, "vanish"));
    // One token's is no small number, and its table shows digits, not 0.0000.
    Arguments one = probability;
    one.insert(one.end(), {"--target-span", "0:1", "--color", "never"});
    const Outcome shown = llmx(one);
    EXPECT_FALSE(has(shown.err, "vanish")) << shown.err;
    EXPECT_FALSE(has(shown.out, "-0.0000")) << shown.out;
}

TEST(Terminal, QuietShowsNothing) {
    const Outcome run = llmx_on_terminal(shown({"--quiet"}));
    EXPECT_EQ(run.code, 0);
    EXPECT_EQ(run.out, "");
}

TEST(Terminal, TheAnswerAppearsWhileItIsWritten) {
    LiveRun run(
        {"explain", "--model", golden("llama-tiny.gguf"), "--prompt", "Once", "--max-new-tokens", "30"});
    EXPECT_TRUE(run.wait_for_text());
    EXPECT_EQ(run.finish().code, 0);
}

}  // namespace
}  // namespace llmx::test

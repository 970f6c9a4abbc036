#include "request/stop_texts.hpp"

#include <gtest/gtest.h>

namespace llmx {
namespace {

struct Written {
    std::string shown;
    Generation answer;
};

/// Until a text is found, as generation does.
Written write(const std::vector<std::string>& stops, const std::vector<std::string>& pieces) {
    request::StopTexts stop(stops);
    Written written;
    for (const std::string& piece : pieces) {
        written.answer.ids.push_back(static_cast<Token>(written.answer.ids.size()));
        written.answer.text += piece;
        written.shown += stop.add(piece);
        if (stop.is_found()) break;
    }
    written.shown += stop.rest();
    stop.cut(written.answer);
    return written;
}

void expect(const Written& written, const std::string& text, std::size_t tokens, bool ended) {
    EXPECT_EQ(written.shown, text);
    EXPECT_EQ(written.answer.text, text);
    EXPECT_EQ(written.answer.ids.size(), tokens);
    EXPECT_EQ(written.answer.ended, ended);
}

TEST(StopTexts, NothingIsFound) {
    expect(write({}, {"a", "b"}), "ab", 2, false);
    expect(write({"xyz"}, {"a", "xy", "b", "xy"}), "axybxy", 4, false);
}

TEST(StopTexts, EndsTheAnswerBeforeIt) {
    expect(write({"."}, {"a", "b", ".", "c"}), "ab", 2, true);
    expect(write({"."}, {"a", "b.\n", "c"}), "ab", 2, true);            // within a token, which is kept
    expect(write({"END"}, {"a", " E", "N", "D", "c"}), "a ", 2, true);  // of several tokens
    expect(write({"END"}, {"a", "EN", "EN", "D", "c"}), "aEN", 2, true);
    expect(write({"cd", "bc"}, {"abcd"}), "a", 1, true);  // the first in the text
    expect(write({"a"}, {"a", "b"}), "", 1, true);        // a token is left to explain
}

TEST(StopTexts, WhatMayBeItsBeginningIsNotShown) {
    request::StopTexts stop({"\n\nQ:"});
    EXPECT_EQ(stop.add("yes\n"), "yes");
    EXPECT_EQ(stop.add("\nQ"), "");
    EXPECT_EQ(stop.add("uite"), "\n\nQuite");
}

}  // namespace
}  // namespace llmx

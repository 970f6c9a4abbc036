// What `why` says as annotations of a chat message.

#include "serve/citations.hpp"

#include <gtest/gtest.h>

namespace llmx::serve {
namespace {

using Json = nlohmann::ordered_json;

TEST(Citations, StandAtTheSentencesCharacters) {
    const Json passage = {{"text", "Ada kam um elf."}, {"role", "document"}, {"part", 2},
                          {"title", "a.txt"},          {"lines", {3, 3}},    {"tokens", {1, 2}}};
    Json other = passage;
    other["text"] = "Bo ging.";
    const Json why = {
        {"sentences",
         {{{"text", "\u00DCbrigens schlief Cy. "}, {"sources", Json::array()}},
          {{"text", "Ada kam um elf, Bo ging."},
           {"sources",
            {{{"passage", 1}, {"strength", 7.5}}, {{"passage", 0}, {"strength", 3}, {"p_value", 0.01}}}}}}},
        {"passages", {passage, other}}};
    const Json found = citations(Json{{"task", "x"}, {"why", why}}.dump());
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0]["text"], "Bo ging.");
    EXPECT_EQ(found[0]["start_index"], 21) << "characters, not bytes";
    EXPECT_EQ(found[0]["end_index"], 45);
    EXPECT_EQ(found[0]["strength"], 7.5);
    EXPECT_TRUE(found[0]["p_value"].is_null());
    EXPECT_EQ(found[1]["text"], "Ada kam um elf.");
    EXPECT_EQ(found[1]["title"], "a.txt");
    EXPECT_EQ(found[1]["lines"], (Json{3, 3}));
    EXPECT_EQ(found[1]["p_value"], 0.01);
}

TEST(Citations, AreNoneWithoutWhy) {
    EXPECT_TRUE(citations("").empty());
    EXPECT_TRUE(citations(R"({"prompt_text": "\"why\":{"})").empty());
}

}  // namespace
}  // namespace llmx::serve

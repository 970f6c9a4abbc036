// How deep a JSON text is nested, told before a parser sees it.

#include "core/json_depth.hpp"

#include <gtest/gtest.h>

#include <string>

namespace llmx {
namespace {

std::string nested(int depth) {
    const auto times = static_cast<std::size_t>(depth);
    return std::string(times, '[') + std::string(times, ']');
}

TEST(JsonDepth, CountsBrackets) {
    EXPECT_FALSE(nested_deeper_than("1", 0));
    EXPECT_TRUE(nested_deeper_than("[]", 0));
    EXPECT_FALSE(nested_deeper_than(nested(5), 5));
    EXPECT_TRUE(nested_deeper_than(nested(6), 5));
    EXPECT_TRUE(nested_deeper_than(R"({"a": [{"b": [1]}]})", 3));
    EXPECT_FALSE(nested_deeper_than(R"({"a": [{"b": [1]}]})", 4));
}

TEST(JsonDepth, SidesByEachOtherAreNotDeeper) {
    EXPECT_FALSE(nested_deeper_than("[[], [], {}, []]", 2));
    EXPECT_TRUE(nested_deeper_than("[[], [[]]]", 2));
}

TEST(JsonDepth, BracketsInTextsDoNotCount) {
    EXPECT_FALSE(nested_deeper_than(R"(["[[[[[", "{{{"])", 1));
    EXPECT_FALSE(nested_deeper_than(R"(["\"[[[[", "\\"])", 1));
    EXPECT_TRUE(nested_deeper_than(R"(["\\", [1]])", 1));
}

TEST(JsonDepth, BrokenTextsAreTheParsersMatter) {
    EXPECT_TRUE(nested_deeper_than(std::string(100'000, '['), 64));
    EXPECT_FALSE(nested_deeper_than(R"(["never closed)", 1));
    EXPECT_FALSE(nested_deeper_than("", 0));
}

}  // namespace
}  // namespace llmx

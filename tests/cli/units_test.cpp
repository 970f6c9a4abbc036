// llmx explain with units: what scores are given to, for each kind of model.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program.hpp"
#include "support/golden_file.hpp"
#include "support/measured.hpp"

namespace llmx::test {
namespace {

using nlohmann::json;
using testing::ElementsAre;

const std::string chat_template =
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}{% endfor %}"
    "<|im_start|>assistant\n";

Arguments chat(const Arguments& more) {
    Arguments arguments = {"explain",
                           "--model",
                           golden("llama-tiny.gguf"),
                           "--system",
                           "Be kind. Now.",
                           "--user",
                           "the cat",
                           "--answer",
                           " sat",
                           "--json",
                           "-",
                           "--chat-template",
                           chat_template};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
}

/// "kind|text" of each unit of the first attribution.
std::vector<std::string> units(const json& result) {
    std::vector<std::string> all;
    for (const json& unit : result["attributions"][0]["units"])
        all.push_back(unit["kind"].get<std::string>() + "|" + unit["text"].get<std::string>());
    return all;
}

TEST(UnitsOfTheProgram, TurnsSumTheirTokens) {
    const json tokens = json_of(chat({"--method", "input_x_gradient", "--hold", "none"}));
    const json turns = json_of(chat({"--method", "input_x_gradient", "--unit", "turn", "--hold", "none"}));
    EXPECT_THAT(units(turns), ElementsAre("template|<|im_start|>system\n", "system|Be kind. Now.",
                                          "template|<|im_end|>\n<|im_start|>user\n", "user|the cat",
                                          "template|<|im_end|>\n<|im_start|>assistant"));
    const json& one = turns["attributions"][0];
    const json& each = tokens["attributions"][0];
    std::size_t next = 0;
    for (std::size_t u = 0; u < one["units"].size(); ++u) {
        const auto first = one["units"][u]["tokens"][0].get<std::size_t>();
        const auto last = one["units"][u]["tokens"][1].get<std::size_t>();
        EXPECT_EQ(first, next);
        next = last;
        double sum = 0;
        for (std::size_t row = first; row < last; ++row) sum += each["scores"][0][row].get<double>();
        EXPECT_CLOSE(one["scores"][0][u].get<double>(), sum, 1e-6);
    }
    EXPECT_EQ(next, tokens["Prompt"].size());
}

TEST(UnitsOfTheProgram, SentencesRolesAndPatterns) {
    EXPECT_THAT(units(json_of(chat({"--method", "saliency", "--unit", "sentence"}))),
                testing::AnyOf(ElementsAre("sentence|Be kind.", "sentence| Now.", "sentence|the cat"),
                               ElementsAre("sentence|Be kind. ", "sentence|Now.", "sentence|the cat")));
    const json roles =
        json_of(chat({"--method", "saliency", "--unit", "role", "--sources", "all", "--hold", "none"}));
    ASSERT_EQ(units(roles).size(), 4U);
    EXPECT_EQ(units(roles)[3], "answer| sat");
    EXPECT_EQ(roles["attributions"][0]["units"][0]["parts"].size(), 3U);
    EXPECT_THAT(units(json_of(chat({"--method", "leave_one_out", "--unit", "regex", "--unit-pattern",
                                    "the cat", "--hold", "special"}))),
                ElementsAre("rest|system\nBe kind. Now.", "rest|\n", "rest|user\n", "regex|the cat",
                            "rest|\n", "rest|assistant"));
}

TEST(UnitsOfTheProgram, TextsOfTasks) {
    const GoldenFile file(golden("bertqa-tiny.golden.gguf"));
    const json found = json_of({"explain", "--model", golden("bertqa-tiny"), "--question",
                                file.text("golden.question"), "--context", file.text("golden.context"),
                                "--method", "saliency", "--unit", "turn", "--json", "-"});
    std::vector<std::string> kinds;
    for (const json& unit : found["attributions"][0]["units"]) kinds.push_back(unit["kind"]);
    EXPECT_THAT(kinds, ElementsAre("template", "question", "template", "context", "template"));
    EXPECT_EQ(found["attributions"][0]["units"][3]["tokens"], json({13, 51}));
    const json source = json_of({"explain", "--model", golden("t5-tiny.gguf"), "--task", "translation",
                                 "--prefix", "to German: ", "--source", "The house.", "--answer", "The",
                                 "--method", "saliency", "--unit", "turn", "--json", "-"});
    EXPECT_THAT(units(source), ElementsAre(testing::StartsWith("instruction|"),
                                           testing::StartsWith("source|"), "template|</s>"));
}

TEST(UnitsOfTheProgram, WhatCannotBeIsOneLine) {
    expect_failure(llmx(chat({"--method", "saliency", "--unit", "wrod"})), 2, {"\"wrod\"", "nearest: word"});
    expect_failure(llmx(chat({"--method", "saliency", "--unit", "regex", "--unit-pattern", "a("})), 2,
                   {"\"a(\"", "U_REGEX_MISMATCHED_PAREN"});
    expect_failure(llmx(chat({"--method", "saliency", "--unit", "spans", "--unit-spans", "0:9999"})), 3,
                   {"0:9999", "0 <= A < B"});
    expect_failure(llmx({"explain", "--model", golden("llama-tiny.gguf"), "--prompt", "the cat", "--answer",
                         " sat", "--method", "saliency", "--unit", "turn"}),
                   2, {"--unit turn", "--user or --messages"});
}

}  // namespace
}  // namespace llmx::test

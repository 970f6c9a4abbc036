// llmx why, documents, and llmx evaluate --questions.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program.hpp"
#include "support/temporary.hpp"

namespace llmx::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const std::string chat_template =
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}{% endfor %}"
    "<|im_start|>assistant\n";

class WhyOfTheProgram : public testing::Test {
protected:
    WhyOfTheProgram() {
        spill(folder_ / "a.txt", "Ada came at noon.\n");
        spill(folder_ / "b.txt", "Bo left at nine.");
        spill(folder_ / "c.txt", "Cy slept.");
    }
    [[nodiscard]] Arguments asked(const std::string& command, const Arguments& more) const {
        return joined({command, "--model", golden("llama-tiny.gguf"), "--chat-template", chat_template},
                      more);
    }
    [[nodiscard]] Arguments documents(const Arguments& more) const {
        return joined({"--document", folder_ / "a.txt", "--document", folder_ / "b.txt", "--document",
                       folder_ / "c.txt", "--user", "When did Ada come?", "--answer", "At noon. I think."},
                      more);
    }
    TemporaryDirectory folder_;
};

TEST_F(WhyOfTheProgram, SaysWhatEachSentenceRestsOn) {
    const json result = json_of(asked("why", documents({"--json", "-"})));
    const json& why = result["why"];
    ASSERT_EQ(why["sentences"].size(), 2U);
    EXPECT_EQ(why["sentences"][0]["text"], "At noon. ");
    ASSERT_EQ(why["passages"].size(), 3U);
    EXPECT_EQ(why["passages"][0]["text"], "Ada came at noon.");
    EXPECT_EQ(why["passages"][0]["title"], "a.txt");
    EXPECT_EQ(why["passages"][1]["part"], 2);
    EXPECT_EQ(why["asked"][0]["text"], "When did Ada come?");
    EXPECT_EQ(why["strengths"].size(), 2U);
    EXPECT_TRUE(result["attributions"].empty());
    EXPECT_THAT(
        result["prompt_text"].get<std::string>(),
        HasSubstr("[Document 1: a.txt]\nAda came at noon.\n\n[Document 2: b.txt]\nBo left at nine.\n\n"));
    const Outcome shown = llmx(asked("why", documents({})));
    EXPECT_THAT(shown.out, HasSubstr("Why"));
    EXPECT_THAT(shown.out, HasSubstr("Question and instructions, which are in every text"));
    EXPECT_THAT(shown.out, HasSubstr("3 passages"));
}

TEST_F(WhyOfTheProgram, IsTheSameAsARequest) {
    json why = json_of(asked("why", documents({"--json", "-"})))["why"];
    const json request = {{"documents",
                           {{{"title", "a.txt"}, {"text", "Ada came at noon."}},
                            {{"title", "b.txt"}, {"text", "Bo left at nine."}},
                            {{"title", "c.txt"}, {"text", "Cy slept."}}}},
                          {"user", "When did Ada come?"},
                          {"answer", "At noon. I think."},
                          {"why", true}};
    spill(folder_ / "request.json", request.dump());
    EXPECT_EQ(json_of(asked("explain", {"--request", folder_ / "request.json", "--json", "-"}))["why"], why);
}

TEST_F(WhyOfTheProgram, GoesIntoTheTableOfABatch) {
    const json line = {{"documents", {"Ada came at noon.", "Bo left at nine."}},
                       {"user", "When did Ada come?"},
                       {"answer", "At noon."},
                       {"why", true}};
    spill(folder_ / "lines.jsonl", line.dump() + "\n");
    const Outcome done = llmx(asked("batch", {folder_ / "lines.jsonl", "--out", folder_ / "out.jsonl",
                                              "--csv", folder_ / "table.csv", "--quiet"}));
    ASSERT_EQ(done.code, 0) << done.err;
    EXPECT_THAT(slurp(folder_ / "table.csv"), HasSubstr(",1,why,logprob,0,At noon.,"));
}

TEST_F(WhyOfTheProgram, NamesWhatCannotBe) {
    expect_failure(llmx(asked("why", {"--user", "When?", "--answer", "Now."})), 3,
                   {"why:", "one question", "documents"});
    expect_failure(llmx(asked("why", {"--document", folder_ / "none.txt", "--user", "When?"})), 3,
                   {"none.txt"});
    expect_failure(llmx(asked("why", {"--document", folder_ / "a.txt", "--prompt", "When?"})), 2,
                   {"--document"});
    expect_failure(llmx(asked("why", {"--document", folder_ / "a.txt", "--prompt-ids", "5,6"})), 2,
                   {"--document"});
    expect_failure(llmx(asked("why", documents({"--budget", "2"}))), 2, {"--budget", "at least"});
    expect_failure(
        llmx({"why", "--model", golden("bertqa-tiny"), "--question", "Who?", "--context", "Ada came."}), 5,
        {"why:", "encoder"});
}

TEST_F(WhyOfTheProgram, ExplainsTheWholeAnswerOnly) {
    for (const Arguments& target : {Arguments{"--target-span", "noon"},
                                    {"--contrast", " At one."},
                                    {"--measure", "logit"},
                                    {"--alternatives", "2"},
                                    {"--check"}})
        expect_failure(llmx(asked("why", documents(target))), 2, {"why:", target.front(), "--method"});
    const json both =
        json_of(asked("why", documents({"--method", "saliency", "--per-token", "--json", "-"})));
    EXPECT_EQ(both["why"]["sentences"].size(), 2U);
    EXPECT_EQ(both["attributions"].size(), 1U);
}

TEST_F(WhyOfTheProgram, TextsOfOthersDoNotReachTheTerminalRaw) {
    spill(folder_ / "a.txt", "Ada \x1b[31mcame\x1b[0m.");
    const Outcome shown =
        llmx(asked("why", {"--document", folder_ / "a.txt", "--user", "When did \x1b[31mAda come?",
                           "--answer", "At \x1b[31mnoon.", "--color", "never"}));
    ASSERT_EQ(shown.code, 0) << shown.err;
    EXPECT_EQ(shown.out.find('\x1b'), std::string::npos) << shown.out;
}

TEST_F(WhyOfTheProgram, IsMeasuredOnQuestionsWithKnownPassages) {
    const auto line = [](const json& needed, const std::string& kind) {
        return json({{"id", kind},
                     {"kind", kind},
                     {"documents", {"Ada came at noon.", "Bo left at nine.", "Cy slept."}},
                     {"user", "When did Ada come?"},
                     {"answer", "At noon."},
                     {"needed", needed},
                     {"accepts", {"noon"}}})
                   .dump() +
               "\n";
    };
    spill(folder_ / "q.jsonl", line({{"Ada came at noon."}}, "one") + line(json::array(), "none"));
    const json found = json_of(asked("evaluate", {"--questions", folder_ / "q.jsonl", "--method",
                                                  "leave_one_out:baseline=deletion", "--json", "-"}));
    ASSERT_EQ(found["sources"].size(), 5U) << "why, leave_one_out and random, why and leave_one_out";
    EXPECT_EQ(found["sources"][0]["method"], "why");
    EXPECT_EQ(found["sources"][1]["method"], "leave_one_out");
    EXPECT_EQ(found["sources"][0]["first"], found["sources"][1]["first"]);
    EXPECT_EQ(found["sources"][2]["method"], "random");
    EXPECT_NEAR(found["sources"][2]["first"].get<double>(), 1.0 / 3, 1e-9);
    EXPECT_EQ(found["wrong_answers"], 0);
    spill(folder_ / "bad.jsonl", R"({"user": "When?", "documents": ["Now."]})");
    expect_failure(llmx(asked("evaluate", {"--questions", folder_ / "bad.jsonl"})), 3,
                   {"line 1", "\"needed\""});
    expect_failure(llmx(asked("evaluate", {"--questions", folder_ / "q.jsonl", "--randomization"})), 2,
                   {"--questions", "--randomization"});
}

}  // namespace
}  // namespace llmx::test

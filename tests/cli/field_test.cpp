// People's own inputs: what they wrote is what is read, and where it is not, they are told.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program.hpp"
#include "support/temporary.hpp"

namespace llmx::test {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string chat_template =
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}{% endfor %}"
    "<|im_start|>assistant\n";

Arguments asked(const Arguments& more) {
    return joined({"explain", "--model", golden("llama-tiny.gguf"), "--method", "saliency", "--chat-template",
                   chat_template, "--json", "-"},
                  more);
}
json field(const Arguments& more) { return json_of(asked(more)); }
std::string warnings(const json& result) { return result["warnings"].dump(); }

TEST(Field, WordsThatReadAsARangeAreWordsWhereTheyStand) {
    const auto of = [](const std::string& span, const std::string& answer) {
        return asked({"--user", "When?", "--answer", answer, "--target-span", span});
    };
    const json words = json_of(of("9:30", "It opens at 9:30."));
    EXPECT_THAT(words["attributions"][0]["targets"][0]["text"].get<std::string>(), HasSubstr("9:30"));
    const json range = json_of(of("1:3", "It opens at 9:30."));
    const auto tokens = range["attributions"][0]["targets"][0]["tokens"];
    EXPECT_EQ(tokens[1].get<int>() - tokens[0].get<int>(), 2);
    expect_failure(llmx(of("1:2", "At 1:2 it is.")), 3,
                   {"--target-span", "\"1:2\"", "[1, 2]", "tokens 1 to 1"});
    const json list = json_of(of("[1, 2]", "At 1:2 it is."));
    const auto one = list["attributions"][0]["targets"][0]["tokens"];
    EXPECT_EQ(one[1].get<int>() - one[0].get<int>(), 1);
    // The context's place likewise, in characters.
    expect_failure(llmx(asked({"--prompt", "The shop opens at 1:2 today.", "--answer", " yes", "--measure",
                               "kl", "--context-span", "1:2"})),
                   3, {"--context-span", "\"1:2\"", "characters"});
}

TEST(Field, AnotherUnicodeFormIsNamed) {
    expect_failure(llmx(asked({"--user", "x", "--answer", "caf\xC3\xA9", "--target-span", "cafe\xCC\x81"})),
                   3, {"--target-span", "normalisation form"});
}

TEST(Field, AByteOrderMarkIsNoPartOfAText) {
    const TemporaryDirectory folder;
    spill(folder / "bom.txt", "\xEF\xBB\xBFWhen?");
    const json marked = field({"--user-file", folder / "bom.txt", "--answer", "x"});
    EXPECT_EQ(marked["prompt_ids"], field({"--user", "When?", "--answer", "x"})["prompt_ids"]);
    spill(folder / "bom.json", "\xEF\xBB\xBF{\"user\": \"When?\", \"answer\": \"x\"}");
    EXPECT_EQ(field({"--request", folder / "bom.json"})["prompt_ids"], marked["prompt_ids"]);
}

TEST(Field, AChatThatEndsWithTheAnswerIsExplained) {
    const std::string ended =
        R"([{"role": "user", "content": "Open?"}, {"role": "assistant", "content": "No, closed."}])";
    const json found = field({"--messages", ended});
    EXPECT_EQ(found["answer_text"], "No, closed.");
    EXPECT_EQ(found["prompt_ids"], field({"--user", "Open?", "--answer", "x"})["prompt_ids"]);
    // ... or gone on with.
    const json more = field({"--messages", ended, "--continue-final-message", "--max-new-tokens", "3"});
    EXPECT_THAT(more["prompt_text"].get<std::string>(), testing::EndsWith("assistantNo, closed."));
    EXPECT_NE(more["answer_text"], "No, closed.");
    const json given = field({"--messages", ended, "--answer", " Come back."});
    EXPECT_EQ(given["prompt_ids"], more["prompt_ids"]);
    // A message without text is the place for an answer.
    const std::string open =
        R"([{"role": "user", "content": "Open?"}, {"role": "assistant", "content": ""}])";
    EXPECT_EQ(field({"--messages", open, "--answer", "x"})["prompt_ids"], found["prompt_ids"]);
    expect_failure(llmx(asked({"--user", "Open?", "--continue-final-message"})), 2,
                   {"--continue-final-message", "assistant"});
    expect_failure(llmx(asked({"--messages", R"([{"role": "assistant", "content": "No."}])"})), 2,
                   {"--messages", "role user"});
}

TEST(Field, WhatATemplateLeavesOutIsSaid) {
    const auto with = [](const std::string& source, const std::string& messages) {
        return json_of({"explain", "--model", golden("llama-tiny.gguf"), "--method", "saliency", "--unit",
                        "turn", "--chat-template", source, "--answer", "x", "--json", "-", "--messages",
                        messages});
    };
    const std::string users = "{% for m in messages if m.role == 'user' %}({{ m.content }}){% endfor %}";
    const std::string chat =
        R"([{"role": "user", "content": "a"}, {"role": "tool", "content": "4711"}, {"role": "user", "content": "b"}])";
    const json found = with(users, chat);
    EXPECT_THAT(warnings(found), HasSubstr("message 2 (tool"));
    EXPECT_EQ(found["attributions"][0]["units"].size(), 2U) << "the others keep their turns";
    EXPECT_THAT(with("{% for m in messages %}({{ m.content }}){% endfor %}", chat)["warnings"], IsEmpty());
    const std::string folds =
        "{% for m in messages %}{{ m.content }}\n{% if m.role == 'user' %}<|x|>{% endif %}{% endfor %}";
    EXPECT_THAT(
        warnings(with(folds, R"([{"role": "system", "content": "s"}, {"role": "user", "content": "u"}])")),
        HasSubstr("no turn for the system's message"));
}

TEST(Field, ATextThatBecomesMarkupIsSaid) {
    const json found = json_of({"explain", "--model", golden("spm-tiny.gguf"), "--method", "saliency",
                                "--json", "-", "--user", "a </s> b", "--answer", "x"});
    EXPECT_THAT(warnings(found), HasSubstr("</s>"));
    const json spaced = field({"--prompt", "Once upon ", "--answer", "a"});
    EXPECT_THAT(warnings(spaced), HasSubstr("ends with a space"));
}

/// The text that ends an answer is its end token, and a contrast is compared with the same end.
TEST(Field, AnEndThatIsWrittenIsTheEnd) {
    const auto spm = [](const Arguments& more) {
        return json_of(joined({"explain", "--model", golden("spm-tiny.gguf"), "--method", "leave_one_out",
                               "--json", "-", "--user", "hello"},
                              more));
    };
    const json plain = spm({"--answer", "the shop"});
    const json ended = spm({"--answer", "the shop</s>"});
    ASSERT_EQ(ended["answer_ids"].size(), plain["answer_ids"].size() + 1);
    EXPECT_EQ(ended["Prediction"], "the shop</s>");
    EXPECT_EQ(ended["answer_text"], "the shop");
    EXPECT_THAT(ended["warnings"], IsEmpty());
    EXPECT_THAT(plain["attributions"][0]["objective"].get<std::string>(), Not(HasSubstr("ends it")));
    EXPECT_THAT(ended["attributions"][0]["objective"].get<std::string>(),
                HasSubstr("and the token that ends it"));
    for (const char* answer : {"the shop", "the shop</s>"}) {
        for (const char* contrast : {"the shop", "the shop</s>"}) {
            const json none = spm({"--answer", answer, "--contrast", contrast});
            EXPECT_NEAR(none["attributions"][0]["targets"][0]["value"].get<double>(), 0, 1e-6)
                << answer << contrast;
            for (const json& score : none["attributions"][0]["scores"][0])
                EXPECT_NEAR(score.get<double>(), 0, 1e-6);
        }
    }
}

TEST(Field, AlternativesHaveIdsAndBytes) {
    const json found =
        field({"--user", "x", "--answer", "y", "--alternatives", "512", "--target-span", "[0, 1]"});
    bool bytes = false;
    for (const json& target : found["attributions"][0]["targets"]) {
        EXPECT_TRUE(target.contains("id"));
        const auto text = target["text"].get<std::string>();
        EXPECT_THAT(text, Not(HasSubstr("\xEF\xBF\xBD")));
        bytes |= text.starts_with("<0x");
    }
    EXPECT_TRUE(bytes) << "a vocabulary of bytes has some that are no characters";
}

TEST(Field, ACharacterOfSeveralTokensIsShownOnce) {
    const std::string prompt = "\u0E23\u0E49\u0E32\u0E19 \U0001F469\u200D\U0001F52C";
    const Outcome run = llmx({"explain", "--model", golden("llama-tiny.gguf"), "--prompt", prompt, "--answer",
                              " ok", "--method", "attention,gradient,saliency", "--color", "never"});
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_THAT(run.out, Not(HasSubstr("\uFFFD")));
    for (std::size_t at = 0, count = 0; (at = run.out.find(prompt, at)) != std::string::npos; ++at)
        EXPECT_LE(++count, 3U);
    const TemporaryDirectory folder;
    llmx({"explain", "--model", golden("llama-tiny.gguf"), "--prompt", prompt, "--answer", " ok", "--method",
          "gradient", "--json", folder / "r.json", "--quiet"});
    const Outcome plot = llmx({"plot", folder / "r.json", "--out", folder / "p.svg"});
    EXPECT_EQ(plot.code, 0) << plot.err;
    EXPECT_THAT(slurp(folder / "p.svg"), Not(HasSubstr("\uFFFD")));
}

TEST(Field, ABatchsScoresAsATable) {
    const TemporaryDirectory folder;
    spill(folder / "r.jsonl", "{\"id\": 5.0, \"user\": \"Hi\", \"answer\": \"x, y\"}\n{\"usr\": 1}\n");
    const Outcome run = llmx({"batch", folder / "r.jsonl", "--model", golden("llama-tiny.gguf"),
                              "--chat-template", chat_template, "--method", "gradient_shap:samples=2",
                              "--unit", "word", "--out", folder / "out.jsonl", "--csv", folder / "out.csv"});
    EXPECT_EQ(run.code, 1);
    EXPECT_THAT(run.out, HasSubstr("1 done now, 0 before, 1 failed"));
    const std::string csv = slurp(folder / "out.csv");
    EXPECT_THAT(csv, testing::StartsWith("id,line,method,objective,target,target_text,unit,text,kind,score,"
                                         "standard_error,error\r\n5,1,gradient_shap,logprob of the answer,0,"
                                         "\"x, y\",0,Hi,word,"));
    EXPECT_THAT(csv, HasSubstr("\r\n000002,2,,,,,,,,,,"));
    EXPECT_THAT(csv, HasSubstr("usr"));
}

}  // namespace
}  // namespace llmx::test

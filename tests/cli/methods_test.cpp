// Methods, targets and units on the command line.

#include <gtest/gtest.h>

#include "program.hpp"

namespace llmx::test {
namespace {

using nlohmann::json;

Arguments asked(const Arguments& more) {
    Arguments all = {"explain",          "--model",  golden("llama-tiny.gguf"), "--prompt",
                     "The shop is open", "--answer", " from nine to five"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

json attributions(Arguments more) {
    more.insert(more.end(), {"--json", "-"});
    return json_of(asked(more))["attributions"];
}

TEST(Methods, OptionsComeAsFlagsOrWithTheirMethod) {
    const json l1 = attributions({"--method", "saliency", "--norm", "l1"});
    const json same = attributions({"--method", "saliency:norm=l1"});
    EXPECT_EQ(l1, same);
    EXPECT_EQ(l1[0]["options"]["norm"], "l1");
    const json both = attributions({"--method", "saliency:norm=l1,saliency", "--norm", "max_abs"});
    ASSERT_EQ(both.size(), 2U);
    EXPECT_EQ(both[0]["options"]["norm"], "l1");
    EXPECT_EQ(both[1]["options"]["norm"], "max_abs");
}

TEST(Methods, ARequestIsRepeatedByItsCommand) {
    Arguments first = asked({"--method", "leave_one_out:baseline_token=7,saliency", "--target-span", "1:3",
                             "--unit", "token", "--sources", "all", "--json", "-"});
    const json once = json_of(first);
    RunOptions options;
    options.input = once["command"].dump();
    const json again = json_of({"explain", "--request", "-", "--json", "-"}, options);
    EXPECT_EQ(again["attributions"], once["attributions"]);
    EXPECT_EQ(again["command"], once["command"]);
}

TEST(Methods, MistakesAreUnderstandable) {
    const auto fails = [&](const Arguments& more, int code, const std::vector<std::string>& words) {
        expect_failure(llmx(asked(more)), code, words);
    };
    fails({"--method", "salience"}, 2, {"salience", "saliency"});
    fails({"--method", "saliency:nrm=l1"}, 2, {"nrm", "norm"});
    fails({"--method", "saliency:norm=l7"}, 2, {"saliency", "norm", "\"l7\"", "l1"});
    fails({"--method", "saliency:l1"}, 2, {"saliency", "OPTION=VALUE"});
    fails({"--method", "gradient:norm=l1"}, 2, {"gradient", "norm"});
    fails({"--method", "input_x_gradient", "--norm", "l1"}, 2, {"--norm", "saliency"});
    fails({"--method", "leave_one_out", "--baseline-token", "99999999"}, 3, {"99999999"});
    fails({"--method", "saliency", "--target-span", "3:99"}, 3, {"target-span", "3:99"});
    fails({"--method", "saliency", "--target-span", "zebra"}, 3, {"target-span", "zebra"});
    fails({"--method", "saliency", "--measure", "surprise"}, 2, {"surprise", "logprob"});
    fails({"--method", "saliency", "--measure", "kl"}, 2, {"kl", "--context-span"});
    fails({"--method", "context_reliance", "--context-span", "zebra"}, 3, {"context-span", "zebra"});
    fails({"--method", "context_reliance"}, 2, {"context_reliance", "--context-span"});
    fails({"--method", "saliency", "--sources", "answer"}, 2, {"answer", "prompt"});
    fails({"--method", "saliency", "--contrast", " no", "--sources", "all"}, 2, {"contrast", "sources"});
}

TEST(Methods, TheSeedIsThatOfTheRandomRankings) {
    const auto random = [](const std::string& seed) {
        const json f = attributions(
            {"--method", "saliency", "--check", "--seeds", "2", "--seed", seed})[0]["faithfulness"];
        return f["insertion_area"]["random"].get<double>();
    };
    EXPECT_EQ(random("1"), random("1"));
    EXPECT_NE(random("0"), random("1"));
    EXPECT_NE(random("1"), random("2"));
}

TEST(Methods, TheTokenThatStandsForAbsenceIsInTheResult) {
    const auto token = [](const std::string& method, const std::string& text) {
        return attributions({"--method", method, "--prompt", text})[0].value("absence_token", json());
    };
    const std::string text = "The shop is open";
    const json own = token("leave_one_out", text);
    ASSERT_TRUE(own.is_object()) << "-1 is resolved";
    for (const char* method : {"occlusion", "shapley", "kernel_shap", "lime", "sparse_linear",
                               "integrated_gradients", "gradient_shap", "leave_one_out:baseline=deletion"})
        EXPECT_EQ(token(method, text), own) << method;
    EXPECT_EQ(token("leave_one_out:baseline_token=7", text)["id"], 7);
    // config.json and tokenizer_config.json of the checkpoint; its padding is the same token.
    EXPECT_EQ(own, json({{"id", 2}, {"text", "<|im_end|>"}}));
    for (const char* method :
         {"saliency", "leave_one_out:baseline=attention_mask", "integrated_gradients:baseline=zero",
          "integrated_gradients:baseline=mean", "attention_rollout"})
        EXPECT_TRUE(token(method, text).is_null()) << method;
    const json checked = attributions({"--method", "saliency", "--check", "--seeds", "2"});
    EXPECT_EQ(checked[0]["faithfulness"]["absence_token"], own);
}

TEST(Methods, WordsOfTheAnswerAreASpan) {
    const json found = attributions({"--method", "saliency", "--target-span", "nine to"});
    ASSERT_EQ(found[0]["targets"].size(), 1U);
    EXPECT_NE(found[0]["targets"][0]["text"].get<std::string>().find("nine to"), std::string::npos);
}

TEST(Methods, TheTextSaysWhatIsExplained) {
    const Outcome run = llmx(asked({"--method", "input_x_gradient,leave_one_out", "--color", "never"}));
    EXPECT_EQ(run.code, 0);
    EXPECT_NE(run.out.find("input_x_gradient (logprob of the answer)"), std::string::npos) << run.out;
    EXPECT_NE(run.out.find("leave_one_out"), std::string::npos);
    EXPECT_NE(run.out.find("position"), std::string::npos);
    const Outcome coloured = llmx(asked({"--method", "input_x_gradient", "--color", "always"}));
    EXPECT_NE(coloured.out.find("\x1b[3"), std::string::npos);
}

TEST(Methods, HelpListsThemAndTheirOptions) {
    const Outcome help = llmx({"explain", "--help"});
    for (const char* word : {"input_x_gradient", "leave_one_out", "--baseline-token", "--norm", "--contrast"})
        EXPECT_NE(help.out.find(word), std::string::npos) << word;
}

}  // namespace
}  // namespace llmx::test

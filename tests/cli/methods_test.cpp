// Methods, targets and units on the command line.

#include <gtest/gtest.h>

#include <cmath>

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
    fails({"--method", "leave_one_out,integrated_gradients", "--baseline", "deletion"}, 2,
          {"integrated_gradients", "deletion", "zero"});
    fails({"--method", "leave_one_out", "--baseline", "zero"}, 2, {"leave_one_out", "zero", "deletion"});
    fails({"--method", "leave_one_out", "--baseline", "nothing"}, 2,
          {"baseline", "nothing", "deletion", "zero"});
    fails({"--method", "leave_one_out,integrated_gradients", "--baseline", "deletion"}, 2,
          {"NAME:baseline=deletion"});
    fails({"--method", "saliency", "--must-answer"}, 2, {"must-answer"});
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

// The loss that leave_one_out measures is the one that the check ranks by, whatever is explained.
TEST(Methods, TheCheckMeasuresWhatIsExplained) {
    const auto measured = [](Arguments more) {
        more.insert(more.end(), {"--method", "leave_one_out", "--check", "--seeds", "2"});
        const json found = attributions(more)[0];
        EXPECT_GT(found["faithfulness"]["kendall_tau"]["value"], 0.999) << found["objective"];
        const json& f = found["faithfulness"];
        // Nothing taken away: f itself, except where the probability stands for it.
        double sum = 0;
        for (const json& target : found["targets"]) sum += target["value"].get<double>();
        if (f["measure"] != "probability") {
            EXPECT_NEAR(f["deletion"][0].get<double>(), sum, 1e-5) << found["objective"];
        }
        return f["measure"].get<std::string>();
    };
    EXPECT_EQ(measured({}), "probability");
    EXPECT_EQ(measured({"--per-token"}), "probability");
    EXPECT_EQ(measured({"--target-span", "nine to"}), "probability");
    EXPECT_EQ(measured({"--measure", "probability"}), "probability");
    EXPECT_EQ(measured({"--measure", "entropy"}), "entropy of the answer");
    EXPECT_EQ(measured({"--measure", "logit"}), "logit of the answer");
    EXPECT_EQ(measured({"--measure", "kl", "--context-span", "shop"}), "kl of the answer");
    EXPECT_EQ(measured({"--contrast", " from noon"}), "logprob of the answer minus that of \" from noon\"");
    EXPECT_EQ(measured({"--alternatives", "2", "--target-span", "0:1"}),
              "logprob of the 2 most probable tokens at each place of the answer");
    EXPECT_EQ(measured({"--label", " from six", "--objective", "teacher"}), "probability");
    const json both = json_of(asked({"--label", " from six", "--objective", "aligned", "--method", "gradient",
                                     "--check", "--json", "-"}));
    EXPECT_EQ(both["Gradient"]["faithfulness"]["measure"], "probability of the label's tokens");
}

TEST(Methods, AnEncodersLabelIsMeasuredByItsLoss) {
    const json found =
        json_of({"explain", "--model", golden("bertqa-tiny"), "--question", "who?", "--context",
                 "a man and a woman", "--label", "a woman", "--method", "leave_one_out", "--check", "--seeds",
                 "2", "--json", "-"})["attributions"][0];
    EXPECT_GT(found["faithfulness"]["kendall_tau"]["value"], 0.999);
    EXPECT_EQ(found["faithfulness"]["measure"], "aligned of the span");
}

// One key for an option of several methods takes the words of each, and says which method does not know one.
TEST(Methods, ASharedOptionTakesEveryMethodsWords) {
    const auto scores = [](const Arguments& more) {
        return json_of(asked(joined(more, {"--json", "-"})))["attributions"][0]["scores"];
    };
    for (const char* baseline : {"token", "deletion", "attention_mask"}) {
        EXPECT_EQ(scores({"--method", "leave_one_out", "--baseline", baseline}),
                  scores({"--method", std::string("leave_one_out:baseline=") + baseline}));
    }
    EXPECT_EQ(scores({"--method", "integrated_gradients", "--baseline", "zero"}),
              scores({"--method", "integrated_gradients:baseline=zero"}));
}

// A hidden token still reads itself: the last of the prompt, before the one token that is predicted, scores
// 0.
TEST(Methods, HiddenTokensAreSaidToReadThemselves) {
    const json found = json_of(asked({"--method", "leave_one_out:baseline=attention_mask,leave_one_out",
                                      "--unit", "token", "--target-span", "0:1", "--json", "-"}));
    EXPECT_NEAR(found["attributions"][0]["scores"][0].back().get<double>(), 0, 1e-6);
    EXPECT_GT(std::abs(found["attributions"][1]["scores"][0].back().get<double>()), 1e-4);
    ASSERT_EQ(found["warnings"].size(), 1U) << found["warnings"];
    const std::string warning = found["warnings"][0];
    EXPECT_EQ(warning.rfind("leave_one_out: attention_mask hides", 0), 0U) << warning;
    EXPECT_NE(warning.find("token or deletion"), std::string::npos);
}

TEST(Methods, TheTokenThatStandsForAbsenceIsInTheResult) {
    const auto token = [](const std::string& method) {
        return attributions({"--method", method})[0].value("absence_token", json());
    };
    const json own = token("leave_one_out");
    ASSERT_TRUE(own.is_object()) << "-1 is resolved";
    for (const char* method : {"occlusion", "shapley", "kernel_shap", "lime", "sparse_linear",
                               "integrated_gradients", "gradient_shap", "leave_one_out:baseline=deletion"})
        EXPECT_EQ(token(method), own) << method;
    EXPECT_EQ(token("leave_one_out:baseline_token=7")["id"], 7);
    // config.json and tokenizer_config.json of the checkpoint; its padding is the same token.
    EXPECT_EQ(own, json({{"id", 2}, {"text", "<|im_end|>"}}));
    for (const char* method :
         {"saliency", "leave_one_out:baseline=attention_mask", "integrated_gradients:baseline=zero",
          "integrated_gradients:baseline=mean", "attention_rollout"})
        EXPECT_TRUE(token(method).is_null()) << method;
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

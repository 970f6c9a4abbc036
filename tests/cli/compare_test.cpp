// llmx compare and llmx drift.

#include <gtest/gtest.h>

#include <algorithm>

#include "program.hpp"
#include "support/measured.hpp"
#include "support/temporary.hpp"

namespace llmx::test {
namespace {

using nlohmann::json;

/// A result with several methods, in a file.
std::string explained(const TemporaryDirectory& directory, const std::string& name,
                      const Arguments& more = {}, const std::string& prompt = "5,6,7,8,9,10,11,12") {
    Arguments arguments = {"explain", "--model", golden("llama-tiny.gguf"), "--prompt-ids", prompt};
    const auto unless_given = [&](const char* option, const char* value) {
        if (std::find(more.begin(), more.end(), option) == more.end())
            arguments.insert(arguments.end(), {option, value});
    };
    unless_given("--answer-ids", "20,21");
    unless_given("--method", "attention,gradient,saliency,leave_one_out");
    arguments.insert(arguments.end(), {"--quiet", "--json", directory / name});
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome run = llmx(arguments);
    EXPECT_EQ(run.code, 0) << run.err;
    return directory / name;
}

TEST(Compare, AFileAgreesWithItself) {
    const TemporaryDirectory directory;
    const std::string a = explained(directory, "a.json");
    const json found = json_of({"compare", a, a, "--json", "-"});
    ASSERT_EQ(found["comparisons"].size(), 5U);  // saliency map, pair, weights, two attributions
    for (const json& c : found["comparisons"]) {
        EXPECT_DOUBLE_EQ(c["total"]["spearman"], 1) << c;
        EXPECT_DOUBLE_EQ(c["total"]["kendall"], 1);
        EXPECT_DOUBLE_EQ(c["total"]["cosine"], 1);
        EXPECT_EQ(c["total"]["overlap"], 1);
        EXPECT_EQ(c["total"]["top"], 8);
        EXPECT_EQ(c["units"]["compared"], 8);
        EXPECT_EQ(c["differences"], json::array());
    }
    const Outcome text = llmx({"compare", a, a});
    EXPECT_EQ(text.code, 0);
    EXPECT_NE(text.out.find("leave_one_out"), std::string::npos) << text.out;
    EXPECT_NE(text.out.find("8 units: spearman 1.0000, kendall 1.0000, cosine 1.0000, top 8 shared 100 %"),
              std::string::npos)
        << text.out;
}

TEST(Compare, ShuffledScoresDoNot) {
    const TemporaryDirectory directory;
    const std::string a = explained(directory, "a.json");
    json changed = json::parse(slurp(a));
    changed["attributions"][1]["scores"] = json::array({json::array({1, 2, 3, 4, 5, 6, 7, 8})});
    spill(directory / "b.json", changed.dump());
    changed["attributions"][1]["scores"] = json::array({json::array({8, 7, 6, 5, 4, 3, 2, 1})});
    spill(directory / "c.json", changed.dump());
    const json found = json_of({"compare", directory / "b.json", directory / "c.json", "--top", "3",
                                "--differences", "2", "--json", "-"});
    const json& last = found["comparisons"][4];
    EXPECT_EQ(last["method"], "leave_one_out");
    EXPECT_EQ(last["total"]["spearman"], -1);
    EXPECT_EQ(last["total"]["overlap"], 0);
    EXPECT_EQ(last["differences"].size(), 2U);
    EXPECT_EQ(last["differences"][0]["ranks"], (json{8, 1}));
    EXPECT_DOUBLE_EQ(found["comparisons"][3]["total"]["spearman"], 1);  // the others are as they were
}

TEST(Compare, OtherTextsAreAnErrorThatSaysWhatDiffers) {
    const TemporaryDirectory directory;
    const std::string a = explained(directory, "a.json");
    const std::string prompt = explained(directory, "b.json", {}, "5,6,7,8,9,10,11,13");
    const std::string answer = explained(directory, "c.json", {"--answer-ids", "20,22"});
    expect_failure(llmx({"compare", a, prompt}), 3, {"prompt differs at byte", "--align text"});
    expect_failure(llmx({"compare", a, answer}), 3, {"answer differs at byte"});
    const std::string each = explained(directory, "d.json", {"--method", "leave_one_out", "--per-token"});
    const std::string whole = explained(directory, "e.json", {"--method", "leave_one_out"});
    expect_failure(llmx({"compare", each, whole}), 3, {"no method is in both"});
    const json aligned = json_of({"compare", a, prompt, "--align", "text", "--json", "-"});
    EXPECT_EQ(aligned["comparisons"][0]["units"]["compared"], 7);
    expect_failure(llmx({"compare", a, a, "--align", "txt"}), 2, {"txt", "text"});
}

TEST(Compare, WhatIsNoResultIsRefused) {
    const TemporaryDirectory directory;
    const std::string a = explained(directory, "a.json");
    const auto refused = [&](const std::string& bytes, const std::vector<std::string>& words) {
        spill(directory / "x.json", bytes);
        expect_failure(llmx({"compare", a, directory / "x.json"}), 3, words);
    };
    const std::string text = slurp(a);
    refused(text.substr(0, text.size() / 2), {"x.json", "not valid JSON at byte"});
    refused(R"({"schema": "somebody-else/4", "attributions": []})", {"somebody-else/4", "llm-explainer/1"});
    refused(R"({"attributions": []})", {"no schema"});
    refused("", {"x.json"});
    expect_failure(llmx({"compare", a, "/no/file.json"}), 3, {"/no/file.json"});
    expect_failure(llmx({"compare", a}), 2, {"A.json B.json"});
    expect_failure(llmx({"compare", a, a, "--json", "/no/dir/x"}), 7, {"/no/dir"});
    expect_failure(llmx({"compare", a, a, "--top", "0"}), 2, {"--top"});
}

class Drift : public testing::Test {
protected:
    std::string copy(const char* type) {
        std::string path = directory / (std::string(type) + ".gguf");
        const Outcome run = llmx({"quantize", golden("llama-tiny.gguf"), path, "--type", type});
        EXPECT_EQ(run.code, 0) << run.err;
        return path;
    }
    [[nodiscard]] static Arguments arguments(const Arguments& models, const Arguments& more = {}) {
        Arguments all = {"drift",
                         "--prompt-ids",
                         "5,6,7,8,9,10,11,12",
                         "--max-new-tokens",
                         "6",
                         "--method",
                         "input_x_gradient,leave_one_out",
                         "--json",
                         "-"};
        for (const std::string& model : models) all.insert(all.end(), {"--model", model});
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }
    TemporaryDirectory directory;
};

TEST_F(Drift, AgainstItsQuantisedCopies) {
    const std::string full = golden("llama-tiny.gguf");
    const json found = json_of(arguments({full, full, copy("Q8_0"), copy("Q4_0")}));
    ASSERT_EQ(found["models"].size(), 3U);
    const json& same = found["models"][0];
    EXPECT_EQ(same["answer"]["max_kl"], 0);
    EXPECT_EQ(same["answer"]["greedy_agreement"], 1);
    EXPECT_EQ(same["answer"]["first_logprob"], same["answer"]["logprob"]);
    for (const json& c : same["comparisons"]) EXPECT_DOUBLE_EQ(c["total"]["spearman"], 1);
    const json &q8 = found["models"][1], &q4 = found["models"][2];
    EXPECT_EQ(q8["model"]["type"], "Q8_0");
    EXPECT_GT(q8["answer"]["mean_kl"], 0);
    EXPECT_LT(q8["answer"]["mean_kl"], q4["answer"]["mean_kl"]);
    ASSERT_EQ(q8["comparisons"].size(), 2U);
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_GT(q8["comparisons"][i]["total"]["cosine"], 0.99);
        EXPECT_GT(q8["comparisons"][i]["total"]["cosine"], q4["comparisons"][i]["total"]["cosine"]);
        EXPECT_LT(q4["comparisons"][i]["total"]["cosine"], 1);
    }
    Arguments text = arguments({full, copy("Q8_0")});
    text.erase(std::find(text.begin(), text.end(), "--json"),
               std::find(text.begin(), text.end(), "--json") + 2);
    const Outcome shown = llmx(text);
    EXPECT_EQ(shown.code, 0) << shown.err;
    EXPECT_NE(shown.out.find("Q8_0.gguf (Q8_0) against llama-tiny.gguf"), std::string::npos) << shown.out;
}

TEST_F(Drift, TheAnswerIsOne) {
    const std::string full = golden("llama-tiny.gguf");
    const json given = json_of(arguments({full, copy("Q8_0")}, {"--answer-ids", "30,31,32"}));
    const json alone = json_of({"explain", "--model", directory / "Q8_0.gguf", "--prompt-ids",
                                "5,6,7,8,9,10,11,12", "--answer-ids", "30,31,32", "--json", "-"});
    double sum = 0;
    for (const json& l : alone["token_logprobs"]) sum += l.get<double>();
    EXPECT_CLOSE(given["models"][0]["answer"]["logprob"], sum, 1e-5);
    EXPECT_EQ(given["answer_text"], alone["answer_text"]);
}

TEST_F(Drift, OtherVocabulariesAreRefused) {
    expect_failure(llmx(arguments({golden("llama-tiny.gguf"), golden("t5-tiny.gguf")})), 3,
                   {"t5-tiny.gguf", "encoder-decoder"});
    const Outcome other = llmx(arguments({golden("llama-tiny.gguf"), golden("falcon-tiny")}));
    expect_failure(other, 3, {"falcon-tiny", "one kind and vocabulary"});
    expect_failure(llmx(arguments({golden("llama-tiny.gguf")})), 2, {"one model", "--model SECOND"});
    const std::string model = golden("llama-tiny.gguf");
    expect_failure(llmx(arguments({model, model}, {"--check"})), 2, {"drift", "check", "evaluate"});
    // a wrong path is told before anything is run: the first of these is no model either
    expect_failure(llmx(arguments({golden("README.md"), "/no/model.gguf"})), 4, {"/no/model.gguf"});
    expect_failure(llmx(arguments({golden("bertqa-tiny.gguf"), golden("bertqa-tiny.gguf")})), 5, {"encoder"});
}

}  // namespace
}  // namespace llmx::test

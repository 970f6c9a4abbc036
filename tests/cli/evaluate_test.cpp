// llmx evaluate and llmx explain --check on a tiny model.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "program.hpp"
#include "support/measured.hpp"
#include "support/temporary.hpp"

namespace llmx::test {
namespace {

using nlohmann::json;

const std::string prompt = "[5,9,14,3,27,8,11,40,6,2,19,33]";
const std::string answer = "[7,21,4]";

Arguments evaluate(const Arguments& more, const std::string& model = "llama-tiny.gguf") {
    Arguments all = {"evaluate", "--model", golden(model), "--seeds", "3"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
}
Arguments one(const Arguments& more, const std::string& model = "llama-tiny.gguf") {
    Arguments all = evaluate({"--prompt-ids", prompt, "--answer-ids", answer}, model);
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

const json& method(const json& list, const std::string& name) {
    for (const json& entry : list) {
        if (entry["method"] == name) return entry;
    }
    throw std::runtime_error("no method " + name);
}

TEST(Evaluate, LeaveOneOutIsTheRankingItIsComparedWith) {
    const json j = json_of(one({"--method", "attention,gradient,leave_one_out", "--json", "-"}));
    EXPECT_EQ(j["schema"], "llm-explainer-evaluation/1");
    ASSERT_EQ(j["requests"].size(), 1U);
    const json& methods = j["requests"][0]["methods"];
    ASSERT_EQ(methods.size(), 3U);
    const json& f = method(methods, "leave_one_out")["faithfulness"];
    EXPECT_DOUBLE_EQ(f["kendall_tau"]["value"].get<double>(), 1.0);
    EXPECT_EQ(f["random_seeds"], 3);
    EXPECT_EQ(f["deletion"].size(), 11U);
    // Nothing taken away, and everything put in.
    EXPECT_EQ(f["deletion"][0], f["insertion"][10]);
    EXPECT_EQ(f["deletion"][10], f["insertion"][0]);
    for (const json& entry : methods) {
        EXPECT_EQ(entry["faithfulness"]["comprehensiveness"]["random"], f["comprehensiveness"]["random"]);
        EXPECT_EQ(method(j["means"], entry["method"])["comprehensiveness"]["mean"],
                  entry["faithfulness"]["comprehensiveness"]["value"]);
    }
}

TEST(Evaluate, WithoutAMethodTheDefaultsAreMeasured) {
    const json j = json_of(one({"--json", "-", "--randomization", "--randomization-depths", "all"}));
    const json& methods = j["requests"][0]["methods"];
    ASSERT_EQ(methods.size(), 2U);
    for (const char* name : {"value_norm", "saliency"})
        EXPECT_EQ(method(methods, name)["randomization"].size(), 1U) << name;
}

TEST(Evaluate, TheLogOfPIsThatOfTheAnswersTokens) {
    const Arguments same = {"--model", golden("llama-tiny.gguf"), "--prompt-ids", prompt, "--answer-ids",
                            answer};
    Arguments explain = {"explain", "--check", "--method", "saliency", "--json", "-"};
    explain.insert(explain.end(), same.begin(), same.end());
    const json j = json_of(explain);
    double mean = 0;
    for (const json& l : j["token_logprobs"]) mean += l.get<double>() / 3;
    const json& f = j["attributions"][0]["faithfulness"];
    EXPECT_CLOSE(f["deletion"][0].get<double>(), std::exp(mean), 1e-6);
    EXPECT_EQ(f["random_seeds"], 5);
    EXPECT_EQ(f["absence"], "token");
    EXPECT_TRUE(j["timings_s"].contains("faithfulness"));
}

TEST(Evaluate, ExplainShowsTheShortForm) {
    const Outcome run =
        llmx({"explain", "--check", "--model", golden("llama-tiny.gguf"), "--prompt-ids", prompt,
              "--answer-ids", answer, "--method", "gradient,saliency", "--seeds", "2"});
    EXPECT_EQ(run.code, 0) << run.err;
    for (const char* words : {"comprehensiveness (random)", "sufficiency (random)", "Kendall tau", "saliency",
                              "2 random rankings"})
        EXPECT_NE(run.out.find(words), std::string::npos) << words;
}

TEST(Evaluate, PlausibilityAgainstARationale) {
    const TemporaryDirectory folder;
    // Characters of the prompt's text: the second and the third token, then the first.
    spill(folder / "requests.jsonl",
          R"({"prompt": "The shop is open", "answer": " daily", "rationale": ["shop", "open"]})"
          "\n"
          R"({"prompt": "The shop is open", "answer": " today", "rationale": [[0, 3]]})"
          "\n"
          R"({"prompt": "The shop is open", "answer": " today"})"
          "\n");
    const json j = json_of({"evaluate", "--model", golden("llama-tiny.gguf"), "--requests",
                            folder / "requests.jsonl", "--method", "saliency,gradient", "--unit", "word",
                            "--seeds", "2", "--json", "-", "--csv", folder / "table.csv"});
    const auto number = [&](std::size_t r, const char* key) {
        return j["requests"][r]["methods"][0]["plausibility"][key]["value"].get<double>();
    };
    EXPECT_EQ(j["requests"][0]["methods"][0]["plausibility"]["rationale_units"], 2);
    EXPECT_EQ(j["requests"][0]["methods"][0]["plausibility"]["token_f1"]["random"], 0.5);
    EXPECT_EQ(j["requests"][1]["methods"][1]["plausibility"]["rationale_units"], 1);
    EXPECT_FALSE(j["requests"][2]["methods"][0].contains("plausibility"));
    for (const char* key : {"token_f1", "auprc"}) {
        const json& mean = method(j["means"], "saliency")[key];
        EXPECT_EQ(mean["requests"], 2);
        EXPECT_CLOSE(mean["mean"].get<double>(), (number(0, key) + number(1, key)) / 2, 1e-16);
        EXPECT_CLOSE(mean["standard_error"].get<double>(), std::abs(number(0, key) - number(1, key)) / 2,
                     1e-16);
    }
    const std::string csv = slurp(folder / "table.csv");
    EXPECT_NE(csv.find(",kendall_tau_random_deviation,token_f1,token_f1_random,auprc,auprc_random\r\n"),
              std::string::npos)
        << csv;
}

TEST(Evaluate, ARationaleNeedsNoCheck) {
    const Arguments explain = {"explain",
                               "--model",
                               golden("llama-tiny.gguf"),
                               "--prompt",
                               "The shop is open",
                               "--answer",
                               " daily",
                               "--method",
                               "attention,saliency",
                               "--rationale",
                               "shop",
                               "--rationale",
                               "open"};
    Arguments to_json = explain;
    to_json.insert(to_json.end(), {"--json", "-"});
    const json j = json_of(to_json);
    EXPECT_EQ(j["command"]["rationale"], (json{"shop", "open"}));
    EXPECT_TRUE(j["attributions"][0].contains("plausibility"));
    EXPECT_TRUE(j["Attention"]["pair_result"].contains("plausibility"));
    EXPECT_TRUE(j["attributions"][0]["faithfulness"].is_null());
    const Outcome run = llmx(explain);
    EXPECT_NE(run.out.find("token F1 (random)"), std::string::npos) << run.out;
    EXPECT_EQ(run.out.find("comprehensiveness"), std::string::npos);
}

TEST(Evaluate, InfidelityAndSensitivityIfAskedFor) {
    const json j = json_of(one({"--method", "attention,saliency,integrated_gradients:steps=2,leave_one_out",
                                "--infidelity", "16", "--sensitivity", "2", "--json", "-"}));
    const json& methods = j["requests"][0]["methods"];
    for (const json& entry : methods) {
        const json& f = entry["faithfulness"];
        EXPECT_EQ(f["infidelity"]["samples"], 16) << entry["method"];
        EXPECT_EQ(f["infidelity"]["random"], methods[0]["faithfulness"]["infidelity"]["random"]);
        EXPECT_LE(f["infidelity"]["value"].get<double>(), f["infidelity"]["unscaled"].get<double>());
        const bool gradient = entry["method"] != "attention" && entry["method"] != "leave_one_out";
        EXPECT_EQ(f.contains("sensitivity_max"), gradient) << entry["method"];
        if (gradient) {
            EXPECT_GT(f["sensitivity_max"]["value"].get<double>(), 0);
        }
    }
    EXPECT_TRUE(method(j["means"], "saliency")["sensitivity_max"]["mean"].is_number());
    EXPECT_TRUE(method(j["means"], "leave_one_out")["sensitivity_max"]["mean"].is_null());
    const Outcome run =
        llmx({"explain", "--model", golden("llama-tiny.gguf"), "--prompt-ids", prompt, "--answer-ids", answer,
              "--method", "saliency", "--seeds", "2", "--infidelity", "--sensitivity"});
    EXPECT_EQ(run.code, 0) << run.err;
    for (const char* words : {"infidelity (random)", "sensitivity-max", "infidelity and sensitivity low"})
        EXPECT_NE(run.out.find(words), std::string::npos) << words;
}

TEST(Evaluate, ATableWithRandomInItsLastRow) {
    const Outcome run = llmx(one({"--method", "saliency,leave_one_out"}));
    EXPECT_EQ(run.code, 0) << run.err;
    std::istringstream lines(run.out);
    std::vector<std::string> first;
    for (std::string line; std::getline(lines, line);) first.push_back(line.substr(0, line.find(' ')));
    ASSERT_GE(first.size(), 4U);
    EXPECT_EQ(std::vector(first.begin(), first.begin() + 4),
              (std::vector<std::string>{"method", "saliency", "leave_one_out", "random"}));
}

TEST(Evaluate, LinesOfAFileAndTheirMeans) {
    const TemporaryDirectory folder;
    spill(folder / "requests.jsonl", R"({"prompt_ids": [5,9,14,3,27], "answer_ids": [7,21]})"
                                     "\n\n"
                                     R"({"prompt_ids": [1,2,3,4,5,6,7], "answer_ids": [9], "seeds": 4})"
                                     "\n");
    const json j =
        json_of({"evaluate", "--model", golden("llama-tiny.gguf"), "--requests", folder / "requests.jsonl",
                 "--method", "saliency", "--json", "-", "--csv", folder / "table.csv"});
    ASSERT_EQ(j["requests"].size(), 2U);
    EXPECT_EQ(j["requests"][0]["line"], 1);
    EXPECT_EQ(j["requests"][1]["line"], 3);
    const auto value = [&](std::size_t r) {
        return j["requests"][r]["methods"][0]["faithfulness"]["sufficiency"]["value"].get<double>();
    };
    EXPECT_EQ(j["requests"][1]["methods"][0]["faithfulness"]["random_seeds"], 4);
    const json& mean = j["means"][0]["sufficiency"];
    EXPECT_CLOSE(mean["mean"].get<double>(), (value(0) + value(1)) / 2, 1e-12);
    EXPECT_CLOSE(mean["standard_error"].get<double>(), std::abs(value(0) - value(1)) / 2, 1e-12);

    const std::string csv = slurp(folder / "table.csv");
    EXPECT_TRUE(csv.starts_with("line,model,answer,method,comprehensiveness,comprehensiveness_random,"));
    EXPECT_EQ(std::count(csv.begin(), csv.end(), '\r'), 3);
    EXPECT_NE(csv.find("\r\n3,llama-tiny.gguf,"), std::string::npos);
}

TEST(Evaluate, CsvFieldsWithCommasQuotesAndLineEndsAreQuoted) {
    const TemporaryDirectory folder;
    const Outcome run = llmx(evaluate({"--prompt", "a b c d", "--answer", "x, \"y\"\nz", "--method",
                                       "saliency", "--csv", folder / "t.csv", "--quiet"},
                                      "llamamha-tiny.gguf"));
    ASSERT_EQ(run.code, 0) << run.err;
    const std::string csv = slurp(folder / "t.csv");
    EXPECT_NE(csv.find(",\"x, \"\"y\"\"\nz\",saliency,"), std::string::npos) << csv;
}

TEST(Evaluate, AWrongLineIsNamedAndLeavesTheOthersNumbers) {
    const TemporaryDirectory folder;
    const std::string good = R"({"id": "good", "prompt_ids": [5,9,14], "answer_ids": [7]})";
    const auto fails = [&](const std::string& line, const std::vector<std::string>& words) {
        spill(folder / "r.jsonl", line + '\n' + good + '\n');
        const Outcome run = llmx(evaluate({"--requests", folder / "r.jsonl", "--json", folder / "out.json"}));
        EXPECT_EQ(run.code, 1);
        EXPECT_THAT(run.out, testing::HasSubstr("saliency"));
        EXPECT_THAT(run.err, testing::HasSubstr("1 of 2 requests failed"));
        const json found = json::parse(slurp(folder / "out.json"));
        EXPECT_EQ(found["requests"].size(), 1U);
        EXPECT_EQ(found["requests"][0]["id"], "good");
        ASSERT_EQ(found["failed"].size(), 1U);
        EXPECT_EQ(found["failed"][0]["line"], 1);
        for (const std::string& word : words) {
            EXPECT_THAT(run.err, testing::HasSubstr(word));
            if (word != "line 1") {
                EXPECT_THAT(found["failed"][0].dump(), testing::HasSubstr(word));
            }
        }
    };
    fails("{", {"line 1", "no valid JSON"});
    fails(R"({"promt_ids": [1]})", {"line 1", "promt_ids", "prompt_ids"});
    fails(R"({"id": 5.0, "prompt_ids": [1], "answer_ids": [999999]})", {"line 1", "999999"});
    fails(R"({"prompt_ids": [1], "answer_ids": [2], "method": "salience"})", {"line 1", "saliency"});
    // None is left: no table.
    spill(folder / "bad.jsonl", "{\n");
    const Outcome none = llmx(evaluate({"--requests", folder / "bad.jsonl"}));
    EXPECT_EQ(none.code, 1);
    EXPECT_EQ(none.out, "");
    spill(folder / "empty.jsonl", "\n \n");
    expect_failure(llmx(evaluate({"--requests", folder / "empty.jsonl"})), 3, {"holds no request"});
}

TEST(Evaluate, AFlagGoesBeforeALinesKey) {
    const TemporaryDirectory folder;
    spill(folder / "r.jsonl", R"({"prompt_ids": [5,9,14], "answer_ids": [7], "seeds": 7})");
    const json j =
        json_of(evaluate({"--requests", folder / "r.jsonl", "--method", "saliency", "--json", "-"}));
    EXPECT_EQ(j["requests"][0]["methods"][0]["faithfulness"]["random_seeds"], 3);
}

TEST(Evaluate, ReDrawnWeightsTakeTheMapAway) {
    const json j = json_of(
        one({"--method", "saliency,leave_one_out", "--randomization-depths", "0,top,all", "--json", "-"}));
    for (const json& entry : j["requests"][0]["methods"]) {
        const json& depths = entry["randomization"];
        ASSERT_EQ(depths.size(), 3U);
        EXPECT_EQ(depths[0]["blocks"], 0);
        EXPECT_DOUBLE_EQ(depths[0]["spearman"].get<double>(), 1.0);
        EXPECT_DOUBLE_EQ(depths[0]["kendall"].get<double>(), 1.0);
        EXPECT_EQ(depths[1]["blocks"], 1);
        EXPECT_LT(depths[2]["spearman"].get<double>(), 0.95);
    }
}

TEST(Evaluate, OfADirectoryAnEncoderAndAnEncoderDecoder) {
    for (const Arguments& arguments :
         {evaluate({"--prompt-ids", prompt, "--answer-ids", answer}, "llama-tiny"),
          evaluate({"--prompt-ids", prompt, "--answer-ids", answer, "--task", "translation"},
                   "t5-tiny.gguf")}) {
        Arguments all = arguments;
        for (const char* more : {"--method", "leave_one_out", "--randomization", "--json", "-"})
            all.emplace_back(more);
        const json j = json_of(all);
        const json& entry = j["requests"][0]["methods"][0];
        EXPECT_DOUBLE_EQ(entry["faithfulness"]["kendall_tau"]["value"].get<double>(), 1.0);
        EXPECT_LT(entry["randomization"][2]["spearman"].get<double>(), 0.95);
    }
}

TEST(Evaluate, RefusesWhatCannotBe) {
    expect_failure(llmx({"evaluate", "--model", golden("llama-tiny.gguf"), "--prompt", "x", "--seeds", "1"}),
                   2, {"--seeds", "2 to 1000"});
    expect_failure(llmx(one({"--randomization-depths", "most"})), 2, {"most", "half"});
    expect_failure(llmx(one({"--absence", "nothing"})), 2, {"nothing", "deletion"});
    expect_failure(llmx(one({"--method", "all,saliency"})), 2, {"all"});
}

}  // namespace
}  // namespace llmx::test

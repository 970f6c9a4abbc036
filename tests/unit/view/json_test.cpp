#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <llmx/error.hpp>
#include <llmx/version.hpp>
#include <llmx/view.hpp>
#include <nlohmann/json.hpp>

#include "support/model_summary.hpp"

namespace llmx {
namespace {

using nlohmann::json;
using testing::HasSubstr;

/// Two prompt tokens, one answer token, two blocks of one head, embedding 3.
Explanation example() {
    Explanation e;
    e.model = test::some_model();
    e.prompt = {"caf", "\uFFFD"};
    e.decode_output = {" \"ok\"\n"};
    e.partial_tokens = {1};
    e.prediction = " \"ok\"\n";
    e.prompt_text = "caf\u00E9";
    e.answer_text = " \"ok\"\n";
    e.label_text = "fine";
    e.prompt_ids = {7, 8};
    e.answer_ids = {9};
    e.label_ids = {10, 11};
    e.token_logprobs = {-0.1F};
    e.objective = Objective::aligned;
    e.objective_value = 2.0 / 3.0;
    AttentionResult attention;
    attention.pair = {{0.1F, 1.0F}, {1e-8F, 0.33333F}, 1};
    attention.mean_group = {{1, 2}, {0.25F, 0.7F}};
    attention.median_raw = {{1, 2, 1, 2}, {0, 0.1F, 0.2F, 0.3F}};
    attention.blocks = {0, 1};
    attention.blocks_without = {2};
    attention.mean = {{1, 3}, {0.5F, 0.3F, 0.2F}};
    e.original.attention = attention;
    GradientResult gradient;
    gradient.saliency_map = {0.123F, 1.0F};
    gradient.block_gradient_x_input = {{2, 2}, {0, 1, 1, 0.004F}};
    gradient.gradient = {{2, 3}, {1, 2, 3, 4, 5, -6.1F}};
    e.original.gradient = gradient;
    Attribution attribution;
    attribution.method = "saliency";
    attribution.objective = "log-probability of each answer token";
    attribution.options = {{"norm", "l2"}};
    attribution.units = {{"a", "token", {0}}, {"\uFFFD", "token", {1}}, {"c", "word", {0, 2}}};
    attribution.targets = {{" \"ok\"\n", {2, 3}, -0.5}};
    attribution.scores = {{1, 3}, {0.6F, 0.8F, 0}};
    e.attributions = {attribution};
    e.timings = {{"load", 0.5}, {"total", 1.25}};
    e.peak_rss = 123456789;
    e.warnings = {"quantised"};
    return e;
}

TEST(ViewJson, HoldsEveryKeyOfTheSchema) {
    view::JsonContext context;
    context.command_json = R"({"user": "hi", "seed": 0})";
    const json j = json::parse(view::json(example(), context));
    EXPECT_EQ(j["schema"], "llm-explainer/1");
    EXPECT_EQ(j["version"], version());
    EXPECT_EQ(j["command"], json::parse(context.command_json));
    EXPECT_EQ(j["model"]["path"], "tiny.gguf");
    EXPECT_EQ(j["model"]["architecture"], "llama");
    EXPECT_EQ(j["model"]["sha256_16"], "0123456789abcdef");
    EXPECT_EQ(j["model"]["kind"], "decoder");
    EXPECT_EQ(j["model"]["parameters"], 29120);
    EXPECT_EQ(j["model"]["blocks"], 2);
    EXPECT_EQ(j["task"], "generative_text_chat");
    EXPECT_EQ(j["Prompt"], (json{"caf", "\uFFFD"}));
    EXPECT_EQ(j["Decode_output"], (json::array({" \"ok\"\n"})));
    EXPECT_EQ(j["Prediction"], " \"ok\"\n");
    EXPECT_EQ(j["partial_tokens"], (json::array({1})));
    EXPECT_EQ(j["prompt_text"], "caf\u00E9");
    EXPECT_EQ(j["answer_text"], " \"ok\"\n");
    EXPECT_EQ(j["label_text"], "fine");
    EXPECT_EQ(j["prompt_ids"], (json{7, 8}));
    EXPECT_EQ(j["answer_ids"], (json::array({9})));
    EXPECT_EQ(j["label_ids"], (json{10, 11}));
    EXPECT_EQ(j["objective"]["name"], "aligned");
    EXPECT_EQ(j["objective"]["value"].get<double>(), 2.0 / 3.0);
    EXPECT_EQ(j["timings_s"], (json{{"load", 0.5}, {"total", 1.25}}));
    EXPECT_EQ(j["peak_rss_bytes"], 123456789);
    EXPECT_EQ(j["warnings"], (json::array({"quantised"})));
}

TEST(ViewJson, TensorsAreListsInLists) {
    const json j = json::parse(view::json(example()));
    EXPECT_EQ(j["Attention"]["pair_result"]["attention"], (json{0.1, 1.0}));
    EXPECT_EQ(j["Attention"]["pair_result"]["block"], 1);
    EXPECT_EQ(j["Attention"]["attention_result"]["mean_group_df"], (json::parse("[[0.25, 0.7]]")));
    EXPECT_EQ(j["Attention"]["attention_result"]["blocks_without"], (json::array({2})));
    EXPECT_EQ(j["Attention"]["mean"], (json::parse("[[0.5, 0.3, 0.2]]")));
    EXPECT_EQ(j["Gradient"]["saliency_map"], (json{0.123, 1.0}));
    EXPECT_EQ(j["Gradient"]["block_gradient_x_input"], (json::parse("[[0.0, 1.0], [1.0, 0.004]]")));
    const json& entry = j["attributions"][0];
    EXPECT_EQ(entry["method"], "saliency");
    EXPECT_EQ(entry["options"], (json{{"norm", "l2"}}));
    EXPECT_EQ(entry["signed"], false);
    EXPECT_EQ(entry["scores"], (json::parse("[[0.6, 0.8, 0.0]]")));
    EXPECT_EQ(entry["units"].size(), 3U);
    EXPECT_EQ(entry["units"][1], (json::parse(R"({"text": "\uFFFD", "kind": "token", "tokens": [1, 2]})")));
    EXPECT_EQ(entry["targets"], (json::parse(R"([{"text": " \"ok\"\n", "tokens": [2, 3], "value": -0.5}])")));
    EXPECT_EQ(entry["units"][2],
              (json::parse(R"({"text": "c", "kind": "word", "tokens": [0, 3], "parts": [[0, 1], [2, 3]]})")));
    EXPECT_TRUE(entry["completeness"].is_null());
}

TEST(ViewJson, TheLargeKeysComeOnlyWhenAskedFor) {
    const json lean = json::parse(view::json(example()));
    EXPECT_FALSE(lean["Attention"]["attention_result"].contains("median_raw_df"));
    EXPECT_FALSE(lean["Gradient"].contains("gradient"));
    view::JsonContext context;
    context.raw = true;
    const json raw = json::parse(view::json(example(), context));
    EXPECT_EQ(raw["Attention"]["attention_result"]["median_raw_df"],
              (json::parse("[[[[0.0, 0.1]], [[0.2, 0.3]]]]")));
    EXPECT_EQ(raw["Gradient"]["gradient"], (json::parse("[[1.0, 2.0, 3.0], [4.0, 5.0, -6.1]]")));
}

TEST(ViewJson, FloatsAreWrittenAsShortAsTheyReadBack) {
    const std::string text = view::json(example());
    EXPECT_THAT(text, HasSubstr("\"token_logprobs\":[-0.1]"));
    EXPECT_THAT(text, HasSubstr("\"attention_mean\":[1e-08,0.33333]"));
    Explanation e = example();
    e.token_logprobs = {1.0F / 3.0F, std::numeric_limits<float>::denorm_min(),
                        std::numeric_limits<float>::max(), -0.0F, 16777216.0F};
    const json j = json::parse(view::json(e));
    for (std::size_t i = 0; i < e.token_logprobs.size(); ++i) {
        EXPECT_EQ(static_cast<float>(j["token_logprobs"][i].get<double>()), e.token_logprobs[i]) << i;
    }
    EXPECT_THAT(view::json(e), HasSubstr("[0.33333334,"));
}

TEST(ViewJson, AMethodThatDidNotRunHasNoKey) {
    Explanation e = example();
    e.original.attention.reset();
    const json j = json::parse(view::json(e));
    EXPECT_FALSE(j.contains("Attention"));
    EXPECT_TRUE(j.contains("Gradient"));
}

void expect_internal(const Explanation& e, const std::string& key) {
    try {
        (void)view::json(e);
        FAIL() << "no error for " << key;
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::internal);
        EXPECT_THAT(error.what(), HasSubstr(key));
    }
}

TEST(ViewJson, WhatIsNoNumberIsAnErrorThatNamesTheKey) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    Explanation e = example();
    e.original.gradient->saliency_map[1] = nan;
    expect_internal(e, "Gradient.saliency_map");
    e = example();
    e.original.attention->mean_group.values[0] = std::numeric_limits<float>::infinity();
    expect_internal(e, "Attention.attention_result.mean_group_df");
    e = example();
    e.objective_value = nan;
    expect_internal(e, "objective.value");
    e = example();
    e.attributions[0].scores.values[2] = nan;
    expect_internal(e, "attributions[0].scores");
}

TEST(ViewJson, NumbersThatTheModelDoesNotHaveAreAnEmptyList) {
    Explanation e = example();
    e.original.gradient->block_gradient_x_input = {};
    EXPECT_EQ(json::parse(view::json(e))["Gradient"]["block_gradient_x_input"], json::array());
}

TEST(ViewJson, AShapeThatDoesNotFitIsAnError) {
    Explanation e = example();
    e.original.attention->mean_group.shape = {2, 2};
    expect_internal(e, "mean_group_df");
}

TEST(ViewJson, TextThatIsNoUtf8IsAnError) {
    Explanation e = example();
    e.prompt_text = "caf\xC3";
    expect_internal(e, "UTF-8");
}

TEST(ViewJson, TheCommandMustBeAnObject) {
    for (const char* command : {"[1]", "{", ""}) {
        view::JsonContext context;
        context.command_json = command;
        EXPECT_THROW((void)view::json(example(), context), Error) << command;
    }
}

}  // namespace
}  // namespace llmx

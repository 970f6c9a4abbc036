// The JSON result read again: everything that was written, and nothing that was not.

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <llmx/error.hpp>
#include <llmx/view.hpp>
#include <nlohmann/json.hpp>

#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/model_summary.hpp"

namespace llmx::test {
namespace {

using nlohmann::json;

Attribution further() {
    Attribution a;
    a.method = "shapley";
    a.objective = "logprob of each answer token";
    a.is_signed = true;
    a.options = {{"samples", "20"}, {"exact", "no"}};
    a.units = {{"a", "token", {0}}, {"b c", "word", {1, 2}}, {"split", "regex", {0, 2, 3}}};
    a.targets = {{"x", {3, 4}, -0.25}, {"y", {4, 5}, -1.5}};
    a.scores = {{2, 3}, {0.1F, -0.2F, 0.3F, 1e-20F, 5, -6}};
    a.standard_errors = {{2, 3}, {0.01F, 0.02F, 0, 0, 0.5F, 1}};
    a.interactions = {{2, 3, 3}, std::vector<float>(18, 0.375F)};
    a.completeness = {{1, 0.5, 1e-6}, {2, 0.25, -1e-6}};
    Faithfulness f;
    f.comprehensiveness = {0.5, 0.25, 0.125};
    f.kendall_tau = Faithfulness::Number{0.75, 0, 0.1};
    f.fractions = {0.5, 1};
    f.random_deletion = {0.25, 0.125};
    f.random_insertion = {0.5, 0.75};
    f.measure = "entropy of the answer";
    f.absence = Absence::token;
    f.absence_token = AbsenceToken{2, "</s>"};
    f.deletion = {0.3, 0.1};
    f.insertion = {0.2, 0.4};
    f.random_seeds = 5;
    a.faithfulness = f;
    a.absence_token = AbsenceToken{7, "c"};
    a.context_sensitivity = {0.125, 2.5};
    a.cues = {{0, 2}, {}};
    a.plausibility = Plausibility{{0.5, 0.25}, {0.75, 0.375}, 2};
    a.faithfulness->infidelity = Faithfulness::Infidelity{{0.5, 1.5, 0.25, 0.125}, 3, -0.5, 20};
    a.faithfulness->sensitivity_max = Faithfulness::SensitivityMax{0.0625, 0.02, 7};
    return a;
}

Explanation full() {
    Explanation e;
    e.model = some_model();
    e.prompt = {"a", "b", " c"};
    e.decode_output = {"x", "y"};
    e.partial_tokens = {1};
    e.prediction = "xy";
    e.prompt_text = "ab c";
    e.answer_text = "xy";
    e.label_text = "z";
    e.prompt_ids = {7, 8, 9};
    e.answer_ids = {10, 11};
    e.label_ids = {12};
    e.token_logprobs = {-0.1F, -3.4e-5F};
    e.objective = Objective::aligned;
    e.objective_value = 2.0 / 3.0;
    AttentionResult attention;
    attention.pair = {{0.1F, 1.0F, 0}, {1e-8F, 0.33333F, 0.5F}, 1, {}, {}};
    attention.mean_group = {{2, 3}, {0.25F, 0.7F, 0, 1, 2, 3}};
    attention.median_raw = {{2, 1, 1, 3}, {0, 0.1F, 0.2F, 0.3F, 1, 1}};
    attention.blocks = {0, 1};
    attention.blocks_without = {2};
    attention.mean = {{2, 5}, {0.5F, 0.3F, 0.2F, 0, 0, 0.1F, 0.2F, 0.3F, 0.4F, 0}};
    e.original.attention = attention;
    GradientResult gradient;
    gradient.saliency_map = {0.123F, 1.0F, 0};
    gradient.block_gradient_x_input = {{2, 3}, {0, 1, 1, 0.004F, 0, 0}};
    e.original.gradient = gradient;
    e.attributions = {further()};
    e.timings = {{"load", 0.5}, {"total", 1.25}};
    e.peak_rss = 123456789;
    e.warnings = {"quantised"};
    return e;
}

std::string written(const Explanation& e, bool raw = false) {
    return view::json(e, {.command_json = R"({"user": "hi"})", .raw = raw});
}

/// The same text, written of what was read.
void expect_same_again(const Explanation& e, bool raw = false) {
    const std::string text = written(e, raw);
    const view::StoredResult stored = view::read_json(text, "a.json");
    EXPECT_EQ(view::json(stored.explanation, {.command_json = stored.command_json, .raw = raw}), text);
}

TEST(ViewJsonRead, GivesWhatWasWritten) {
    const std::string text = written(full());
    const view::StoredResult stored = view::read_json(text, "a.json");
    EXPECT_EQ(stored.explanation.model.file, "tiny.gguf");
    EXPECT_EQ(stored.explanation.model.sha256_16, "0123456789abcdef");
    EXPECT_EQ(stored.explanation.peak_rss, 123456789U);
    EXPECT_EQ(json::parse(stored.command_json), json::parse(R"({"user": "hi"})"));
    EXPECT_EQ(stored.explanation.attributions.at(0).units[2].tokens, (std::vector<int>{0, 2, 3}));
    EXPECT_TRUE(stored.explanation.original.attention->median_raw.empty());
    expect_same_again(full());
}

TEST(ViewJsonRead, GivesWhatOnlySomeResultsHave) {
    Explanation e = full();
    e.version = "0.0.1";  // of the program that made it, not of the one that writes it again
    e.model = some_model(ModelKind::encoder_decoder);
    e.decoder_inputs = {"<s>", "x"};
    e.original.gradient->faithfulness = e.original.attention->pair.faithfulness =
        e.attributions[0].faithfulness;
    e.attributions[0].faithfulness->kendall_tau.reset();
    e.attributions[0].standard_errors = {};
    e.attributions[0].completeness.clear();
    e.attributions[0].interactions = {};
    e.attributions[0].context_sensitivity.clear();
    e.attributions[0].cues.clear();
    e.original.gradient->plausibility = e.original.attention->pair.plausibility =
        e.attributions[0].plausibility;
    expect_same_again(e);
    e.attributions[0].plausibility.reset();
    e.attributions[0].faithfulness->infidelity.reset();
    e.attributions[0].faithfulness->sensitivity_max.reset();
    expect_same_again(e);
    e.model = some_model();
    e.task = Task::generative_text_chat_assistant;
    e.n_matches = {2, 0, 5};
    e.attributions[0].targets.clear();
    e.attributions[0].scores = {{0, 3}, {}};
    expect_same_again(e);
    e = {};
    e.model = some_model();
    expect_same_again(e);
}

TEST(ViewJsonRead, GivesTheRawTensorsOfAFileThatHasThem) {
    Explanation e = full();
    e.original.gradient->gradient = {{3, 2}, {1, 2, 3, 4, 5, -6.1F}};
    e.original.gradient->decoder_gradient = {{1, 2}, {0.5F, 0.1F}};
    expect_same_again(e, true);
    const Explanation back = view::read_json(written(e, true), "a.json").explanation;
    EXPECT_EQ(back.original.attention->median_raw.shape, e.original.attention->median_raw.shape);
    EXPECT_EQ(back.original.attention->median_raw.values, e.original.attention->median_raw.values);
    EXPECT_EQ(back.original.gradient->gradient.values, e.original.gradient->gradient.values);
}

/// Files that version 0.1.0 wrote.
TEST(ViewJsonRead, GivesResultsOfAnEarlierProgram) {
    for (const auto* name : {"decoder", "encoder-decoder", "encoder", "raw"}) {
        std::ifstream file(test::data_file(std::string("results/") + name + ".json"));
        const std::string text(std::istreambuf_iterator<char>(file), {});
        ASSERT_FALSE(text.empty()) << name;
        const auto [explanation, command] = view::read_json(text, name);
        EXPECT_EQ(explanation.original.gradient->gradient.empty(), name != std::string("raw")) << name;
        EXPECT_EQ(view::json(explanation, {command, name == std::string("raw")}) + '\n', text) << name;
    }
}

TEST(ViewJsonRead, GivesAnEncodersSpan) {
    Explanation e = full();
    e.model.kind = ModelKind::encoder;  // the model's kind stands in the file
    e.span = SpanResult{"Who?", "Ada came.", {1, 2, 3}, {4, 5, 6}, 1, 2, 0, 3, 7.5, false, 1, 2};
    EXPECT_EQ(view::read_json(written(e), "a.json").explanation.span->end_logits,
              (std::vector<float>{4, 5, 6}));
    EXPECT_EQ(view::read_json(written(e), "a.json").explanation.span->windows, 2);
    expect_same_again(e);
}

/// The written result, changed.
template <class Change>
std::string damaged(Change&& change) {
    json j = json::parse(written(full()));
    change(j);
    return j.dump();
}

void expect_refused(const std::string& text, std::initializer_list<std::string> words) {
    expect_error(ErrorCode::input, words, [&] { (void)view::read_json(text, "a.json"); });
}

TEST(ViewJsonRead, GivesWhatAnAnswerRestsOn) {
    Explanation e = full();
    Why why;
    why.passages = {{"Ada came.", "document", 1, "a.txt", {1, 2}, {0, 1}},
                    {"Bo left.", "", 0, "", {1, 1}, {2}}};
    why.asked = {{"Who?", "user", 1, "", {1, 1}, {0}}};
    why.sentences = {
        {"x", {0, 1}, -1.5, 0.25, 0.125, true, {{0, 2.5, 0.0625, 0.01, false}, {1, 2, 0.5, {}, true}}, 4},
        {"y", {1, 2}, -0.5, 0.5, 0.5, false, {}, 0}};
    why.strengths = {{2, 2}, {2.5F, 2, 0.125F, -1}};
    why.substitutes = {1};
    why.runs = 7;
    why.passes = 3.5;
    e.why = why;
    expect_same_again(e);
    const auto refused = [&](const std::string& place, const auto& spoil) {
        json result = json::parse(written(e));
        spoil(result["why"]);
        expect_error(ErrorCode::input, {place}, [&] { (void)view::read_json(result.dump(), "a.json"); });
    };
    refused("why.sentences[0].sources[1].passage",
            [](json& w) { w["sentences"][0]["sources"][1]["passage"] = 2; });
    refused("why.substitutes[0]", [](json& w) { w["substitutes"][0] = -1; });
    refused("why.strengths", [](json& w) { w["strengths"].erase(1); });
}

TEST(ViewJsonRead, SaysWhatIsNoResult) {
    expect_refused("{\"schema\": 1e999}", {"a.json", "too large"});
    expect_refused("{\"schema\": ", {"a.json", "not valid JSON at byte"});
    expect_refused("", {"a.json", "not valid JSON"});
    expect_refused("[1, 2]", {"a.json", "is array", "object"});
    expect_refused("{}", {"a.json", "no schema"});
    expect_refused(R"({"schema": "llm-explainer/2"})", {"\"llm-explainer/2\"", "expected llm-explainer/1"});
    expect_refused(R"({"schema": 1})", {"a.json.schema", "number"});
    expect_refused(R"({"schema": "llm-explainer/1"})", {"a.json: has no model"});
}

TEST(ViewJsonRead, SaysWhatIsWrongInAResult) {
    expect_refused(damaged([](json& j) { j["attributions"][0]["scores"][1].erase(0); }),
                   {"a.json.attributions[0].scores[1]", "2 numbers", "expected 3"});
    expect_refused(damaged([](json& j) { j["attributions"][0]["scores"].erase(1); }),
                   {"attributions[0].scores", "2 targets"});
    expect_refused(damaged([](json& j) { j["attributions"][0]["scores"][0][2] = "high"; }),
                   {"attributions[0].scores[0][2]", "string", "a number"});
    expect_refused(damaged([](json& j) {
                       j["attributions"][0]["units"][1]["tokens"] = {3, 2};
                   }),
                   {"units[1].tokens", "a range"});
    expect_refused(damaged([](json& j) {
                       j["attributions"][0]["units"][1]["tokens"] = {0, 2000000000};
                   }),
                   {"units[1].tokens", "a range"});
    expect_refused(damaged([](json& j) { j["attributions"][0].erase("method"); }),
                   {"attributions[0]: has no method"});
    expect_refused(damaged([](json& j) { j["Gradient"]["saliency_map"].erase(0); }),
                   {"Gradient.saliency_map has 2 numbers", "3 tokens"});
    expect_refused(damaged([](json& j) {
                       j["Attention"]["mean"] = json{{1, 2}, {3, 4}};
                   }),
                   {"Attention.mean has 2 numbers"});
    expect_refused(damaged([](json& j) { j["objective"]["name"] = "aligend"; }), {"aligend", "aligned"});
    expect_refused(damaged([](json& j) { j["prompt_ids"][0] = 1e300; }), {"prompt_ids[0]", "whole number"});
    expect_refused(damaged([](json& j) { j["attributions"][0]["scores"][0][2] = 1e300; }),
                   {"attributions[0].scores[0][2]", "float32"});
    expect_refused(damaged([](json& j) { j["attributions"] = 3; }), {"a.json.attributions", "a list"});
}

}  // namespace
}  // namespace llmx::test

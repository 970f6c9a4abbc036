// --views, --view-budget, --view-blocks, --logit-lens: what stands in the result, and what is refused.

#include <gtest/gtest.h>

#include "program.hpp"
#include "support/temporary.hpp"

namespace llmx::test {
namespace {

using nlohmann::json;

Arguments viewed(const Arguments& more) {
    return joined({"explain", "--model", golden("llama-tiny.gguf"), "--prompt-ids", "5,6,7,8,9,10,1",
                   "--answer-ids", "9,10,11"},
                  more);
}

TEST(ViewOptions, OnlyWhatIsAskedFor) {
    EXPECT_FALSE(json_of(viewed({"--json", "-"})).contains("views"));
    const json attention = json_of(viewed({"--views", "attention", "--json", "-"}))["views"];
    EXPECT_EQ(attention["attention"].size(), 1U);
    EXPECT_TRUE(attention["neuron"].empty());
    EXPECT_TRUE(attention["logit_lens"].is_null());
    const json neuron =
        json_of(viewed({"--views", "neuron", "--method", "saliency", "--json", "-"}))["views"];
    EXPECT_TRUE(neuron["attention"].empty());
    EXPECT_FALSE(neuron["neuron"].empty());
}

TEST(ViewOptions, LogitLensWithAndWithoutANumber) {
    const json five = json_of(viewed({"--logit-lens", "--json", "-"}));
    EXPECT_EQ(five["views"]["logit_lens"]["top"], 5);
    EXPECT_EQ(five["command"]["logit_lens"], 5);
    EXPECT_TRUE(five["timings_s"].contains("logit_lens"));
    EXPECT_EQ(
        json_of(viewed({"--logit-lens", "2", "--json", "-"}))["views"]["logit_lens"]["ids"][0][0].size(), 2U);
    expect_failure(llmx(viewed({"--logit-lens", "-1"})), 2, {"logit-lens"});
    expect_failure(llmx(viewed({"--logit-lens", "many"})), 2, {"logit-lens", "many"});
    expect_failure(llmx({"explain", "--model", golden("bertqa-tiny"), "--question", "Who?", "--context",
                         "Ada.", "--logit-lens", "3"}),
                   5, {"--logit-lens", "encoder"});
}

TEST(ViewOptions, APageBringsItsViewsWithAttention) {
    const TemporaryDirectory directory;
    const auto views_of = [&](const Arguments& more) {
        Arguments arguments =
            viewed({"--html", directory / "r.html", "--json", directory / "r.json", "--quiet"});
        arguments.insert(arguments.end(), more.begin(), more.end());
        const Outcome run = llmx(arguments);
        EXPECT_EQ(run.code, 0) << run.err;
        return json::parse(slurp(directory / "r.json"))["command"]["views"];
    };
    EXPECT_EQ(views_of({}), (json{"attention", "neuron"}));
    EXPECT_EQ(views_of({"--method", "gradient"}), (json{"none"}));
    EXPECT_EQ(views_of({"--views", "none"}), (json{"none"}));
    EXPECT_EQ(views_of({"--method", "gradient", "--views", "neuron"}), (json{"neuron"}));
}

TEST(ViewOptions, ARequestRepeatsThem) {
    const json first = json_of(viewed({"--views", "attention,neuron", "--view-budget", "20kB",
                                       "--view-blocks", "0,2", "--logit-lens", "3", "--json", "-"}));
    EXPECT_EQ(first["views"]["budget"], 20 << 10);
    for (const json& map : first["views"]["attention"][0]["maps"]) EXPECT_NE(map["block"], 1);
    RunOptions options;
    options.input = first["command"].dump();
    EXPECT_EQ(json_of({"explain", "--request", "-", "--json", "-"}, options)["views"], first["views"]);
}

TEST(ViewOptions, UnknownNamesAndBlocks) {
    expect_failure(llmx(viewed({"--views", "attentoin"})), 2, {"view", "attentoin", "attention"});
    expect_failure(llmx(viewed({"--views", "none,neuron"})), 2, {"--views", "none"});
    expect_failure(llmx(viewed({"--views", "attention", "--view-blocks", "7"})), 2,
                   {"--view-blocks: got 7", "0 to 2"});
    expect_failure(llmx(viewed({"--views", "attention", "--view-budget", "much"})), 2, {"view-budget"});
}

}  // namespace
}  // namespace llmx::test

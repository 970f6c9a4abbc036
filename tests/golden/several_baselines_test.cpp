// Scores over several baselines are the mean of those with each.

#include <gtest/gtest.h>

#include <cmath>
#include <llmx/llmx.hpp>

#include "core/work.hpp"
#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/measured.hpp"

namespace llmx {
namespace {

class SeveralBaselines : public testing::TestWithParam<const char*> {
protected:
    const Model model = Model::load(test::data_file(GetParam(), "-tiny.gguf"));

    [[nodiscard]] Attribution map_of(const std::string& method, std::map<std::string, std::string> options,
                                     const std::optional<Check>& check = {}) const {
        Request request;
        request.input_ids = {5, 17, 70, 60, 40, 9};
        request.output.ids = {33, 42, 60};
        request.target.each = true;
        request.check = check;
        return Explainer(model, {{method, std::move(options)}}).compute(request).attributions.at(0);
    }
    /// The model's own token for absence.
    [[nodiscard]] Token own_token() const { return map_of("leave_one_out", {}).absence_token->id; }
    void expect_mean(const std::string& method, const std::string& option,
                     const std::vector<std::string>& values) const {
        std::string joined;
        std::vector<Attribution> each;
        for (const std::string& value : values) {
            joined += (joined.empty() ? "" : "+") + value;
            each.push_back(map_of(method, {{option, value}}));
        }
        const Attribution all = map_of(method, {{option, joined}});
        EXPECT_EQ(all.options.at(option), joined);
        for (std::size_t i = 0; i < all.scores.values.size(); ++i) {
            double mean = 0;
            for (const Attribution& one : each)
                mean += static_cast<double>(one.scores.values[i]) / static_cast<double>(each.size());
            EXPECT_MEASURED(std::abs(static_cast<double>(all.scores.values[i]) - mean) / (1 + std::abs(mean)),
                            6e-8)
                << method << " " << i;
        }
        for (std::size_t t = 0; t < all.completeness.size(); ++t) {
            double residual = 0;
            for (const Attribution& one : each)
                residual += one.completeness[t].residual / static_cast<double>(each.size());
            EXPECT_MEASURED(std::abs(all.completeness[t].residual - residual), 1e-15) << method;
        }
    }
};
INSTANTIATE_TEST_SUITE_P(Models, SeveralBaselines, testing::Values("llama", "t5"));

TEST_P(SeveralBaselines, AreAveraged) {
    for (const char* method : {"leave_one_out", "occlusion", "shapley", "kernel_shap", "lime",
                               "sparse_linear", "shapley_interactions"}) {
        expect_mean(method, "baseline", {"token", "deletion"});
        expect_mean(method, "baseline_token", {"0", "3", "11"});
    }
    expect_mean("integrated_gradients", "baseline", {"token", "zero", "mean"});
    expect_mean("gradient_shap", "baseline_token", {"0", "3"});
}

TEST_P(SeveralBaselines, OnlyTheTokenHasSeveralTokens) {
    const auto scores = [&](std::map<std::string, std::string> options) {
        return map_of("leave_one_out", std::move(options));
    };
    const Attribution all = scores({{"baseline", "token+deletion"}, {"baseline_token", "0+11"}});
    EXPECT_EQ(all.options.at("baseline_token"), "0+11");
    const Attribution parts[] = {scores({{"baseline_token", "0"}}), scores({{"baseline_token", "11"}}),
                                 scores({{"baseline", "deletion"}})};
    for (std::size_t i = 0; i < all.scores.values.size(); ++i) {
        double mean = 0;
        for (const Attribution& part : parts) mean += static_cast<double>(part.scores.values[i]) / 3;
        EXPECT_MEASURED(std::abs(static_cast<double>(all.scores.values[i]) - mean) / (1 + std::abs(mean)),
                        6e-8)
            << i;
    }
}

TEST_P(SeveralBaselines, AreDifferentTokens) {
    const std::string own = std::to_string(own_token());
    test::expect_error(ErrorCode::usage, {"got token", "twice"}, [&] {
        (void)map_of("leave_one_out", {{"baseline_token", "-1+" + own}});
    });
}

TEST_P(SeveralBaselines, CountTheirRuns) {
    const auto passes = [&](const std::string& baseline) {
        const std::int64_t before = work().passes.load();
        (void)map_of("integrated_gradients", {{"baseline", baseline}, {"steps", "4"}});
        return work().passes.load() - before;
    };
    const auto one = passes("zero");
    const auto both = passes("zero+mean");
    EXPECT_GT(both, one + 4);
    EXPECT_LT(both, 2 * one);  // the text's own pass is shared
}

TEST_P(SeveralBaselines, HaveASensitivityToo) {
    const Check check{.sensitivity = 3};
    const Attribution both =
        map_of("integrated_gradients", {{"baseline", "zero+mean"}, {"steps", "8"}}, check);
    ASSERT_TRUE(both.faithfulness && both.faithfulness->sensitivity_max);
    EXPECT_GT(both.faithfulness->sensitivity_max->value, 0);
}

TEST(OneBaseline, IsNotGivenTwice) {
    const Model model = Model::load(test::data_file("llama", "-tiny.gguf"));
    const auto refusal = [&](const Method& method) {
        return [&model, method] { Explainer(model, {method}); };
    };
    test::expect_error(ErrorCode::usage, {"got \"token\" twice"},
                       refusal({"leave_one_out", {{"baseline", "token+token"}}}));
    test::expect_error(ErrorCode::usage, {"expected one of token, deletion, attention_mask"},
                       refusal({"leave_one_out", {{"baseline", "token+"}}}));
    test::expect_error(ErrorCode::usage, {"`window`: got \"2+3\""},
                       refusal({"occlusion", {{"window", "2+3"}}}));
}

}  // namespace
}  // namespace llmx

// Expected gradients with the user's own texts as baselines.

#include <gtest/gtest.h>

#include <cmath>
#include <llmx/llmx.hpp>

#include "engine/text/vocabulary.hpp"
#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/golden_file.hpp"
#include "support/measured.hpp"

namespace llmx {
namespace {

class References : public testing::Test {
protected:
    const Model model = Model::load(test::data_file("llama-tiny.gguf"));
    const test::GoldenFile golden{test::data_file("llama-tiny.golden.gguf")};

    [[nodiscard]] Request request(const std::vector<std::string>& texts) const {
        const Tokens ids = golden.ids("ids");
        Request request;
        request.input_ids.assign(ids.begin(), ids.begin() + test::prompt_size);
        request.output.ids.assign(ids.begin() + test::prompt_size, ids.end());
        request.reference_texts = texts;
        return request;
    }
    /// f of the answer behind another prompt.
    [[nodiscard]] double value_behind(const Tokens& prompt) const {
        Request other = request({});
        other.input_ids = prompt;
        return Explainer(model, {{"saliency", {}}}).compute(other).attributions[0].targets[0].value;
    }
    /// What `tokens` make of the prompt, from a row on.
    [[nodiscard]] Tokens fitted(const Tokens& tokens, std::size_t from = 0) const {
        Tokens rows = request({}).input_ids;
        for (std::size_t r = from; r < rows.size(); ++r)
            rows[r] = r - from < tokens.size() ? tokens[r - from] : engine::neutral_token(model);
        return rows;
    }
    [[nodiscard]] Attribution explained(const Request& asked, const std::string& samples) const {
        return Explainer(model, {{"expected_gradients", {{"samples", samples}}}})
            .compute(asked)
            .attributions[0];
    }
};

TEST_F(References, ShortAndLongTextsStandInThePromptsPlace) {
    const std::string shorter = "the sea";
    const std::string longer =
        "It was a bright cold day in April, and the clocks were striking thirteen, as ever.";
    ASSERT_LT(model.tokenize_prompt(shorter).size(), 18U);
    ASSERT_GT(model.tokenize_prompt(longer).size(), 18U);
    for (const std::string& text : {shorter, longer}) {
        const Attribution found = explained(request({text}), "2");
        EXPECT_CLOSE(found.completeness[0].f_baseline / value_behind(fitted(model.tokenize_prompt(text))), 1,
                     6e-8)
            << text;
    }
}

TEST_F(References, HeldTokensStay) {
    Request asked = request({"the sea"});
    asked.input_ids[0] = 1;  // a control token
    ASSERT_TRUE(engine::is_special(model, 1));
    asked.units.fixed = FixedTokens::special;
    Tokens prompt = fitted(model.tokenize("the sea"), 1);
    prompt[0] = 1;
    const Attribution found = explained(asked, "2");
    EXPECT_CLOSE(found.completeness[0].f_baseline / value_behind(prompt), 1, 6e-8);
}

TEST_F(References, AreDrawnAsOftenAndAveraged) {
    const double first = value_behind(fitted(model.tokenize_prompt("the sea")));
    const double second = value_behind(fitted(model.tokenize_prompt("a stone")));
    const Attribution found = explained(request({"the sea", "a stone"}), "40");
    const double share = (found.completeness[0].f_baseline - second) / (first - second);
    EXPECT_CLOSE(share * 40, std::round(share * 40), 1e-12) << "a whole number of the 40";
    EXPECT_GT(share, 0.25);
    EXPECT_LT(share, 0.75);
    double error = 0;
    for (const float one : found.standard_errors.values) error += one;
    EXPECT_LT(std::abs(found.completeness[0].residual), 4 * error);
}

TEST_F(References, NobodyComparesWithAreRefused) {
    test::expect_error(ErrorCode::usage, {"`reference_texts`", "expected_gradients"}, [&] {
        (void)request_from_json("{}");
        Request asked = request({"the sea"});
        (void)Explainer(model, {{"saliency", {}}}).compute(asked);
    });
}

}  // namespace
}  // namespace llmx

// Own texts in the place of units that are taken away, against the texts with them.

#include <gtest/gtest.h>

#include <llmx/llmx.hpp>

#include "engine/text/spelling.hpp"
#include "engine/text/vocabulary.hpp"
#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/golden_file.hpp"
#include "support/measured.hpp"

namespace llmx {
namespace {

class Replaced : public testing::TestWithParam<const char*> {
protected:
    const Model model = Model::load(test::data_file(GetParam(), "-tiny.gguf"));

    [[nodiscard]] Request request(const Tokens& prompt) const {
        Request request;
        request.input_ids = prompt;
        request.output.ids = {33, 42, 60};
        request.target.each = true;
        return request;
    }
    [[nodiscard]] Tokens prompt() const { return {5, 17, 70, 60, 40, 9}; }
    /// Each answer token's log-probability behind a prompt.
    [[nodiscard]] std::vector<double> values(const Tokens& behind) const {
        std::vector<double> found;
        const Attribution plain =
            Explainer(model, {{"leave_one_out", {}}}).compute(request(behind)).attributions[0];
        for (const TargetFacts& target : plain.targets) found.push_back(target.value);
        return found;
    }
    [[nodiscard]] Attribution left_out(const std::vector<std::string>& replacements,
                                       const std::string& baseline = "token") const {
        Request asked = request(prompt());
        asked.replacements = replacements;
        return Explainer(model, {{"leave_one_out", {{"baseline", baseline}}}}).compute(asked).attributions[0];
    }
    [[nodiscard]] Tokens read(const std::string& text) const {
        return model.facts().kind == ModelKind::decoder ? engine::continuation(model, text)
                                                        : model.tokenize(text);
    }
};
INSTANTIATE_TEST_SUITE_P(Models, Replaced, testing::Values("llama", "t5"));

TEST_P(Replaced, UnitsAreTheTextsThatStandInTheirPlace) {
    const Tokens whole = prompt();
    const Tokens longer = read("of the sea");
    ASSERT_GT(longer.size(), 1U);
    for (const char* baseline : {"token", "deletion"}) {
        const Attribution found = left_out({"1=of the sea", "3="}, baseline);
        const std::vector<double> before = values(whole);
        for (std::size_t u = 0; u < whole.size(); ++u) {
            Tokens other = whole;
            const auto place = other.begin() + static_cast<std::ptrdiff_t>(u);
            if (u == 1) {
                other.insert(other.erase(place), longer.begin(), longer.end());
            } else if (u == 3 || std::string(baseline) == "deletion") {
                other.erase(place);
            } else {
                *place = engine::neutral_token(model);
            }
            const std::vector<double> after = values(other);
            for (std::size_t t = 0; t < after.size(); ++t)
                EXPECT_CLOSE(found.scores.row(t)[u], before[t] - after[t], 3e-7)
                    << baseline << " " << u << " " << t;
        }
    }
}

TEST_P(Replaced, AWholeGameIsPlayedWithThem) {
    Request asked = request({5, 17, 70});
    asked.target.each = false;
    asked.replacements = {"0=a stone", "1=of", "2=the sea"};
    const Attribution found = Explainer(model, {{"shapley", {}}}).compute(asked).attributions[0];
    Tokens none;
    for (const char* text : {"a stone", "of", "the sea"}) {
        const Tokens part = read(text);
        none.insert(none.end(), part.begin(), part.end());
    }
    double sum = 0;
    for (const double value : values(none)) sum += value;
    EXPECT_CLOSE(found.completeness[0].f_baseline / sum, 1, 6e-8);
}

TEST_P(Replaced, WhatCannotBeIsRefused) {
    const auto refused = [&](const std::vector<std::string>& replacements,
                             std::initializer_list<std::string> words) {
        test::expect_error(ErrorCode::usage, words, [&] { (void)left_out(replacements); });
    };
    refused({"no equals sign"}, {"`replacements`", "UNIT=TEXT"});
    refused({"99=a"}, {"unknown unit", "up to 5", "99"});
    refused({"1=a", "1=b"}, {"unit 1", "two"});
    refused({R"(x\=5=a)"}, {"unknown unit", "\"x=5\""});
    std::string longest = "1=";
    while (longest.size() < 4000) longest += "a stone ";
    test::expect_error(ErrorCode::context_overflow, {"`replacements`", "context_tokens"},
                       [&] { (void)left_out({longest}); });
    test::expect_error(ErrorCode::usage, {"`replacements`", "takes units away"}, [&] {
        Request asked = request(prompt());
        asked.replacements = {"1=a"};
        (void)Explainer(model, {{"saliency", {}}}).compute(asked);
    });
    test::expect_error(ErrorCode::usage, {"leave_one_out", "attention_mask"},
                       [&] { (void)left_out({"1=a"}, "attention_mask"); });
}

}  // namespace
}  // namespace llmx

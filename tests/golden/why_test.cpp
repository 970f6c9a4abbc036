// What `why` says against the same numbers by leave-one-out, one passage at a time.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <llmx/llmx.hpp>
#include <numeric>

#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/measured.hpp"

namespace llmx {
namespace {

constexpr const char* chat_template =
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}{% endfor %}"
    "<|im_start|>assistant\n";

ExplainRequest request() {
    ExplainRequest asked;
    asked.model = test::data_file("llama", "-tiny.gguf");
    asked.load.chat_template = chat_template;
    asked.texts.documents = {
        {"a.txt", "Ada came at noon."}, {"", "She had a red hat."}, {"", "Bo left at nine."}};
    asked.texts.user = "When did Ada come?";
    asked.texts.answer = "At noon. It was cold.";
    asked.how.why.asked = true;
    return asked;
}

/// What each sentence of the answer loses without each sentence of the documents.
std::vector<std::vector<double>> by_leave_one_out(const Why& why) {
    ExplainRequest asked = request();
    asked.how.why.asked = false;
    asked.methods = {{"leave_one_out", {{"baseline", "deletion"}}}};
    asked.how.units.kind = UnitKind::sentence;
    asked.how.target.each = true;
    const Explanation result = explain(asked).explanation;
    const Attribution& scores = result.attributions.front();
    std::vector<std::vector<double>> losses;
    for (const WhySentence& sentence : why.sentences) {
        std::vector<double>& row = losses.emplace_back();
        for (const WhyPassage& passage : why.passages) {
            const auto unit = std::find_if(scores.units.begin(), scores.units.end(),
                                           [&](const Unit& u) { return u.tokens == passage.tokens; });
            EXPECT_NE(unit, scores.units.end()) << passage.text;
            double sum = 0;
            for (int t = sentence.tokens.first; t < sentence.tokens.second; ++t)
                sum += static_cast<double>(scores.scores.row(
                    static_cast<std::size_t>(t))[static_cast<std::size_t>(unit - scores.units.begin())]);
            row.push_back(sum);
        }
    }
    return losses;
}

TEST(Why, IsLeaveOneOutOfPassagesForEachSentence) {
    const Explanation result = explain(request()).explanation;
    ASSERT_TRUE(result.why);
    EXPECT_TRUE(result.attributions.empty()) << "no other method was asked for";
    const Why& why = *result.why;
    ASSERT_EQ(why.sentences.size(), 2U);
    ASSERT_EQ(why.passages.size(), 3U);
    EXPECT_EQ(why.sentences[0].text + why.sentences[1].text, "At noon. It was cold.");
    ASSERT_EQ(why.asked.size(), 1U);
    EXPECT_EQ(why.asked[0].text, "When did Ada come?");
    // the pass over the text alone has the same numbers
    for (const WhySentence& sentence : why.sentences) {
        const auto begin = result.token_logprobs.begin();
        const double sum =
            std::accumulate(begin + sentence.tokens.first, begin + sentence.tokens.second, 0.0);
        const int length = sentence.tokens.second - sentence.tokens.first;
        EXPECT_MEASURED(std::abs(sentence.logprob - sum), 1.6e-6);
        EXPECT_MEASURED(std::abs(sentence.probability / std::exp(sum / length) - 1), 1.6e-7);
    }
    const auto expected = by_leave_one_out(why);
    int compared = 0;
    for (std::size_t s = 0; s < 2; ++s) {
        for (int p = 0; p < 3; ++p) {
            if (std::find(why.substitutes.begin(), why.substitutes.end(), p) != why.substitutes.end())
                continue;
            ++compared;
            const double found = static_cast<double>(why.strengths.row(s)[static_cast<std::size_t>(p)]);
            EXPECT_MEASURED(std::abs(found - expected[s][static_cast<std::size_t>(p)]), 1.7e-6);
        }
    }
    EXPECT_GE(compared, 2);
}

TEST(Why, SaysWhereAPassageStands) {
    ExplainRequest asked = request();
    asked.texts.documents = {{"a.txt", "Ada came at noon."}, {"", "Bo left."}};
    const Why why = *explain(asked).explanation.why;
    ASSERT_FALSE(why.passages.empty());
    EXPECT_EQ(why.passages.back().role, "document");
    EXPECT_EQ(why.passages.back().part, 2);
    EXPECT_EQ(why.passages.back().text, "Bo left.");
    EXPECT_EQ(why.passages.front().title, "a.txt");
}

TEST(Why, NeedsSomethingToRestOn) {
    ExplainRequest asked = request();
    asked.texts.documents.clear();
    test::expect_error(ErrorCode::input, {"why:", "one question", "documents"},
                       [&] { static_cast<void>(explain(asked)); });
}

}  // namespace
}  // namespace llmx

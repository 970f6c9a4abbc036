// Texts that share prefixes, scored together: the same results as each one's own pass, and no prefix computed
// twice.

#include "engine/scoring/scorer.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/measured.hpp"

namespace llmx {
namespace {

using engine::PassInput;

class Scored : public testing::TestWithParam<const char*> {
protected:
    const Model model = Model::load(test::data_file(GetParam(), "-tiny.gguf"));
    std::mt19937 random{7};

    int below(int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); }

    std::vector<PassInput> family(int count, int tokens, int kinds) {
        std::vector<PassInput> texts(static_cast<std::size_t>(count));
        for (PassInput& text : texts) {
            text.ids.resize(static_cast<std::size_t>(1 + below(tokens)));
            for (Token& id : text.ids) id = 20 + below(kinds);
            for (int i = 0; i < static_cast<int>(text.ids.size()); ++i) {
                if (below(4) == 0) text.outputs.push_back(i);
                if (below(12) == 0) text.outputs.push_back(i);
            }
            if (text.outputs.empty()) text.outputs.push_back(static_cast<int>(text.ids.size()) - 1);
        }
        return texts;
    }

    /// Changes of a text: at random places other tokens.
    std::vector<PassInput> changes(int count, int tokens, int changed) {
        PassInput whole;
        for (int i = 0; i < tokens; ++i) whole.ids.push_back(5 + below(90));
        for (int i = 3 * tokens / 4; i + 1 < tokens; ++i) whole.outputs.push_back(i);
        std::vector<PassInput> texts{whole};
        for (int t = 1; t < count; ++t) {
            texts.push_back(whole);
            for (int c = 0; c < changed; ++c) texts.back().ids[static_cast<std::size_t>(below(tokens))] = 4;
        }
        return texts;
    }

    [[nodiscard]] static double measured() {
        const std::string family = GetParam();
        return family == "gemma3" || family == "gpt2" ? test::other_table_entry : 4e-7;
    }

    /// Returns the largest difference.
    double compare(const std::vector<PassInput>& texts, int tokens) {
        engine::Session session(model, {.tokens = tokens, .outputs = 2 * tokens});
        engine::Scorer scorer(session);
        double worst = 0;
        for (int repeat = 0; repeat < 2; ++repeat) {
            std::vector<int> visits(texts.size(), 0);
            const std::int64_t before = scorer.computed();
            scorer.run(texts, [&](std::size_t i, Tensor&& results) {
                ++visits[i];
                session.run(texts[i]);
                const Tensor alone = session.results();
                ASSERT_EQ(results.shape, alone.shape);
                worst = std::max(worst, test::relative_l2(results.values, alone.values));
            });
            EXPECT_EQ(visits, std::vector<int>(texts.size(), 1));
            std::set<Tokens> prefixes;
            for (const PassInput& text : texts) {
                for (int i = 0; i <= text.outputs.back(); ++i)
                    prefixes.insert(Tokens(text.ids.begin(), text.ids.begin() + i + 1));
            }
            EXPECT_EQ(scorer.computed() - before, static_cast<std::int64_t>(prefixes.size()));
        }
        return worst;
    }
};

TEST_P(Scored, RandomFamiliesAreAsEachTextAlone) {
    double worst = 0;
    for (const int kinds : {1, 2, 3}) worst = std::max(worst, compare(family(50, 30, kinds), 30));
    std::cout << GetParam() << ": " << worst << '\n';
    EXPECT_MEASURED(worst, measured());
}

TEST_P(Scored, LongTextsWithFewChangesAreAsEachTextAlone) {
    double worst = 0;
    for (const int changed : {1, 3}) worst = std::max(worst, compare(changes(20, 90, changed), 90));
    worst = std::max(worst, compare(changes(6, 256, 1), 256));
    if (GetParam() != std::string("gpt2")) worst = std::max(worst, compare(changes(6, 400, 1), 400));
    std::cout << GetParam() << ": " << worst << '\n';
    EXPECT_MEASURED(worst, measured());
}

INSTANTIATE_TEST_SUITE_P(Tiny, Scored,
                         testing::Values("llama", "qwen2", "qwen3", "gemma3", "gpt2", "mixtral"),
                         [](const auto& family) { return std::string(family.param); });

}  // namespace
}  // namespace llmx

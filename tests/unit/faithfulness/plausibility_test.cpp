// Plausibility against scikit-learn's numbers and closed forms.

#include "faithfulness/plausibility.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/expect_error.hpp"
#include "support/measured.hpp"

namespace llmx {
namespace {

using faithfulness::Map;

struct Case {
    Map scores;
    std::vector<bool> marked;
    double auprc;  ///< average_precision_score(marked, scores) of scikit-learn 1.9.1
    double f1;     ///< by hand
};

const std::vector<Case> cases = {
    {{0.9, 0.1, 0.8, 0.4, 0.4, -0.3, 0.4, 0.2}, {1, 0, 0, 1, 0, 0, 1, 1}, 0.7166666666666667, 0.5},
    {{3, 1, 2, 2, 1, 3, 2}, {0, 1, 1, 0, 1, 0, 0}, 0.3523809523809524, 1.0 / 3},
    {{1, 1, 1, 1}, {0, 1, 0, 0}, 0.25, 0},
    {{-5, 4, -1, 2}, {1, 0, 1, 0}, 0.41666666666666663, 0},
    {{0.5, 0.5, 0.25, 0.75, 0.75}, {1, 1, 0, 0, 1}, 0.6666666666666666, 2.0 / 3},
};

TEST(Plausibility, IsScikitLearns) {
    for (const Case& c : cases) {
        const Plausibility p = faithfulness::plausibility(c.scores, c.marked);
        EXPECT_CLOSE(p.auprc.value, c.auprc, 5.6e-17);
        EXPECT_CLOSE(p.token_f1.value, c.f1, 5.6e-17);
        EXPECT_EQ(p.rationale_units, std::count(c.marked.begin(), c.marked.end(), true));
    }
}

TEST(Plausibility, TheRationaleItselfAgreesFully) {
    const Map scores = {0.5, 4, 0.25, 3};
    const Plausibility p = faithfulness::plausibility(scores, {false, true, false, true});
    EXPECT_EQ(p.token_f1.value, 1);
    EXPECT_EQ(p.auprc.value, 1);
    EXPECT_EQ(p.token_f1.random, 0.5);
    EXPECT_EQ(faithfulness::plausibility(scores, std::vector<bool>(4, true)).auprc.value, 1);
}

/// The mean over all 720 orders of six units.
TEST(Plausibility, RandomIsTheMeanOverAllRankings) {
    for (std::size_t count = 1; count <= 6; ++count) {
        std::vector<bool> marked(6, false);
        std::fill_n(marked.begin(), count, true);
        Map scores = {0, 1, 2, 3, 4, 5};
        double f1 = 0;
        double precision = 0;
        int orders = 0;
        do {
            f1 += faithfulness::token_f1(scores, marked);
            precision += faithfulness::average_precision(scores, marked);
            ++orders;
        } while (std::next_permutation(scores.begin(), scores.end()));
        const Plausibility p = faithfulness::plausibility(scores, marked);
        EXPECT_CLOSE(p.token_f1.random, f1 / orders, 1e-15);
        EXPECT_CLOSE(p.auprc.random, precision / orders, 5.2e-15);
    }
    EXPECT_EQ(faithfulness::plausibility({2}, {true}).auprc.random, 1);
}

TEST(Plausibility, RefusesMapsOfOtherUnitsAndAnEmptyRationale) {
    test::expect_error(ErrorCode::usage, {"2 scores", "of 3 units"}, [] {
        (void)faithfulness::plausibility({1, 2}, {true, false, false});
    });
    test::expect_error(ErrorCode::usage, {"0 of 2 units marked"}, [] {
        (void)faithfulness::plausibility({1, 2}, {false, false});
    });
}

}  // namespace
}  // namespace llmx

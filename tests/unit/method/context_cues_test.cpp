// What context reliance selects, against Inseq's own selection and closed forms.

#include "method/context_cues.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "support/measured.hpp"

namespace llmx {
namespace {

using method::context_change;
using method::outstanding;
using testing::ElementsAre;

const std::vector<double> seven = {0.1, 2.5, -0.2, 0.05, 1.9, -2.2, 0.3};

/// Inseq 0.7, filter_rank_tokens(tokens, scores, std_threshold, topk) in double precision.
TEST(ContextCues, SelectAsInseqDoes) {
    EXPECT_CLOSE(method::threshold(seven, 1), 1.8767066952539813, 2.3e-16);
    EXPECT_THAT(outstanding(seven, 1, 0), ElementsAre(1, 4, 5));
    EXPECT_THAT(outstanding(seven, 1, 2), ElementsAre(1, 5));
    EXPECT_CLOSE(method::threshold(seven, 0), 0.3499999999999999, 1.2e-16);
    EXPECT_THAT(outstanding(seven, 0, 0), ElementsAre(1, 4, 5));
    EXPECT_CLOSE(method::threshold(seven, 0.5), 1.1133533476269906, 2.3e-16);
    EXPECT_THAT(outstanding(seven, 0.5, 3), ElementsAre(1, 4, 5));
    EXPECT_THAT(outstanding(std::vector<double>{0.7}, 1, 0), ElementsAre(0));
    const std::vector<double> low = {-3, 1, 1, 1, 0.5};
    EXPECT_CLOSE(method::threshold(low, 1.5), 2.7196373794859476, 4.5e-16);
    EXPECT_THAT(outstanding(low, 1.5, 0), ElementsAre(0));
}

TEST(ContextCues, EqualOnesAreTakenInOrder) {
    EXPECT_THAT(outstanding(std::vector<double>{2, -2, 2, 0, -2}, 0, 3), ElementsAre(0, 1, 2));
    EXPECT_THAT(outstanding(seven, 100, 0), ElementsAre());
}

/// Three tokens: probabilities 1/2, 1/4, 1/4 with the context and 1/4, 1/2, 1/4 without.
TEST(ContextCues, MetricsInClosedForm) {
    const std::vector<float> with = {std::log(4.0F), std::log(2.0F), std::log(2.0F)};
    const std::vector<float> without = {0, std::log(2.0F), 0};
    const double ln2 = std::log(2.0);
    EXPECT_CLOSE(context_change("kl", with, without, 0), ln2 / 4, 8.1e-10);
    EXPECT_CLOSE(context_change("reverse_kl", with, without, 0), ln2 / 4, 8.1e-10);
    EXPECT_CLOSE(context_change("logprob", with, without, 0), ln2, 2e-9);
    EXPECT_CLOSE(context_change("logprob", with, without, 1), -ln2, 2e-9);
    EXPECT_CLOSE(context_change("probability", with, without, 0), 0.25, 4.8e-10);
    EXPECT_CLOSE(context_change("probability", with, without, 2), 0, 1e-16);
    // From 1/2, 1/4, 1/4 to 1/3, 1/3, 1/3: the two divergences differ.
    const std::vector<float> even = {1, 1, 1};
    EXPECT_CLOSE(context_change("kl", with, even, 0), std::log(3.0) - 1.5 * ln2, 6.8e-10);
    EXPECT_CLOSE(context_change("reverse_kl", with, even, 0), 5.0 / 3 * ln2 - std::log(3.0), 1.3e-9);
}

}  // namespace
}  // namespace llmx

#include <gtest/gtest.h>

#include "objective/readout.hpp"

namespace llmx::objective {
namespace {

TEST(Readout, SaysOfHowManyTokensATargetIsTheLogProbability) {
    const Target three{{{0, {0, 5, 1}}, {0, {1, 6, 1}}, {0, {2, 5, 1}}}};
    const Target one{{{0, {1, 6, 1}}}};
    const Target contrast{{{0, {0, 5, 1}}, {1, {0, 6, -1}}}};
    const Target weighted{{{0, {0, 5, 0.5}}, {0, {1, 6, 0.5}}}};
    const auto readout = written_readout(Measure::logprob, {three, one, contrast, weighted});
    EXPECT_EQ(readout->log_probability_tokens(0), 3);
    EXPECT_EQ(readout->log_probability_tokens(1), 1);
    EXPECT_EQ(readout->log_probability_tokens(2), 0) << "a difference of two is none";
    EXPECT_EQ(readout->log_probability_tokens(3), 0) << "a mean is none";
    EXPECT_EQ(written_readout(Measure::probability, {one})->log_probability_tokens(0), 0);
    EXPECT_EQ(written_readout(Measure::logit, {one})->log_probability_tokens(0), 0);
}

}  // namespace
}  // namespace llmx::objective

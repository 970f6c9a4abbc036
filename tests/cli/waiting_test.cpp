// Waiting threads spin briefly, unless the environment says otherwise.

#include <gtest/gtest.h>

#include "program.hpp"

namespace llmx::test {
namespace {

/// What libgomp of the program that ends up running says of its spin count.
std::string spin_count(std::map<std::string, std::string> environment) {
    environment["OMP_DISPLAY_ENV"] = "VERBOSE";
    RunOptions options;
    options.environment = std::move(environment);
    options.without = {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"};
    const Outcome run = llmx({"--version"}, options);
    EXPECT_EQ(run.code, 0) << run.err;
    const std::string name = "GOMP_SPINCOUNT = '";
    const auto at = run.err.rfind(name);
    if (at == std::string::npos) return "not told";
    const auto begin = at + name.size();
    return run.err.substr(begin, run.err.find('\'', begin) - begin);
}

TEST(Waiting, IsBriefUnlessTheEnvironmentSaysHow) {
    if (spin_count({{"GOMP_SPINCOUNT", "7"}}) == "not told") GTEST_SKIP() << "another OpenMP than libgomp";
    EXPECT_EQ(spin_count({}), "300");
    EXPECT_EQ(spin_count({{"GOMP_SPINCOUNT", "7"}}), "7");
    EXPECT_EQ(spin_count({{"OMP_WAIT_POLICY", "passive"}}), "0");
}

}  // namespace
}  // namespace llmx::test

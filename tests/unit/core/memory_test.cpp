// What a control group leaves, as containers limit memory.

#include "core/memory.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "explain/estimate.hpp"
#include "support/temporary.hpp"

namespace llmx {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

class Groups : public testing::Test {
protected:
    void put(const fs::path& file, const std::string& text) const {
        fs::create_directories((place / "root" / file).parent_path());
        test::spill(place / "root" / file, text);
    }
    [[nodiscard]] std::uint64_t left(const std::string& memberships) const {
        test::spill(place / "self", memberships);
        return left_in_groups(place / "self", place / "root");
    }
    const test::TemporaryDirectory place;
};

TEST_F(Groups, OfTheSecondVersion) {
    put("a/memory.max", "max\n");
    put("a/memory.current", "500\n");
    EXPECT_EQ(left("0::/a/b\n"), unlimited);
    put("a/b/memory.max", "1000\n");
    put("a/b/memory.current", "700\n");
    put("a/b/memory.stat", "anon 600\ninactive_file 15\nactive_file 25\n");
    EXPECT_EQ(left("0::/a/b\n"), 340U);
    put("a/memory.max", "600\n");
    EXPECT_EQ(left("0::/a/b\n"), 100U) << "the group above has less";
    EXPECT_EQ(left("0::/elsewhere\n"), unlimited);
    put("a:b:c/memory.max", "30\n");
    put("a:b:c/memory.current", "10\n");
    EXPECT_EQ(left("0::/a:b:c\n"), 20U);
    put("memory.max", "50\n");
    put("memory.current", "60\n");
    EXPECT_EQ(left("0::/elsewhere\n"), 0U) << "a container that sees its own group as the top";
}

TEST_F(Groups, OfTheFirstVersion) {
    put("memory/c/memory.limit_in_bytes", "1000\n");
    put("memory/c/memory.usage_in_bytes", "900\n");
    put("memory/c/memory.stat", "inactive_file 1\ntotal_inactive_file 100\ntotal_active_file 200\n");
    EXPECT_EQ(left("5:cpu,cpuacct:/\n4:memory:/c\n0::/\n"), 400U);
    EXPECT_EQ(left("5:cpu,cpuacct:/c\n"), unlimited);
}

TEST(Memory, ABudgetIsAtMostHalfOfWhatIsFree) {
    constexpr std::size_t gigabyte = std::size_t{1} << 30U;
    EXPECT_EQ(fitting_budget(2 * gigabyte, 8 * gigabyte), 2 * gigabyte);
    EXPECT_EQ(fitting_budget(2 * gigabyte, gigabyte), gigabyte / 2);
    EXPECT_EQ(fitting_budget(2 * gigabyte, 1000), gigabyte / 16);
    EXPECT_EQ(fitting_budget(1000, 1000), 1000U);
    EXPECT_EQ(fitting_budget(0, gigabyte), 0U) << "no bound";
    EXPECT_EQ(fitting_budget(gigabyte, 0), gigabyte) << "not known";
}

TEST(Memory, OfThisMachineIsKnown) {
    EXPECT_GT(available_memory(), std::uint64_t{1} << 20U);
    EXPECT_LT(available_memory(), std::uint64_t{1} << 50U);
}

}  // namespace
}  // namespace llmx

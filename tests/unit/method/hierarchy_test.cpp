// The walk down a tree of units, on games whose values are known.

#include "method/game/hierarchy.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>

#include "method/game/tree.hpp"
#include "support/expect_error.hpp"
#include "support/games.hpp"

namespace llmx::method {
namespace {

using Value = std::function<double(const Coalition& there)>;

test::ToyGame game_of(std::size_t units, std::vector<Value> targets) {
    const std::size_t count = targets.size();
    return {units, count, [targets = std::move(targets)](const Coalition& there, std::size_t target) {
                return targets[target](there);
            }};
}

/// Documents of so many sentences.
std::vector<int> documents(std::size_t count, std::size_t sentences) {
    std::vector<int> groups;
    for (std::size_t u = 0; u < count * sentences; ++u) groups.push_back(static_cast<int>(u / sentences));
    return groups;
}

/// The parts of single units, by unit.
std::map<std::size_t, const TreePart*> leaves(const Hierarchy& found, const Tree& tree) {
    std::map<std::size_t, const TreePart*> by_unit;
    for (const TreePart& part : found.parts) {
        const std::vector<std::size_t>& units = tree.nodes[part.node].units;
        if (units.size() == 1) by_unit[units.front()] = &part;
    }
    return by_unit;
}

double sum_of_leaves(const Hierarchy& found) {
    double sum = 0;
    for (const TreePart& part : found.parts) {
        if (part.children.empty()) sum += part.share[0];
    }
    return sum;
}

TEST(Tree, LevelsBecomeNodesAndLongListsAreBundled) {
    const std::vector<std::vector<int>> levels = {documents(3, 4)};
    const Tree tree = tree_of(12, levels, 8);
    ASSERT_EQ(tree.nodes.front().children.size(), 3U);
    for (const std::size_t child : tree.nodes.front().children)
        EXPECT_EQ(tree.nodes[child].children.size(), 4U);
    const Tree flat = tree_of(200, {}, 8);
    std::set<std::size_t> seen;
    for (const Tree::Node& node : flat.nodes) {
        EXPECT_LE(node.children.size(), 8U);
        EXPECT_NE(node.children.size(), 1U);
        if (!node.children.empty()) continue;
        ASSERT_EQ(node.units.size(), 1U);
        seen.insert(node.units.front());
    }
    EXPECT_EQ(seen.size(), 200U);
    EXPECT_EQ(tree_of(1, {}, 8).nodes.size(), 1U);
}

TEST(Hierarchy, OfASumIsTheSumAndOpensWhereItMatters) {
    // of 100 sentences in 10 documents, two matter
    test::ToyGame game =
        game_of(100, {[](const Coalition& there) { return 3.0 * there[37] + 2.0 * there[81]; }});
    const std::vector<std::vector<int>> levels = {documents(10, 10)};
    const Tree tree = tree_of(100, levels, 8);
    const Hierarchy found = walk_down(game, tree, {.key = "runs", .runs = 60, .groups = {0}, .least = 0.1});
    const auto by_unit = leaves(found, tree);
    ASSERT_TRUE(by_unit.contains(37));
    ASSERT_TRUE(by_unit.contains(81));
    EXPECT_DOUBLE_EQ(by_unit.at(37)->share[0], 3.0);
    EXPECT_DOUBLE_EQ(by_unit.at(37)->worth[0], 3.0);
    EXPECT_DOUBLE_EQ(by_unit.at(81)->share[0], 2.0);
    EXPECT_DOUBLE_EQ(sum_of_leaves(found), 5.0);
    EXPECT_LE(found.runs, 60U);
    EXPECT_EQ(found.runs, game.asked.size());
    EXPECT_LT(by_unit.size(), 40U) << "the other documents stay closed";
}

TEST(Hierarchy, FindsTwoThatSayTheSame) {
    // either of two sentences of different documents is enough, so leaving out one changes nothing
    test::ToyGame game =
        game_of(20, {[](const Coalition& there) { return there[3] != 0 || there[16] != 0 ? 4.0 : 0.0; }});
    const std::vector<std::vector<int>> levels = {documents(4, 5)};
    const Tree tree = tree_of(20, levels, 8);
    const Hierarchy found = walk_down(game, tree, {.key = "runs", .runs = 50, .groups = {0}, .least = 0.1});
    const auto by_unit = leaves(found, tree);
    for (const std::size_t unit : {3U, 16U}) {
        ASSERT_TRUE(by_unit.contains(unit)) << unit;
        EXPECT_DOUBLE_EQ(by_unit.at(unit)->share[0], 2.0) << "Shapley's value of two substitutes";
        EXPECT_DOUBLE_EQ(by_unit.at(unit)->worth[0], 4.0);
        EXPECT_EQ(by_unit.at(unit)->context[unit == 3 ? 16 : 3], 0) << "the other is not there";
    }
    EXPECT_DOUBLE_EQ(sum_of_leaves(found), 4.0);
}

TEST(Hierarchy, SharesWhatOnlyTwoTogetherGive) {
    test::ToyGame game = game_of(6, {[](const Coalition& there) { return 4.0 * there[1] * there[4]; }});
    const Tree tree = tree_of(6, {}, 8);
    const Hierarchy found = walk_down(game, tree, {.key = "runs", .runs = 50, .groups = {0}, .least = 0.1});
    const auto by_unit = leaves(found, tree);
    EXPECT_DOUBLE_EQ(by_unit.at(1)->share[0], 2.0);
    EXPECT_DOUBLE_EQ(by_unit.at(4)->share[0], 2.0);
    EXPECT_DOUBLE_EQ(by_unit.at(1)->worth[0], 4.0) << "without it, all is lost";
    EXPECT_FALSE(by_unit.at(1)->is_substitute);
    EXPECT_DOUBLE_EQ(sum_of_leaves(found), 4.0);
}

TEST(Hierarchy, LooksAtTheTargetsOfAGroupTogether) {
    // two tokens of one sentence, each of which loses little
    test::ToyGame game = game_of(16, {[](const Coalition& there) { return 0.4 * there[9]; },
                                      [](const Coalition& there) { return 0.4 * there[9]; },
                                      [](const Coalition& there) { return 9.0 * there[2]; }});
    const std::vector<std::vector<int>> levels = {documents(4, 4)};
    const Tree tree = tree_of(16, levels, 8);
    const auto opened = [&](std::vector<int> groups) {
        const Hierarchy found =
            walk_down(game, tree, {.key = "runs", .runs = 99, .groups = std::move(groups), .least = 0.5});
        return leaves(found, tree).contains(9);
    };
    EXPECT_TRUE(opened({0, 0, 1}));
    EXPECT_FALSE(opened({0, 1, 2}));
    EXPECT_FALSE(opened({-1, -1, 0}));
}

TEST(Hierarchy, SaysWhereTheRunsDoNotLast) {
    test::ToyGame game = game_of(6, {[](const Coalition&) { return 0.0; }});
    const Tree tree = tree_of(6, {}, 8);
    test::expect_error(ErrorCode::usage, {"`runs`", "7 texts", "6 parts", "at least 8"},
                       [&] { walk_down(game, tree, {.key = "runs", .runs = 7, .groups = {0}, .least = 0}); });
}

}  // namespace
}  // namespace llmx::method

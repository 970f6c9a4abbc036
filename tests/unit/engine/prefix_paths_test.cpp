#include "engine/scoring/prefix_paths.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>

namespace llmx {
namespace {

using engine::PassInput;
using engine::PrefixPath;

std::vector<const PassInput*> pointers(const std::vector<PassInput>& texts) {
    std::vector<const PassInput*> all;
    for (const PassInput& text : texts) all.push_back(&text);
    return all;
}

/// What the paths compute, by prefix, and what each text finds on its way; checks the order of branches.
class Walk {
public:
    explicit Walk(const std::vector<PassInput>& texts)
        : results(texts.size()), visits(texts.size(), 0), texts_(texts), root_(paths(texts)) {
        walk(root_, {}, 0);
    }

    std::multiset<Tokens> computed;      // prefixes up to and with the computed token
    std::vector<std::set<int>> results;  // positions that each text finds on its way
    std::vector<int> visits;

private:
    static PrefixPath paths(const std::vector<PassInput>& texts) {
        const auto all = pointers(texts);
        return engine::prefix_paths(all);
    }

    void walk(const PrefixPath& path, std::set<int> found, int depth) {
        const PassInput& text = texts_[path.text];
        ++visits[path.text];
        EXPECT_LE(depth, std::log2(static_cast<double>(texts_.size())));
        std::erase_if(found, [&](int position) { return position >= path.from; });
        for (int i = path.from; i < path.to; ++i)
            computed.insert(Tokens(text.ids.begin(), text.ids.begin() + i + 1));
        for (const int output : path.outputs) {
            EXPECT_GE(output, path.from);
            EXPECT_LT(output, path.to);
            found.insert(output);
        }
        results[path.text] = found;
        int before = path.to;
        for (const PrefixPath& branch : path.branches) {
            EXPECT_LE(branch.from, before);
            EXPECT_GE(branch.from, path.from);
            before = branch.from;
            const Tokens& other = texts_[branch.text].ids;
            EXPECT_TRUE(std::equal(text.ids.begin(), text.ids.begin() + branch.from, other.begin()));
            walk(branch, found, depth + 1);
        }
    }

    const std::vector<PassInput>& texts_;
    PrefixPath root_;
};

void expect_each_prefix_once(const std::vector<PassInput>& texts) {
    const Walk walk(texts);
    std::set<Tokens> prefixes;
    for (std::size_t t = 0; t < texts.size(); ++t) {
        const PassInput& text = texts[t];
        EXPECT_EQ(walk.visits[t], 1);
        for (int i = 0; !text.outputs.empty() && i <= text.outputs.back(); ++i)
            prefixes.insert(Tokens(text.ids.begin(), text.ids.begin() + i + 1));
        for (const int output : text.outputs) EXPECT_TRUE(walk.results[t].contains(output)) << t;
    }
    EXPECT_EQ(walk.computed, std::multiset<Tokens>(prefixes.begin(), prefixes.end()));
    const auto all = pointers(texts);
    EXPECT_EQ(engine::count_tokens(engine::prefix_paths(all)), static_cast<std::int64_t>(prefixes.size()));
}

TEST(PrefixPaths, LeaveOneOutIsTheTextAndWhatComesBehindEachToken) {
    constexpr int prompt = 9;
    constexpr int answer = 4;
    PassInput whole;
    for (int i = 0; i < prompt + answer; ++i) whole.ids.push_back(10 + i);
    for (int i = prompt - 1; i + 1 < prompt + answer; ++i) whole.outputs.push_back(i);
    std::vector<PassInput> texts{whole};
    for (int i = 0; i < prompt; ++i) {
        texts.push_back(whole);
        texts.back().ids[static_cast<std::size_t>(i)] = 5;
    }
    expect_each_prefix_once(texts);
    // the last token predicts nothing
    constexpr int rows = prompt + answer - 1;
    const auto all = pointers(texts);
    EXPECT_EQ(engine::count_tokens(engine::prefix_paths(all)),
              rows + prompt * rows - prompt * (prompt - 1) / 2);
}

TEST(PrefixPaths, EqualTextsAndPrefixesOfOthers) {
    const PassInput longer{.ids = {1, 2, 3, 4}, .outputs = {1, 3}};
    const PassInput shorter{.ids = {1, 2}, .outputs = {0, 1}};
    expect_each_prefix_once({longer, shorter, longer, {.ids = {1, 2, 3, 4}, .outputs = {2}}, shorter});
    expect_each_prefix_once({longer});
    expect_each_prefix_once({shorter, {.ids = {7, 8}, .outputs = {0}}, {.ids = {9}, .outputs = {}}});
}

TEST(PrefixPaths, RandomFamilies) {
    std::mt19937 random(1);
    const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    for (int round = 0; round < 200; ++round) {
        std::vector<PassInput> texts(static_cast<std::size_t>(1 + below(40)));
        const int kinds = 1 + below(3);
        for (PassInput& text : texts) {
            text.ids.resize(static_cast<std::size_t>(1 + below(12)));
            for (Token& id : text.ids) id = below(kinds);
            for (int i = 0; i < static_cast<int>(text.ids.size()); ++i) {
                if (below(3) == 0) text.outputs.push_back(i);
            }
        }
        expect_each_prefix_once(texts);
    }
}

}  // namespace
}  // namespace llmx

// Pairs of question and context, and the windows of a long context.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/expect_error.hpp"
#include "task/extractive/windows.hpp"

namespace llmx::task {
namespace {

using testing::ElementsAre;
using Ids = std::vector<int>;

TEST(Windows, OneWhereTheContextFits) {
    EXPECT_THAT(windows(5, 5, 2), ElementsAre(Window{0, 5}));
    EXPECT_THAT(windows(1, 5, 2), ElementsAre(Window{0, 1}));
}

TEST(Windows, OverlapAndEndWithTheText) {
    EXPECT_THAT(windows(10, 5, 2), ElementsAre(Window{0, 5}, Window{3, 8}, Window{6, 10}));
    EXPECT_THAT(windows(8, 5, 2), ElementsAre(Window{0, 5}, Window{3, 8}));
    EXPECT_THAT(windows(300, 200, 128), ElementsAre(Window{0, 200}, Window{100, 300}));
    EXPECT_THAT(windows(600, 500, 128), ElementsAre(Window{0, 500}, Window{372, 600}));
}

TEST(Windows, LittleRoomStillMovesOn) {
    EXPECT_THAT(windows(3, 1, 128), ElementsAre(Window{0, 1}, Window{1, 2}, Window{2, 3}));
    EXPECT_THAT(windows(5, 3, 128), ElementsAre(Window{0, 3}, Window{2, 5}));
}

TEST(Windows, EveryTokenIsInOne) {
    for (int tokens = 1; tokens < 60; ++tokens) {
        for (int room = 1; room < 20; ++room) {
            const auto all = windows(tokens, room, 7);
            int covered = 0;
            for (const Window& w : all) {
                EXPECT_LE(w.first, covered);
                EXPECT_GT(w.last, covered);
                EXPECT_LE(w.last - w.first, room);
                covered = w.last;
            }
            EXPECT_EQ(covered, tokens);
        }
    }
}

TEST(Pairs, AsBertReadsThem) {
    const PairFormat bert{101, 102, false, true};
    const Pair pair = make_pair(bert, {1, 2}, {5, 6, 7, 8}, {1, 3});
    EXPECT_THAT(pair.ids, ElementsAre(101, 1, 2, 102, 6, 7, 102));
    EXPECT_THAT(pair.types, ElementsAre(0, 0, 0, 0, 1, 1, 1));
    EXPECT_EQ(pair.context, 4);
    EXPECT_EQ(pair.context_tokens, 2);
    EXPECT_EQ(static_cast<int>(pair.ids.size()), 2 + 2 + bert.extra());
}

TEST(Pairs, AsRobertaReadsThem) {
    const PairFormat roberta{0, 2, true, false};
    const Pair pair = make_pair(roberta, {11}, {5, 6}, {0, 2});
    EXPECT_THAT(pair.ids, ElementsAre(0, 11, 2, 2, 5, 6, 2));
    EXPECT_THAT(pair.types, ElementsAre(0, 0, 0, 0, 0, 0, 0));
    EXPECT_EQ(pair.context, 4);
    EXPECT_EQ(static_cast<int>(pair.ids.size()), 1 + 2 + roberta.extra());
}

TEST(Pairs, IdsAreTakenApartAgain) {
    const PairFormat bert{101, 102, false, true};
    const Pair made = make_pair(bert, {1, 2}, {5, 6, 7}, {0, 3});
    for (const Ids& types : {Ids{}, made.types}) {
        const Pair read = read_pair(bert, made.ids, types);
        EXPECT_EQ(read.ids, made.ids);
        EXPECT_EQ(read.types, made.types);
        EXPECT_EQ(read.context, made.context);
        EXPECT_EQ(read.context_tokens, 3);
    }
    const PairFormat roberta{0, 2, true, false};
    const Pair doubled = make_pair(roberta, {11}, {5, 6}, {0, 2});
    EXPECT_EQ(read_pair(roberta, doubled.ids, {}).context, doubled.context);
}

TEST(Pairs, IdsOfAnotherFormAreRefused) {
    const PairFormat bert{101, 102, false, true};
    const auto refused = [&](const Tokens& ids, const Ids& types, const std::string& word) {
        test::expect_error(ErrorCode::input, {"`prompt_ids`", word, "[CLS]"},
                           [&] { (void)read_pair(bert, ids, types); });
    };
    refused({1, 2, 3}, {}, "not a pair");
    refused({101, 1, 2, 102}, {}, "no separator");
    refused({101, 1, 102, 102}, {}, "empty");
    refused({101, 1, 102, 2, 102}, {0, 0, 1}, "3 token types for 5 ids");
    refused({101, 1, 102, 2, 102}, {0, 0, 0, 0, 1}, "do not match");
    const PairFormat roberta{0, 2, true, false};
    test::expect_error(ErrorCode::input, {"one separator"}, [&] {
        (void)read_pair(roberta, {0, 1, 2, 4, 2}, {});
    });
}

}  // namespace
}  // namespace llmx::task

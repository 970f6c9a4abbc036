// What a pass will take is said before it runs, and what does not fit is refused; small budgets keep little.

#include <gtest/gtest.h>

#include <llmx/llmx.hpp>

#include "engine/pass/attention.hpp"
#include "explain/estimate.hpp"
#include "replay/budget.hpp"
#include "replay/gradient.hpp"
#include "support/expect_error.hpp"
#include "support/short_texts.hpp"
#include "support/tiny_text.hpp"

namespace llmx {
namespace {

class MemoryPlan : public testing::Test {
protected:
    MemoryPlan()
        : session_(text_.model, {.tokens = static_cast<int>(text_.ids.size()),
                                 .outputs = static_cast<int>(text_.input().outputs.size())}),
          replay_(session_, text_.input(), std::make_shared<tape::Arena>()),
          gradient_(replay_.graph(), false) {}

    [[nodiscard]] std::uint64_t needed() const {
        return replay_.bytes_in_all() + 3 * replay::largest_need(replay_.graph());
    }

    const test::ShortTexts by_strips_;
    const test::TinyText text_{"llama"};
    engine::Session session_;
    replay::Replay replay_;
    replay::Gradient gradient_;
};

TEST_F(MemoryPlan, IsSaidWhereItTakesOverHalfOfWhatIsFree) {
    replay_.plan(gradient_.needs(), 0);
    std::vector<std::string> notices;
    Request request;
    request.notice = [&](std::string_view sentence) { notices.emplace_back(sentence); };
    require_memory(request, replay_, 0);
    require_memory(request, replay_, 2 * needed());
    EXPECT_TRUE(notices.empty());
    require_memory(request, replay_, 2 * needed() - 1);
    ASSERT_EQ(notices.size(), 1U);
    EXPECT_NE(notices[0].find("tokens need about"), std::string::npos) << notices[0];
    require_memory(request, replay_, needed());
    test::expect_error(ErrorCode::input, {"memory: ", "are free", "smaller `memory_budget`"},
                       [&] { require_memory(request, replay_, needed() - 1); });
}

TEST_F(MemoryPlan, AllIsMoreThanItsPieces) {
    replay_.plan(gradient_.needs(), 0);
    replay::Replay in_pieces = replay_.again();
    in_pieces.plan(gradient_.needs(), replay::largest_need(replay_.graph()));
    EXPECT_GT(in_pieces.pieces(), 2U);
    EXPECT_LT(in_pieces.bytes_in_all(), replay_.bytes_in_all());
    test::expect_error(ErrorCode::input, {"memory: ", "or more memory"},
                       [&] { require_memory(Request{}, in_pieces, 1); });
}

/// With one block to a piece, cut behind its attention, no attention has to be computed or kept again.
TEST_F(MemoryPlan, PiecesBeginWithResultsOfAttention) {
    const tape::Lineage lineage(replay_.graph());
    const std::vector<replay::Piece> pieces =
        replay::cut(replay_.graph(), lineage, gradient_.needs(), replay::largest_need(replay_.graph()), true);
    ASSERT_GT(pieces.size(), 2U);
    for (std::size_t i = 1; i < pieces.size(); ++i) {
        for (const engine::JoinedAttention& joined : engine::find_long_attention(replay_.graph()))
            EXPECT_FALSE(pieces[i].runs[static_cast<std::size_t>(joined.node.order)]) << i;
    }
}

TEST_F(MemoryPlan, APassThatIsMostlyAttentionHasSmallPieces) {
    constexpr std::size_t megabyte = std::size_t{1} << 20U;
    const engine::Graph& graph = replay_.graph();  // a width of 64, and a cache of 256 keys
    EXPECT_EQ(replay::automatic_budget(graph, 5000 * megabyte), 256 * megabyte);
    engine::Graph narrow = graph;
    for (const engine::JoinedAttention& joined : engine::find_long_attention(graph))
        narrow.tensors[static_cast<std::size_t>(joined.node.sources[1])].shape[2] = 1;
    EXPECT_EQ(replay::automatic_budget(narrow, 1000 * megabyte), 1024 * megabyte);
    EXPECT_EQ(replay::automatic_budget(narrow, 5000 * megabyte), 3000 * megabyte);
}

}  // namespace
}  // namespace llmx

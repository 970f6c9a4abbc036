// Who wrote what, when; and shadow memory over windows, in-place writes and partial writes.

#include "tape/lineage.hpp"

#include <gtest/gtest.h>

#include "vjp/gradient_buffers.hpp"
#include "vjp/plan.hpp"

namespace llmx {
namespace {

/// A graph made by hand: `root` < 0 makes a tensor its own root.
struct Builder {
    engine::Graph graph;

    int add(const char* op, Shape shape, std::vector<int> sources, int root = -1, std::int64_t offset = 0) {
        engine::TensorInfo info;
        info.id = static_cast<int>(graph.tensors.size());
        info.op = op;
        info.type = "f32";
        info.shape = shape;
        info.strides = dense_strides(shape);
        info.sources = std::move(sources);
        info.root = root < 0 ? info.id : root;
        info.offset = offset;
        if (info.op != "NONE" || root >= 0) {
            info.order = static_cast<int>(graph.nodes.size());
            graph.nodes.push_back(info.id);
        }
        graph.tensors.push_back(info);
        return info.id;
    }
};

TEST(Lineage, VersionsFollowInPlaceWritesThroughViews) {
    Builder b;
    const int state = b.add("NONE", {1, 1, 4, 2}, {});
    const int a = b.add("SQR", {1, 1, 4, 2}, {state});                // node 0
    const int view = b.add("VIEW", {1, 1, 2, 2}, {a}, a, 4);          // node 1: computes nothing
    const int in_place = b.add("SCALE", {1, 1, 2, 2}, {view}, a, 4);  // node 2: writes a's storage
    b.add("ADD", {1, 1, 4, 2}, {a, state});                           // node 3
    const tape::Lineage lineage(b.graph);
    EXPECT_EQ(lineage.read_by(state, 0), (tape::ValueKey{state, -1}));
    EXPECT_EQ(lineage.read_by(view, 2), (tape::ValueKey{a, 0}));
    EXPECT_EQ(lineage.read_by(a, 3), (tape::ValueKey{a, 2}));
    EXPECT_EQ(lineage.written_by(2), (tape::ValueKey{a, 2}));
    EXPECT_EQ(b.graph.at(in_place).root, a);
}

TEST(GradientBuffers, FreshMemoryIsHandedOutOnceAndWindowsAreCleared) {
    Builder b;
    const int root = b.add("SQR", {1, 1, 3, 2}, {});
    const int window = b.add("VIEW", {1, 1, 1, 2}, {root}, root, 2);
    vjp::GradientBuffers shadow(b.graph);
    EXPECT_FALSE(shadow.reached(window));

    const vjp::Sink whole = shadow.touch(root, true);
    EXPECT_TRUE(whole.fresh);
    for (std::int64_t i = 0; i < 6; ++i) whole.view.data[i] = static_cast<float>(i + 1);
    EXPECT_FALSE(shadow.touch(root, true).fresh);
    EXPECT_TRUE(shadow.reached(window));

    vjp::GradientBuffers::Taken middle = shadow.take(window, true);
    EXPECT_EQ(middle.view.at(0, 0, 0, 0), 3.0F);
    EXPECT_EQ(middle.view.at(0, 0, 0, 1), 4.0F);
    shadow.give_back(std::move(middle));

    vjp::GradientBuffers::Taken all = shadow.take(root, true);
    EXPECT_EQ(std::vector<float>(all.view.data, all.view.data + 6), (std::vector<float>{1, 2, 0, 0, 5, 6}));
    shadow.give_back(std::move(all));
    EXPECT_FALSE(shadow.reached(root));

    // memory that comes back from the pool is cleared where only a part of it is touched
    const vjp::Sink part = shadow.touch(window, true);
    EXPECT_FALSE(part.fresh);
    EXPECT_EQ(part.view.data[0], 0.0F);
    vjp::GradientBuffers::Taken again = shadow.take(root, true);
    EXPECT_EQ(again.view.at(0, 0, 2, 1), 0.0F);
}

/// A constant written over a value in place: what stood there has no influence, so its gradient must be taken
/// away, though no rule carries it on.
TEST(Plan, ConstantsInPlaceEndGradients) {
    Builder b;
    const int table = b.add("NONE", {1, 1, 4, 2}, {});
    const int ids = b.add("NONE", {1, 1, 1, 3}, {});
    const int x = b.add("GET_ROWS", {1, 1, 3, 2}, {table, ids});
    const int a = b.add("SQR", {1, 1, 3, 2}, {x});
    const int elsewhere = b.add("FILL", {1, 1, 3, 2}, {a});
    const int filled = b.add("FILL", {1, 1, 3, 2}, {a}, a);
    const int y = b.add("ADD", {1, 1, 3, 2}, {filled, elsewhere});
    const vjp::Plan plan = vjp::plan(b.graph, std::vector<int>{y}, std::vector<int>{x}, {});
    ASSERT_EQ(plan.steps.size(), 4U);
    EXPECT_EQ(plan.steps[2].node, b.graph.at(filled).order);
    EXPECT_EQ(plan.steps[2].rule, nullptr);
    EXPECT_EQ(plan.steps[3].wanted, 1U);
}

}  // namespace
}  // namespace llmx

// Gradients at many points: side by side they have the bits that one after another gives.

#include <gtest/gtest.h>

#include <llmx/llmx.hpp>

#include "method/path/path.hpp"
#include "method/replay_function.hpp"
#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/golden_file.hpp"
#include "support/measured.hpp"
#include "support/scene.hpp"

namespace llmx {
namespace {

constexpr std::size_t points = 7;

struct LaneText {
    Model model;
    Tokens prompt, answer;

    LaneText(const std::string& family, int threads)
        : model(Model::load(test::data_file(family, "-tiny.gguf"), {.threads = threads})) {
        const test::GoldenFile golden(test::data_file(family, "-tiny.golden.gguf"));
        if (family == "t5") {
            prompt = golden.ids("encoder_ids");
            answer = golden.ids("target_ids");
        } else {
            const Tokens ids = golden.ids("ids");
            prompt = {ids.begin(), ids.begin() + 18};
            answer = {ids.begin() + 18, ids.end()};
        }
    }
};

struct Found {
    std::vector<std::size_t> order;
    std::vector<std::vector<float>> gradients;
};

Found gradients(method::AttributionContext& scene, int layer) {
    method::ReplayFunction function(scene, layer);
    const Tensor start = function.baseline("token", -1);
    Found found;
    function.gradients_at(
        points,
        [&](std::size_t k) {
            return method::between(start, function.input(), (static_cast<double>(k) + 0.5) / points);
        },
        [&](std::size_t k, std::size_t target, const TensorView<const float>& gradient) {
            EXPECT_EQ(target, 0U);
            found.order.push_back(k);
            found.gradients.emplace_back(gradient.data, gradient.data + gradient.elements());
        });
    return found;
}

class Lanes : public testing::TestWithParam<std::string> {};

TEST_P(Lanes, GiveTheBitsOfOneThread) {
    const LaneText alone(GetParam(), 1);
    const LaneText together(GetParam(), 3);
    for (const int layer : {-1, 0}) {
        test::OwnedScene expected(alone.model, alone.prompt, alone.answer, false);
        test::OwnedScene found(together.model, together.prompt, together.answer, false);
        int ticks = 0;
        found.scene.tick = [&](double) { ++ticks; };
        const Found one = gradients(expected.scene, layer);
        const Found three = gradients(found.scene, layer);
        EXPECT_EQ(three.order, (std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6}));
        EXPECT_EQ(three.gradients, one.gradients) << "layer " << layer;
        EXPECT_NE(one.gradients.front(), one.gradients.back());
        EXPECT_EQ(ticks, static_cast<int>(points));
    }
}

TEST_P(Lanes, KeepToTheMemoryBudget) {
    const LaneText text(GetParam(), 3);
    test::OwnedScene own(text.model, text.prompt, text.answer, false);
    const Found expected = gradients(own.scene, -1);
    own.scene.memory_budget = 1;
    EXPECT_THROW(gradients(own.scene, -1), Error) << "not even one node's needs";
    own.scene.memory_budget = std::size_t{256} << 10;
    const Found found = gradients(own.scene, -1);
    ASSERT_EQ(found.order, expected.order);
    for (std::size_t k = 0; k < points; ++k)
        EXPECT_MEASURED(test::relative_l2(found.gradients[k], expected.gradients[k]), 3.3e-6)
            << "point " << k;
}

TEST_P(Lanes, EndWhereTheCallerWishesAndGoOnAfterwards) {
    const LaneText text(GetParam(), 2);
    test::OwnedScene own(text.model, text.prompt, text.answer, false);
    const Found expected = gradients(own.scene, -1);
    int ticks = 0;
    own.scene.tick = [&](double) {
        if (++ticks == 3) throw Error(ErrorCode::cancelled, "enough");
    };
    test::expect_error(ErrorCode::cancelled, {"enough"}, [&] { gradients(own.scene, -1); });
    EXPECT_EQ(ticks, 3);
    own.scene.tick = [](double) {};
    EXPECT_EQ(gradients(own.scene, -1).gradients, expected.gradients);
}

INSTANTIATE_TEST_SUITE_P(Families, Lanes, testing::Values("llama", "gemma3", "t5"),
                         [](const auto& family) { return family.param; });

}  // namespace
}  // namespace llmx

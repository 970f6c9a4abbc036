// Gradients of a pass whose residual stream is put in after a block: against central differences of such
// passes, and against the gradients that one reverse pass from the embeddings leaves there.

#include <gtest/gtest.h>

#include <cmath>
#include <llmx/llmx.hpp>
#include <numeric>

#include "core/random.hpp"
#include "method/definition.hpp"
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

struct LayerText {
    Model model;
    Tokens prompt, answer;
};

LayerText text_of(const std::string& family) {
    const Model model = Model::load(test::data_file(family, "-tiny.gguf"));
    const test::GoldenFile golden(test::data_file(family, "-tiny.golden.gguf"));
    if (family == "t5") return {model, golden.ids("encoder_ids"), golden.ids("target_ids")};
    const Tokens ids = golden.ids("ids");
    return {model, {ids.begin(), ids.begin() + 18}, {ids.begin() + 18, ids.end()}};
}

Tensor gradient_at(method::Function& function, const Tensor& x) {
    Tensor gradient;
    function.gradients(x, [&](std::size_t, const TensorView<const float>& g) {
        gradient = {function.input().shape, {g.data, g.data + g.elements()}};
    });
    return gradient;
}

/// The derivative along a random direction, by central differences, over the gradient's. A step changes f by
/// about `change`: far more than float32 rounds it, far less than it bends.
double relative_error(method::Function& function, const Tensor& x, std::uint64_t seed, double change) {
    const Tensor gradient = gradient_at(function, x);
    double length = 0;
    for (const float g : gradient.values) length += static_cast<double>(g) * g;
    length = std::sqrt(length);
    // Half of the direction is the gradient's: a random one alone is nearly orthogonal to it.
    Random random(seed);
    Tensor direction = x;
    const double spread = 1 / std::sqrt(static_cast<double>(x.values.size()));
    double expected = 0;
    for (std::size_t i = 0; i < x.values.size(); ++i) {
        direction.values[i] = static_cast<float>(gradient.values[i] / length + spread * random.normal());
        expected += static_cast<double>(direction.values[i]) * gradient.values[i];
    }
    const auto at = [&](double h) {
        Tensor moved = x;
        for (std::size_t i = 0; i < x.values.size(); ++i)
            moved.values[i] += static_cast<float>(h) * direction.values[i];
        return function.values(moved)[0];
    };
    const double h = change / std::abs(expected);
    const double slope = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
    return std::abs(slope - expected) / std::abs(expected);
}

class LayerGradient : public testing::TestWithParam<std::string> {};

TEST_P(LayerGradient, IsTheDerivativeOfAPassWithAnotherResidualStream) {
    const LayerText text = text_of(GetParam());
    // ggml's GELU is a float16 table, f a staircase in small steps; T5's ReLUs bend f within short ones.
    const bool gelu = GetParam() == "gemma3" || GetParam() == "gpt2";
    const bool relu = GetParam() == "t5";
    const double change = gelu ? 0.3 : relu ? 0.003 : 0.03;
    const double measured = gelu ? 4.4e-3 : relu ? 5.6e-2 : 1.9e-5;
    for (const int micro_batch : {0, 7}) {
        if (micro_batch > 0 && GetParam() == "t5") continue;
        test::OwnedScene own(text.model, text.prompt, text.answer, false, Measure::logprob, micro_batch);
        for (const int layer : {-1, 0, 1}) {
            if (layer > text.model.facts().blocks - 2) continue;
            method::ReplayFunction function(own.scene, layer);
            const Tensor baseline = function.baseline("zero", -1);
            Tensor between = function.input();
            for (std::size_t i = 0; i < between.values.size(); ++i)
                between.values[i] = 0.75F * between.values[i] + 0.25F * baseline.values[i];
            const double error = std::max(relative_error(function, function.input(), 1, change),
                                          relative_error(function, between, 2, change));
            EXPECT_MEASURED(error, measured) << "layer " << layer << ", micro-batches of " << micro_batch;
        }
    }
}

TEST_P(LayerGradient, AgreesWithTheReversePassFromTheEmbeddings) {
    const LayerText text = text_of(GetParam());
    if (GetParam() == "t5") GTEST_SKIP() << "encoder and decoder share the names of their blocks";
    test::OwnedScene own(text.model, text.prompt, text.answer, false);
    replay::Replay replay(own.session, own.scene.texts.front(), own.scene.arena);
    const replay::Gradient gradient(replay.graph(), true);
    replay.plan(gradient.needs(), 0);
    vjp::Weights weights;
    const auto whole = gradient.whole(
        replay, [&](const Tensor& results) { return own.scene.readout->seed(0, 0, results); }, weights, 2);
    for (int layer = 0; layer < text.model.facts().blocks - 1; ++layer) {
        method::ReplayFunction function(own.scene, layer);
        const Tensor found = gradient_at(function, function.input());
        const auto& all = whole.residual.at(layer).values;
        const std::vector<float> expected(all.begin(),
                                          all.begin() + static_cast<std::ptrdiff_t>(found.values.size()));
        EXPECT_MEASURED(test::relative_l2(found.values, expected), 6e-8) << "layer " << layer;
    }
}

TEST_P(LayerGradient, AtTheInputChangesNothing) {
    const LayerText text = text_of(GetParam());
    test::OwnedScene own(text.model, text.prompt, text.answer, true);
    method::ReplayFunction plain(own.scene);
    const std::vector<double> expected = plain.values(plain.input());
    method::ReplayFunction function(own.scene, 0);
    EXPECT_EQ(function.values(function.input()), expected);
    Tensor moved = function.input();
    for (float& x : moved.values) x += 0.1F;
    EXPECT_NE(function.values(moved), expected);
    EXPECT_EQ(function.values(function.input()), expected) << "nothing stays of the pass before";
}

TEST_P(LayerGradient, IntegratedGradientsAreComplete) {
    const LayerText text = text_of(GetParam());
    if (GetParam() == "t5") GTEST_SKIP() << "too rough for 100 steps: see T5Path";
    for (const int layer : {-1, 0}) {
        for (const bool each : {false, true}) {
            test::OwnedScene own(text.model, text.prompt, text.answer, each);
            own.scene.fixed[0] = true;
            method::ReplayFunction function(own.scene, layer);
            const method::Definition& definition = method::definition("integrated_gradients");
            const method::Scores found =
                definition.differentiate(function, method::Options(definition.name, definition.options,
                                                                   {{"steps", "100"}, {"baseline", "mean"}}));
            for (std::size_t t = 0; t < function.targets(); ++t) {
                const Completeness& c = found.completeness[t];
                EXPECT_MEASURED(std::abs(c.residual) / (std::abs(c.f_input - c.f_baseline) + 0.1), 5e-3)
                    << "layer " << layer << ", target " << t;
                EXPECT_EQ(found.scores.row(t)[0], 0) << "fixed";
            }
        }
    }
}

/// Along a whole path tiny T5's attention, which is not scaled, makes f so rough that thousands of steps are
/// too few; over a short way the integral of the gradient is the difference of f all the same.
TEST(T5Path, GradientIntegratesToTheDifferenceOfF) {
    const LayerText text = text_of("t5");
    test::OwnedScene own(text.model, text.prompt, text.answer, false);
    for (const int layer : {-1, 0}) {
        method::ReplayFunction function(own.scene, layer);
        const Tensor start = method::between(function.baseline("token", -1), function.input(), 0.99);
        const auto nodes = method::path_nodes("midpoint", 1000);
        std::vector<double> sums(own.scene.fixed.size());
        function.gradients_at(
            nodes.size(),
            [&](std::size_t k) { return method::between(start, function.input(), nodes[k].at); },
            [&](std::size_t k, std::size_t, const TensorView<const float>& gradient) {
                method::add_products(start, function.input(), gradient, own.scene.fixed, nodes[k].weight,
                                     sums);
            });
        const double difference = function.values(function.input())[0] - function.values(start)[0];
        EXPECT_GT(std::abs(difference), 0.01);
        EXPECT_CLOSE(std::accumulate(sums.begin(), sums.end(), 0.0) / difference, 1, 8e-4)
            << "layer " << layer;
    }
}

INSTANTIATE_TEST_SUITE_P(Families, LayerGradient, testing::Values("llama", "qwen3", "gemma3", "gpt2", "t5"),
                         [](const auto& family) { return family.param; });

TEST(Layer, RefusesBlocksThatGiveNoValueForEveryToken) {
    const LayerText text = text_of("llama");
    test::OwnedScene own(text.model, text.prompt, text.answer, false);
    const int last = text.model.facts().blocks - 1;
    for (const int layer : {last, last + 1, 1000}) {
        test::expect_error(ErrorCode::usage,
                           {"`layer`: got " + std::to_string(layer), "0 to " + std::to_string(last - 1)},
                           [&] { method::ReplayFunction(own.scene, layer); });
    }
}

}  // namespace
}  // namespace llmx

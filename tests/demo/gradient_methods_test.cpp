// Integrated gradients of the chat example against PyTorch's.

#include <gtest/gtest.h>

#include <iostream>
#include <numeric>

#include "demo/chat.hpp"
#include "method/replay_function.hpp"
#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/measured.hpp"
#include "support/scene.hpp"

namespace llmx {
namespace {

class GradientMethodsDemo : public testing::Test {
protected:
    const test::GoldenFile reference{test::data_file("smollm2-chat.reference.gguf")};
    const test::GoldenFile torch{test::data_file("smollm2-chat.torch.gguf")};
    const Model model = Model::load(test::float32_file());
};

TEST_F(GradientMethodsDemo, IntegratedGradientsAreThoseOfPyTorch) {
    Request request = test::chat_request(reference);
    request.labels.clear();
    const Method method("integrated_gradients",
                        {{"steps", "32"}, {"rule", "midpoint"}, {"baseline", "zero"}});
    const Explanation result = Explainer(model, {method}).compute(request);
    const Attribution& found = result.attributions.at(0);
    const double error =
        test::relative_l2(found.scores.values, torch.floats("integrated_gradients_midpoint32_zero"));
    std::cout << "  integrated_gradients_midpoint32_zero, relative L2: " << error << '\n';
    EXPECT_MEASURED(error, 2e-3);

    const auto sum = [&](const char* name) {
        const auto values = torch.floats(name);
        return std::accumulate(values.begin(), values.end(), 0.0);
    };
    const Completeness& c = found.completeness.at(0);
    EXPECT_CLOSE(c.f_input / sum("f_input"), 1, 1e-3);
    EXPECT_CLOSE(c.f_baseline / sum("f_baseline"), 1, 1.01e-3);
    const double scores = std::accumulate(found.scores.values.begin(), found.scores.values.end(), 0.0);
    EXPECT_CLOSE(c.residual, scores - (c.f_input - c.f_baseline), 1e-3);
    std::cout << "  completeness residual: " << c.residual << " of " << c.f_input - c.f_baseline << '\n';
}

TEST_F(GradientMethodsDemo, EveryTargetIsThatOfPyTorchAtBothEnds) {
    const Request request = test::chat_request(reference);
    test::OwnedScene own(model, request.input_ids, request.output.ids, true);
    method::ReplayFunction function(own.scene);
    const auto error = [&](const std::vector<double>& values, const char* name) {
        return test::relative_l2(std::vector<float>(values.begin(), values.end()), torch.floats(name));
    };
    EXPECT_MEASURED(error(function.values(function.input()), "f_input"), 1e-3);
    EXPECT_MEASURED(error(function.values(function.baseline("zero", -1)), "f_baseline"), 1e-3);
}

}  // namespace
}  // namespace llmx

// How far a quantised model's scores may be off: measured, and of the size that it is.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <llmx/llmx.hpp>

#include "engine/pass/pass.hpp"
#include "objective/objective.hpp"
#include "support/data.hpp"
#include "support/golden_file.hpp"
#include "support/temporary.hpp"

namespace llmx {
namespace {

class Noise : public testing::Test {
protected:
    const test::GoldenFile golden{test::data_file("llama-tiny.golden.gguf")};

    [[nodiscard]] Request request() const {
        const Tokens ids = golden.ids("ids");
        Request request;
        request.input_ids.assign(ids.begin(), ids.begin() + 18);
        request.output.ids.assign(ids.begin() + 18, ids.end());
        return request;
    }
    [[nodiscard]] static Attribution left_out(const Model& model, const Request& request) {
        return Explainer(model, {{"leave_one_out", {{"baseline_token", "0"}}}})
            .compute(request)
            .attributions[0];
    }
    /// The sum of the answer's log-probabilities, by a pass of this text alone.
    [[nodiscard]] static double alone(const Model& model, Tokens text, const Tokens& answer) {
        engine::PassInput input;
        for (std::size_t t = 0; t < answer.size(); ++t)
            input.outputs.push_back(static_cast<int>(text.size() + t) - 1);
        text.insert(text.end(), answer.begin(), answer.end());
        input.ids = text;
        const auto size = static_cast<int>(text.size());
        engine::Session session(model, {.tokens = size, .outputs = size});
        session.run(input);
        const Tensor rows = session.results();
        double sum = 0;
        for (std::size_t t = 0; t < answer.size(); ++t)
            sum += objective::log_probability(rows.row(t), answer[t]);
        return sum;
    }
};

/// Whether a score comes out differently depends on single roundings to 8 bits, so the largest differences of
/// several types and texts are compared: how far scores are off from those of each text alone, and the noise.
TEST_F(Noise, OfAQuantisedModelIsWhatScoresAreOffBy) {
    double noise = 0, worst = 0, largest = 0;
    for (const char* type : {"Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q4_K_M"}) {
        const test::TemporaryDirectory folder;
        const auto file = std::filesystem::path(folder / "coarse.gguf");
        quantize(test::data_file("llama-tiny.gguf"), file, type);
        const Model model = Model::load(file);
        for (int text = 0; text < 6; ++text) {
            Request asked = request();
            std::rotate(asked.input_ids.begin(), asked.input_ids.begin() + 3 * text, asked.input_ids.end());
            const Attribution found = left_out(model, asked);
            noise = std::max(noise, found.noise.value_or(0));
            const double whole = alone(model, asked.input_ids, asked.output.ids);
            for (std::size_t u = 0; u < found.units.size(); ++u) {
                Tokens without = asked.input_ids;
                without[u] = 0;
                const double score = whole - alone(model, without, asked.output.ids);
                worst = std::max(worst, std::abs(score - static_cast<double>(found.scores.values[u])));
                largest = std::max(largest, std::abs(score));
            }
        }
    }
    std::cout << "noise " << noise << ", scores off by " << worst << " of " << largest << '\n';
    EXPECT_GT(noise, 0) << "nothing is rounded differently";
    EXPECT_LT(worst, 3 * noise);
    EXPECT_LT(noise, largest) << "or no score says anything";
}

TEST_F(Noise, OfAFloat32ModelIsNone) {
    EXPECT_FALSE(left_out(Model::load(test::data_file("llama-tiny.gguf")), request()).noise);
}

}  // namespace
}  // namespace llmx

// What cannot have a result is refused before anything is run: no answer is written for it.

#include <gtest/gtest.h>

#include <llmx/llmx.hpp>

#include "method/definition.hpp"
#include "request/json.hpp"
#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/games.hpp"

namespace llmx {
namespace {

using test::expect_error;

/// Notes whether any stage has begun.
class Watched : public Activity {
public:
    Progress progress() override {
        return [this](std::string_view stage, double) {
            stages += std::string(stage) + " ";
            return true;
        };
    }
    void stream(std::string_view text) override { stages += "text:" + std::string(text); }
    std::string stages;
};

void refused(const char* model, const std::string& request, ErrorCode code,
             std::initializer_list<std::string> words) {
    SCOPED_TRACE(request);
    Watched activity;
    expect_error(code, words, [&] {
        (void)explain(Model::load(test::data_file(model), {.threads = 1}), request_from_json(request),
                      activity);
    });
    EXPECT_EQ(activity.stages, "");
}

/// Of a decoder, without an answer: `more` are further keys.
void refused(const std::string& more, ErrorCode code, std::initializer_list<std::string> words) {
    refused("llama-tiny.gguf",
            R"({"max_new_tokens": 4, "prompt":
            "The shop is open every day from nine in the morning to five in the afternoon, or so they say", )" +
                more + "}",
            code, words);
}

TEST(Feasible, RefusalsComeBeforeWork) {
    refused(R"("method": ["kernel_shap:samples=15"])", ErrorCode::usage,
            {"kernel_shap", "`samples`", "got 15", "or 0"});
    refused(R"("method": ["shapley:exact=yes"])", ErrorCode::usage, {"shapley", "`exact`", "at most 20"});
    refused(R"("method": ["shapley_interactions"])", ErrorCode::usage,
            {"shapley_interactions", "at most 16", "`hold`"});
    refused(R"("method": ["occlusion:window=2:stride=3"])", ErrorCode::usage, {"occlusion", "`stride`"});
    refused(R"("method": ["integrated_gradients:rule=trapezoid:steps=1"])", ErrorCode::usage,
            {"`steps`", "trapezoid", "2 or more"});
    refused(R"("method": ["context_reliance"])", ErrorCode::usage, {"context_reliance", "`context_span`"});
    refused(R"("method": ["saliency"], "measure": "kl")", ErrorCode::usage, {"kl", "`context_span`"});
    refused(R"("method": ["saliency"], "context_span": "zebra")", ErrorCode::input, {"zebra"});
    refused(R"("method": ["saliency"], "rationale": ["open", "zebra"])", ErrorCode::input,
            {"`rationale`", "zebra"});
    refused(R"("method": ["attention"], "rationale": [[2, 2000]])", ErrorCode::input,
            {"`rationale`", "2:2000"});
    refused(R"("method": ["saliency"], "infidelity": 1)", ErrorCode::usage, {"`infidelity`", "got 1"});
    refused(R"("method": ["integrated_gradients:steps=10000"], "sensitivity": 1000)", ErrorCode::usage,
            {"`sensitivity`", "runs of the model"});
    refused(R"("method": ["leave_one_out:baseline_token=99999999"])", ErrorCode::input, {"99999999"});
    refused(R"("method": ["integrated_gradients:baseline_token=99999999"])", ErrorCode::input, {"99999999"});
    refused(R"("method": ["saliency"], "check": true, "seeds": 1)", ErrorCode::usage, {"`seeds`"});
    refused(R"("method": ["saliency"], "contrast": " no", "per_token": true)", ErrorCode::usage,
            {"`contrast`", "`per_token`"});
    for (const char* method : {"attention_weights", "attention_rollout", "attention_flow", "value_norm",
                               "attention_x_gradient", "value_zeroing"}) {
        refused(R"("contrast": " no", "method": [")" + std::string(method) + "\"]", ErrorCode::usage,
                {method, "`contrast`"});
    }
    refused(R"("method": ["saliency"], "unit": "turn")", ErrorCode::usage, {"turn"});
}

TEST(Feasible, EncodersRefuseBeforeTheyReadTheirWindows) {
    const std::string pair = R"({"question": "who?", "context": "a man", )";
    refused("bertqa-tiny.gguf", pair + R"("method": ["leave_one_out:baseline=deletion"]})",
            ErrorCode::unsupported, {"deletion", "encoder"});
    refused("bertqa-tiny.gguf", pair + R"("method": ["saliency"], "measure": "entropy"})", ErrorCode::usage,
            {"`measure`"});
    refused("bertqa-tiny.gguf", pair + R"("method": ["context_reliance"]})", ErrorCode::unsupported,
            {"context_reliance", "encoder"});
}

// 2048 + 2n would be under the 4n that the fit wants from 1,025 units on.
TEST(Feasible, KernelShapsDefaultServesAnyNumberOfUnits) {
    const method::Options options = test::options_of("kernel_shap");
    for (const std::size_t n : {13, 100, 1024, 1025, 5000, 30000}) {
        const auto units = static_cast<double>(n);
        const double planned = method::definition("kernel_shap").evaluations({.units = n}, options);
        EXPECT_LE(planned, 2 + std::max(2048 + 2 * units, 4 * units));
        EXPECT_GE(planned, 2 + std::max(2048 + 2 * units, 4 * units) - 1) << "pairs are whole";
    }
}

TEST(Feasible, KernelShapFindsTheWeightsOfManyUnits) {
    const auto weights = test::random_weights(1, 1030, 7);
    test::ToyGame game = test::linear_game(weights, 0.5);
    const method::Scores found = test::play("kernel_shap", game);
    double worst = 0;
    for (std::size_t u = 0; u < 1030; ++u)
        worst = std::max(worst, std::abs(found.scores.row(0)[u] - weights[0][u]));
    EXPECT_LE(worst, 1.8e-7);  // what a float holds of them
}

}  // namespace
}  // namespace llmx

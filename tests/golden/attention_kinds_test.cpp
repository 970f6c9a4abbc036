// The attention family on models that are not decoders, and what is asked of each method whatever the model.

#include <gtest/gtest.h>

#include <llmx/llmx.hpp>

#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/layered_attention.hpp"
#include "support/measured.hpp"

namespace llmx {
namespace {

using test::Matrix;

constexpr const char* methods[] = {"attention_weights",    "attention_rollout", "attention_flow",
                                   "attention_x_gradient", "value_norm",        "value_zeroing"};

Attribution run(const Model& model, const Method& method, const Request& request) {
    return Explainer(model, {method}).compute(request).attributions.at(0);
}

class AttentionOfT5 : public testing::Test {
protected:
    const test::GoldenFile golden{test::data_file("t5-tiny.golden.gguf")};
    const test::GoldenFile reference{test::data_file("attention.golden.gguf")};
    const Model model = Model::load(test::data_file("t5-tiny.gguf"));
    const Tokens source = golden.ids("encoder_ids");
    const Tokens targets = golden.ids("target_ids");
    const std::size_t rows = source.size() + targets.size();

    [[nodiscard]] Tensor scores(const Method& method, int micro_batch = 0) const {
        Request request;
        request.task = Task::translation;
        request.input_ids = source;
        request.output.ids = targets;
        request.target = {.each = true, .all_sources = true};
        request.micro_batch = micro_batch;
        return run(model, method, request).scores;
    }
    /// Encoder blocks, then self and cross attention of each decoder block; the identity elsewhere.
    [[nodiscard]] std::vector<Matrix> layers() const {
        const std::size_t s = source.size();
        const std::size_t t = targets.size();
        const auto place = [&](const char* kind, int block, std::size_t q, std::size_t k, std::size_t at,
                               std::size_t key) {
            return test::with_residual(
                test::mean_of_heads(golden.floats(kind + std::string("_attention.") + std::to_string(block)),
                                    q, k, rows, at, key));
        };
        std::vector<Matrix> all;
        for (int b = 0; golden.has("encoder_attention." + std::to_string(b)); ++b)
            all.push_back(place("encoder", b, s, s, 0, 0));
        for (int b = 0; golden.has("cross_attention." + std::to_string(b)); ++b) {
            all.push_back(place("decoder", b, t, t, s, s));
            all.push_back(place("cross", b, t, s, s, 0));
        }
        return all;
    }
    void expect_close(const Tensor& ours, const std::vector<float>& truth, const char* what,
                      double measured) const {
        const double error = test::relative_l2(ours.values, truth);
        std::cout << "t5: " << what << ' ' << error << '\n';
        EXPECT_MEASURED(error, measured);
    }
    [[nodiscard]] std::vector<float> text_rows(const Matrix& matrix) const {
        std::vector<float> all;
        for (std::size_t r = source.size(); r < rows; ++r)
            for (const double x : matrix[r]) all.push_back(static_cast<float>(x));
        return all;
    }
};

TEST_F(AttentionOfT5, WeightsAreCrossAttentionAtTheSourceAndItsOwnAtTheText) {
    Matrix truth(rows, std::vector<double>(rows, 0.0));
    const std::size_t s = source.size();
    const std::size_t t = targets.size();
    double blocks = 0;
    while (golden.has("cross_attention." + std::to_string(static_cast<int>(blocks)))) ++blocks;
    for (int b = 0; b < static_cast<int>(blocks); ++b) {
        const Matrix self =
            test::mean_of_heads(golden.floats("decoder_attention." + std::to_string(b)), t, t, rows, s, s);
        const Matrix cross =
            test::mean_of_heads(golden.floats("cross_attention." + std::to_string(b)), t, s, rows, s, 0);
        for (std::size_t q = s; q < rows; ++q)
            for (std::size_t k = 0; k < rows; ++k) truth[q][k] += (k < s ? cross : self)[q][k] / blocks;
    }
    expect_close(scores("attention_weights"), text_rows(truth), "weights", 8.3e-6);
}

TEST_F(AttentionOfT5, RolloutThroughEncoderAndDecoder) {
    const auto truth = text_rows(test::rollout(layers()));
    expect_close(scores("attention_rollout"), truth, "rollout", 5.5e-6);
    expect_close(scores("attention_rollout", 2), truth, "rollout in micro-batches", 5.5e-6);
}

TEST_F(AttentionOfT5, FlowThroughEncoderAndDecoder) {
    const Tensor ours = scores("attention_flow");
    std::vector<float> truth;
    for (std::size_t to = 0; to < rows; ++to)
        truth.push_back(static_cast<float>(test::maximum_flow(layers(), rows - 1, to)));
    const auto last = ours.row(targets.size() - 1);
    expect_close({{1, ours.shape[1]}, {last.begin(), last.end()}}, truth, "flow", 1.3e-6);
}

/// The reference's attention times gradient has normalised rows.
Method method_of(const std::string& name) {
    if (name != "attention_x_gradient") return name;
    return {name, {{"propagation", "normalised"}}};
}

TEST_F(AttentionOfT5, AgainstPyTorch) {
    for (const auto& [method, measured] :
         {std::pair{"attention_x_gradient", 3.7e-5}, std::pair{"value_norm", 8.4e-6},
          std::pair{"value_zeroing", 7.3e-6}})
        expect_close(scores(method_of(method)), reference.floats(std::string("t5.") + method), method,
                     measured);
}

/// An encoder's scores are those of the rows of the span that it finds.
TEST(AttentionOfBert, RolloutOfTheSpansRows) {
    const test::GoldenFile golden(test::data_file("bertqa-tiny.golden.gguf"));
    const Model model = Model::load(test::data_file("bertqa-tiny"));
    Request request;
    request.task = Task::question_answering;
    request.pair.question = golden.text("golden.question");
    request.pair.context = golden.text("golden.context");
    Explainer explainer(model, {"attention_rollout", "value_zeroing"});
    const Explanation result = explainer.compute(request);
    const std::size_t rows = golden.ids("ids").size();
    std::vector<Matrix> layers;
    for (int b = 0; golden.has("attention." + std::to_string(b)); ++b)
        layers.push_back(test::with_residual(
            test::mean_of_heads(golden.floats("attention." + std::to_string(b)), rows, rows, rows)));
    const Matrix all = test::rollout(layers);
    const auto first = static_cast<std::size_t>(result.span->start_token);
    const auto last = static_cast<std::size_t>(result.span->end_token);
    std::vector<float> truth(rows, 0.0F);
    for (std::size_t r = first; r <= last; ++r)
        for (std::size_t k = 0; k < rows; ++k)
            truth[k] += static_cast<float>(all[r][k] / static_cast<double>(last - first + 1));
    const double error = test::relative_l2(result.attributions[0].scores.values, truth);
    std::cout << "bertqa: rollout " << error << '\n';
    EXPECT_MEASURED(error, 6.2e-6);  // GELU from a float16 table
    double sum = 0;
    for (const float c : result.attributions[1].scores.values) sum += c;
    EXPECT_CLOSE(sum, 1, 6e-8);
}

class EveryAttentionMethod : public testing::TestWithParam<const char*> {
protected:
    const Model model = Model::load(test::data_file("llama-tiny.gguf"));
    [[nodiscard]] Request request() const {
        Request request;
        request.input_ids = {1, 5, 9, 13, 17, 21};
        request.output.ids = {25, 29, 33};
        return request;
    }
};

TEST_P(EveryAttentionMethod, IsPositiveAndOfTheRightShape) {
    Request asked = request();
    asked.target.each = true;
    const Attribution prompt_only = run(model, GetParam(), asked);
    EXPECT_EQ(prompt_only.scores.shape, (std::vector<std::int64_t>{3, 6}));
    EXPECT_FALSE(prompt_only.is_signed);
    asked.target.all_sources = true;
    const Attribution all = run(model, GetParam(), asked);
    EXPECT_EQ(all.scores.shape, (std::vector<std::int64_t>{3, 9}));
    for (std::size_t t = 0; t < 3; ++t) {
        for (std::size_t k = 0; k < 9; ++k) {
            const float score = all.scores.row(t)[k];
            EXPECT_GE(score, 0) << t << ' ' << k;
            if (k > t + 5) {
                EXPECT_EQ(score, 0) << "a token that is not read yet";
            }
            if (k < 6) {
                EXPECT_EQ(score, prompt_only.scores.row(t)[k]);
            }
        }
    }
}

/// Through all blocks everything that a row is made of comes from some token.
TEST_P(EveryAttentionMethod, RolloutsSumToOne) {
    const std::string name = GetParam();
    if (name == "attention_flow" || name == "value_norm") return;  // no shares of a whole
    Request asked = request();
    asked.target = {.each = true, .all_sources = true};
    // The paper's additive form grows with every layer.
    const Method method =
        name == "attention_x_gradient" ? Method{name, {{"propagation", "normalised"}}} : Method{name};
    const Tensor scores = run(model, method, asked).scores;
    for (std::size_t t = 0; t < 3; ++t) {
        double sum = 0;
        for (const float s : scores.row(t)) sum += s;
        EXPECT_CLOSE(sum, 1, 6e-8) << t;
    }
}

TEST_P(EveryAttentionMethod, RefusesContrastsAndOptionsThatItDoesNotHave) {
    Request asked = request();
    asked.target.contrast = {26, 30};
    test::expect_error(ErrorCode::usage, {"contrast"}, [&] { run(model, GetParam(), asked); });
    test::expect_error(ErrorCode::usage, {"steps"}, [&] {
        run(model, {GetParam(), {{"steps", "3"}}}, request());
    });
}

TEST_P(EveryAttentionMethod, IsStoppedByItsCaller) {
    Request asked = request();
    asked.progress = [&](std::string_view stage, double) { return stage != GetParam(); };
    test::expect_error(ErrorCode::cancelled, {"cancelled"}, [&] { run(model, GetParam(), asked); });
}

INSTANTIATE_TEST_SUITE_P(Methods, EveryAttentionMethod, testing::ValuesIn(methods),
                         [](const auto& method) { return std::string(method.param); });

TEST(AttentionMethodErrors, BlocksAndHeadsThatAreNotThere) {
    const Model model = Model::load(test::data_file("llama-tiny.gguf"));
    Request request;
    request.input_ids = {1, 5, 9};
    request.output.ids = {25};
    for (const char* method : {"attention_weights", "value_norm", "value_zeroing"}) {
        test::expect_error(ErrorCode::usage, {"`layer`: got 99"}, [&] {
            run(model, {method, {{"layer", "99"}}}, request);
        });
    }
    test::expect_error(ErrorCode::usage, {"`head`: got 99"}, [&] {
        run(model, {"attention_weights", {{"head", "99"}}}, request);
    });
    request.memory_budget = 1 << 10;
    test::expect_error(ErrorCode::input, {"`memory_budget`"}, [&] { run(model, "value_zeroing", request); });
}

}  // namespace
}  // namespace llmx

// The original toolbox's own output on a tiny llama without grouped queries (definitions section 1).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <llmx/llmx.hpp>

#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/golden_file.hpp"
#include "support/measured.hpp"

namespace llmx {
namespace {

class Original : public testing::Test {
protected:
    const std::string stem = test::data_file("llamamha-tiny");
    const test::GoldenFile reference{stem + ".reference.gguf"};
    const Model model = Model::load(stem + ".gguf");

    [[nodiscard]] Request request() const {
        Request request;
        request.input_ids = reference.ids("prompt_ids");
        const Tokens sequence = reference.ids("sequence_ids");
        request.output.ids.assign(sequence.begin() + static_cast<std::ptrdiff_t>(request.input_ids.size()),
                                  sequence.end());
        request.labels = reference.ids("label_ids");
        return request;
    }
};

TEST_F(Original, Attention) {
    const Explanation result = Explainer(model, {"attention"}).compute(request());
    const AttentionResult& attention = *result.original.attention;
    // rounded to five decimals on both sides
    EXPECT_LE(test::max_difference(attention.pair.attention, reference.floats("pair_attention")), 1.01e-5);
    EXPECT_LE(test::max_difference(attention.pair.attention_mean, reference.floats("pair_attention_mean")),
              1.01e-5);
    EXPECT_MEASURED(test::relative_l2(attention.median_raw.values, reference.floats("median_raw")), 5.4e-7);
    EXPECT_MEASURED(test::relative_l2(attention.mean_group.values, reference.floats("mean_group")), 1.9e-7);
    EXPECT_FALSE(result.original.gradient.has_value());
}

TEST_F(Original, Gradient) {
    Request aligned = request();
    aligned.objective = Objective::aligned;
    const Explanation result = Explainer(model, {"gradient"}).compute(aligned);
    // rounded to three decimals on both sides
    EXPECT_LE(test::max_difference(result.original.gradient->saliency_map, reference.floats("saliency_map")),
              1.001e-3);
    EXPECT_MEASURED(
        test::relative_l2(result.original.gradient->gradient.values, reference.floats("embedding_gradient")),
        8.1e-7);
    EXPECT_FALSE(result.original.attention.has_value());
}

TEST_F(Original, GreedyGenerationGivesTheSameTokens) {
    const Request wanted = request();
    GenerateOptions options;
    options.max_new_tokens = static_cast<int>(wanted.output.ids.size());
    EXPECT_EQ(model.generate(wanted.input_ids, options).ids, wanted.output.ids);
}

TEST_F(Original, MethodsTogetherAreTheMethodsApart) {
    const Explanation both = Explainer(model, {"attention", "gradient"}).compute(request());
    const Explanation attention = Explainer(model, {"attention"}).compute(request());
    const Explanation gradient = Explainer(model, {"gradient"}).compute(request());
    EXPECT_EQ(both.original.attention->mean_group.values, attention.original.attention->mean_group.values);
    EXPECT_EQ(both.original.gradient->gradient.values, gradient.original.gradient->gradient.values);
}

TEST_F(Original, PiecesOfTheReplayChangeNothing) {
    Explainer explainer(model, {"attention", "gradient", "saliency", "input_x_gradient"});
    Request asked = request();
    asked.target.each = true;
    const Explanation whole = explainer.compute(asked);
    asked.memory_budget = std::size_t{320} << 10;
    const Explanation pieces = explainer.compute(asked);
    EXPECT_EQ(pieces.original.attention->median_raw.values, whole.original.attention->median_raw.values);
    EXPECT_EQ(pieces.original.attention->pair.attention, whole.original.attention->pair.attention);
    EXPECT_EQ(pieces.original.gradient->gradient.values, whole.original.gradient->gradient.values);
    EXPECT_EQ(pieces.attributions.at(1).scores.values, whole.attributions.at(1).scores.values);
    asked.memory_budget = std::size_t{64} << 10;
    EXPECT_THROW((void)explainer.compute(asked), Error);
}

TEST_F(Original, TeacherReplaysTheLabel) {
    Request taught = request();
    taught.objective = Objective::teacher;
    Request generated = request();
    generated.output.ids = taught.labels;
    generated.objective = Objective::generated;
    const Explanation a = Explainer(model, {"gradient"}).compute(taught);
    const Explanation b = Explainer(model, {"gradient"}).compute(generated);
    EXPECT_EQ(a.original.gradient->replayed, b.original.gradient->replayed);
    EXPECT_MEASURED(
        test::relative_l2(a.original.gradient->gradient.values, b.original.gradient->gradient.values), 6e-8);
    EXPECT_CLOSE(a.objective_value, b.objective_value, 5e-7);
    EXPECT_EQ(a.token_logprobs.size(), taught.output.ids.size());
}

TEST_F(Original, ArgumentsThatCannotBeMetAreNamed) {
    const auto message = [&](const std::function<void(Request&)>& change) -> std::string {
        Request asked = request();
        change(asked);
        try {
            (void)Explainer(model, {"attention", "gradient"}).compute(asked);
        } catch (const Error& error) {
            return error.what();
        }
        return "no error";
    };
    using testing::HasSubstr;
    EXPECT_THAT(message([](Request& r) {
                    r.layer_names = {"q_prj", "k_proj", "v_proj"};
                }),
                HasSubstr("q_prj"));
    EXPECT_THAT(message([](Request& r) {
                    r.layer_names = {"q_proj", "q_proj", "v_proj"};
                }),
                HasSubstr("two modules"));
    EXPECT_THAT(message([](Request& r) { r.layer_names = {"q_proj"}; }), HasSubstr("three"));
    EXPECT_THAT(message([](Request& r) { r.positions = {0, 1, 0}; }), HasSubstr("positions"));
    EXPECT_THAT(message([](Request& r) { r.input_shape = 3; }), HasSubstr("input_shape"));
    EXPECT_THAT(message([](Request& r) { r.embedding_name = "q_proj"; }), HasSubstr("embedding_name"));
    EXPECT_THAT(message([](Request& r) { r.input_ids.clear(); }), HasSubstr("prompt"));
    EXPECT_THAT(message([](Request& r) { r.output.ids.clear(); }), HasSubstr("answer"));
    EXPECT_THAT(message([](Request& r) { r.output.ids = {1 << 20}; }), HasSubstr("1048576"));
    EXPECT_THAT(message([](Request& r) { r.context = 20; }), HasSubstr("`context_tokens`"));
    EXPECT_THAT(message([](Request& r) { r.labels.clear(), r.objective = Objective::teacher; }),
                HasSubstr("label"));
    EXPECT_EQ(message([](Request& r) { r.embedding_name = "embed_tokens"; }), "no error");
    EXPECT_EQ(message([](Request& r) { r.is_input = true; }), "no error");
}

TEST_F(Original, ProgressCancels) {
    Request asked = request();
    for (const std::string stage : {"replay", "saliency"}) {
        asked.progress = [&](std::string_view now, double) { return now != stage; };
        try {
            (void)Explainer(model, {"gradient", "saliency"}).compute(asked);
            ADD_FAILURE() << stage << " was not cancelled";
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::cancelled);
        }
    }
}

}  // namespace
}  // namespace llmx

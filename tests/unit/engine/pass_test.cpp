#include <gtest/gtest.h>

#include "engine/pass/pass.hpp"
#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/expect_error.hpp"

namespace llmx {
namespace {

std::vector<float> results(engine::Session& session, const engine::PassInput& input) {
    session.run(input);
    std::vector<float> all;
    for (std::size_t i = 0; i < input.outputs.size(); ++i) {
        const auto row = session.result(static_cast<int>(i));
        all.insert(all.end(), row.begin(), row.end());
    }
    return all;
}

TEST(Pass, EmbeddingsMayBeGiven) {
    const Model model = Model::load(test::data_file("gemma3-tiny.gguf"));
    engine::PassInput input{.ids = {5, 17, 60, 33, 21, 9, 100}, .outputs = {2, 6}};
    for (const int micro_batch : {0, 3}) {
        engine::Session session(model, {.tokens = 7, .outputs = 2, .micro_batch = micro_batch});
        const std::vector<float> plain = results(session, input);
        engine::PassInput given = input;
        given.embeddings = engine::embedding_rows(session.plan(input), input.ids);
        EXPECT_EQ(results(session, given), plain);
        // the embeddings of other tokens are those tokens
        engine::PassInput other = input;
        other.ids = {5, 18, 60, 33, 21, 9, 101};
        given.embeddings = engine::embedding_rows(session.plan(input), other.ids);
        const std::vector<float> changed = results(session, given);
        EXPECT_EQ(changed, results(session, other));
        EXPECT_GT(test::relative_l2(changed, plain), 1e-3);
        EXPECT_EQ(results(session, input), plain);
    }
}

TEST(Pass, GraphsOfMicroBatchesShareWeightsAndMemory) {
    const Model model = Model::load(test::data_file("llama-tiny.gguf"));
    engine::Session session(model, {.tokens = 7, .outputs = 7, .micro_batch = 3});
    const engine::Graph graph = session.plan({.ids = {5, 17, 60, 33, 21, 9, 100}, .outputs = {1, 6}});
    ASSERT_EQ(graph.passes.size(), 3U);
    EXPECT_EQ(graph.passes[0].outputs, (std::vector<int>{1}));
    EXPECT_TRUE(graph.passes[1].outputs.empty());
    EXPECT_EQ(graph.passes[2].outputs, (std::vector<int>{6}));
    EXPECT_EQ(graph.passes[2].first_row, 6);
    EXPECT_EQ(graph.passes[2].rows, 1);
    EXPECT_EQ(graph.passes[2].last_node, static_cast<int>(graph.nodes.size()));
    std::map<std::string, int> weights;
    std::map<std::string, int> memory;
    for (const engine::TensorInfo& tensor : graph.tensors) {
        if (tensor.role == engine::TensorRole::weight) ++weights[tensor.name];
        if (tensor.role == engine::TensorRole::state && tensor.is_root()) ++memory[tensor.name];
    }
    EXPECT_EQ(weights.at("blk.0.attn_q.weight"), 1);
    EXPECT_EQ(memory.at("cache_k_l0"), 1);
}

TEST(Pass, WhatDoesNotFitIsNamed) {
    const Model t5 = Model::load(test::data_file("t5-tiny.gguf"));
    engine::Session session(t5, {.tokens = 4, .outputs = 2, .source = 4});
    test::expect_error(ErrorCode::input, {"no source tokens"}, [&] { session.plan({.ids = {0}}); });
    test::expect_error(ErrorCode::input, {"token ids: -1"},
                       [&] { session.plan({.source = {-1}, .ids = {0}}); });
    const Model llama = Model::load(test::data_file("llama-tiny.gguf"));
    engine::Session decoder(llama, {.tokens = 4, .outputs = 2});
    test::expect_error(ErrorCode::input, {"only an encoder-decoder"},
                       [&] { decoder.plan({.source = {1}, .ids = {0}}); });
    test::expect_error(ErrorCode::internal, {"ascending"}, [&] {
        decoder.plan({.ids = {1, 2, 3}, .outputs = {2, 1}});
    });
    test::expect_error(ErrorCode::internal, {"the session holds"}, [&] {
        decoder.plan({.ids = {1, 2, 3, 4, 5}});
    });
    test::expect_error(ErrorCode::internal, {"[rows, embedding]"}, [&] {
        decoder.plan({.ids = {1, 2}, .embeddings = Tensor{{1, 64}, std::vector<float>(64)}});
    });
}

}  // namespace
}  // namespace llmx

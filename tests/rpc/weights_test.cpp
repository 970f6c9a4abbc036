// Weights of other kinds on servers: quantised files, and adapters, which no file of the model has.

#include <gtest/gtest.h>

#include <cmath>
#include <llmx/llmx.hpp>

#include "support/data.hpp"
#include "support/gguf_edit.hpp"
#include "support/rpc_server.hpp"
#include "support/scene.hpp"

namespace llmx {
namespace {

const std::string base = test::data_file("llama-tiny.gguf");

void expect_same(const Model& remote, const Model& here) {
    Request request;
    request.input_ids = {3, 25, 7, 91, 11, 13, 2, 48};
    request.output.ids = {4, 66, 8, 31};
    const auto explain = [&](const Model& model) {
        return Explainer(model, {"gradient", "attention", "leave_one_out"}).compute(request);
    };
    const Explanation found = explain(remote);
    const Explanation truth = explain(here);
    EXPECT_EQ(found.token_logprobs, truth.token_logprobs);
    EXPECT_EQ(found.original.gradient->gradient.values, truth.original.gradient->gradient.values);
    EXPECT_EQ(found.original.attention->mean.values, truth.original.attention->mean.values);
    EXPECT_EQ(found.attributions.front().scores.values, truth.attributions.front().scores.values);
}

class RpcQuantised : public testing::TestWithParam<std::string> {};

TEST_P(RpcQuantised, IsTheSameOnServers) {
    const test::TemporaryDirectory dir;
    quantize(base, dir / "q.gguf", GetParam());
    const test::RpcServer first;
    const test::RpcServer second;
    expect_same(Model::load(dir / "q.gguf", {.rpc = {first.name(), second.name()}}),
                Model::load(dir / "q.gguf", {.no_repack = true}));
}

INSTANTIATE_TEST_SUITE_P(All, RpcQuantised, testing::Values("Q8_0", "Q4_0", "F16"),
                         [](const auto& it) { return it.param; });

TEST(RpcSplit, EveryPartIsRead) {
    const test::TemporaryDirectory dir;
    const test::GgufEdit whole(base);
    const auto part = [&](std::size_t i) {
        return dir / ("m-0000" + std::to_string(i + 1) + "-of-00002.gguf");
    };
    for (std::size_t i = 0; i < 2; ++i) {
        test::GgufEdit edit(base);
        if (i > 0) edit = test::GgufEdit();
        edit.tensors.clear();
        for (std::size_t t = 0; t < whole.tensors.size(); ++t)
            if (t * 2 / whole.tensors.size() == i) edit.tensors.push_back(whole.tensors[t]);
        gguf_set_val_u16(edit.keys(), "split.no", static_cast<std::uint16_t>(i));
        gguf_set_val_u16(edit.keys(), "split.count", 2);
        gguf_set_val_i32(edit.keys(), "split.tensors.count", static_cast<std::int32_t>(whole.tensors.size()));
        edit.write(part(i));
    }
    const test::RpcServer server;
    const Model model = Model::load(part(0), {.rpc = {server.name()}});
    expect_same(model, Model::load(base));
    test::OwnedScene owned(model, {3, 25, 7}, {4, 66}, false);
    const engine::Graph graph = owned.session.plan(test::written(model, {3, 25, 7}, {4, 66}));
    for (const engine::TensorInfo& info : graph.tensors)
        EXPECT_EQ(info.data != nullptr, info.role == engine::TensorRole::weight) << info.name;
}

TEST(RpcLora, AdaptersGoToTheServersToo) {
    const test::TemporaryDirectory dir;
    test::GgufEdit model{base};
    test::GgufEdit adapter;
    gguf_set_val_str(adapter.keys(), "general.type", "adapter");
    gguf_set_val_str(adapter.keys(), "general.architecture", "llama");
    gguf_set_val_str(adapter.keys(), "adapter.type", "lora");
    gguf_set_val_f32(adapter.keys(), "adapter.lora.alpha", 5.0F);
    constexpr std::int64_t rank = 3;
    for (const char* name : {"blk.0.attn_q.weight", "blk.1.ffn_down.weight", "output.weight"}) {
        const std::vector<std::int64_t> shape = model.at(name).shape;
        const auto wave = [](std::int64_t count, float step) {
            std::vector<float> values(static_cast<std::size_t>(count));
            for (std::size_t i = 0; i < values.size(); ++i)
                values[i] = 0.2F * std::sin(step * static_cast<float>(i + 1));
            return values;
        };
        adapter.set(std::string(name) + ".lora_a", {rank, shape[1]}, wave(rank * shape[1], 0.37F));
        adapter.set(std::string(name) + ".lora_b", {shape[0], rank}, wave(shape[0] * rank, 0.51F));
    }
    adapter.write(dir / "adapter.gguf");
    const std::vector<Lora> lora = {{dir / "adapter.gguf", 0.7F}};
    const test::RpcServer server;
    expect_same(Model::load(base, {.lora = lora, .rpc = {server.name()}}), Model::load(base, {.lora = lora}));
}

}  // namespace
}  // namespace llmx

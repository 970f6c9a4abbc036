// Models whose layers servers have give what they give here.

#include <ggml-backend.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <llmx/llmx.hpp>
#include <map>
#include <memory>
#include <set>

#include "support/data.hpp"
#include "support/golden_file.hpp"
#include "support/rpc_server.hpp"
#include "support/scene.hpp"

namespace llmx {
namespace {

std::vector<std::string> names_of(const std::vector<std::unique_ptr<test::RpcServer>>& servers) {
    std::vector<std::string> names;
    for (const auto& server : servers) names.push_back(server->name());
    return names;
}

/// Servers as many as wanted.
struct Servers {
    explicit Servers(int count) {
        for (int i = 0; i < count; ++i) all.push_back(std::make_unique<test::RpcServer>());
    }
    std::vector<std::unique_ptr<test::RpcServer>> all;
};

struct Text {
    Tokens prompt{3, 25, 7, 91, 11, 13, 2, 48}, answer{4, 66, 8, 31};
};

/// The buffers of the weights that a pass uses, by name.
std::map<std::string, std::string> buffers(const Model& model) {
    const Text text;
    test::OwnedScene owned(model, text.prompt, text.answer, false);
    const engine::Graph graph = owned.session.plan(test::written(model, text.prompt, text.answer));
    std::map<std::string, std::string> found;
    for (const engine::TensorInfo& info : graph.tensors) {
        if (info.role != engine::TensorRole::weight) continue;
        const auto* tensor = static_cast<const ggml_tensor*>(info.handle);
        found[info.name] = ggml_backend_buffer_name(tensor->buffer);
        EXPECT_NE(info.data, nullptr) << info.name << " is not read from the file";
    }
    return found;
}

TEST(RpcLayers, AreOnTheServersAndOnNoOther) {
    const Servers servers(2);
    const std::string path = test::data_file("qwen2-tiny.gguf");
    const Model model = Model::load(path, {.rpc = names_of(servers.all)});
    std::set<std::string> places;
    for (const auto& [weight, buffer] : buffers(model)) {
        if (weight == "token_embd.weight") continue;  // also the output's, where they are tied
        EXPECT_NE(buffer.find("RPC"), std::string::npos) << weight << " is in " << buffer;
        places.insert(buffer);
    }
    EXPECT_EQ(places.size(), 2U) << "one server has nothing";
    for (const auto& server : servers.all) EXPECT_GT(server->connections(), 1);
    for (const auto& [weight, buffer] : buffers(Model::load(path)))
        EXPECT_EQ(buffer.find("RPC"), std::string::npos) << weight << " is in " << buffer;
}

struct Case {
    std::string model;
    int servers;
    std::vector<Method> methods;
    int micro_batch = 0;
    std::size_t budget = std::size_t{2} << 30;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.model; }

std::string name_of(const testing::TestParamInfo<Case>& info) {
    std::string name =
        std::to_string(info.index) + "_" + info.param.model + "_on_" + std::to_string(info.param.servers);
    std::replace_if(
        name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
    return name;
}

class RpcAgreement : public testing::TestWithParam<Case> {
protected:
    static Explanation explain(const Model& model) {
        const Text text;
        Request request;
        request.input_ids = text.prompt;
        request.output.ids = text.answer;
        request.micro_batch = GetParam().micro_batch;
        request.memory_budget = GetParam().budget;
        request.keep_hidden = true;
        request.views.logit_lens = 3;
        return Explainer(model, GetParam().methods).compute(request);
    }
};

// ggml's kernels are the same on both sides, and so are the numbers; an accelerator's would not be.
TEST_P(RpcAgreement, IsToTheBit) {
    const Servers servers(GetParam().servers);
    const std::string path = test::data_file(GetParam().model);
    const Explanation truth = explain(Model::load(path));
    const Model model = Model::load(path, {.rpc = names_of(servers.all)});
    const Explanation found = explain(model);
    for (const auto& server : servers.all) EXPECT_GT(server->connections(), 1);
    const auto expect_same = [](const std::vector<float>& a, const std::vector<float>& b, const char* what) {
        ASSERT_FALSE(b.empty()) << what;
        EXPECT_EQ(a, b) << what;
    };
    expect_same(found.token_logprobs, truth.token_logprobs, "log-probabilities");
    if (truth.original.gradient)
        expect_same(found.original.gradient->gradient.values, truth.original.gradient->gradient.values,
                    "gradient");
    if (truth.original.attention)
        expect_same(found.original.attention->mean.values, truth.original.attention->mean.values,
                    "attention");
    ASSERT_EQ(found.hidden.size(), truth.hidden.size());
    for (std::size_t i = 0; i < truth.hidden.size(); ++i)
        expect_same(found.hidden[i].values.values, truth.hidden[i].values.values, "hidden states");
    ASSERT_EQ(found.views && found.views->logit_lens.has_value(),
              truth.views && truth.views->logit_lens.has_value());
    if (truth.views && truth.views->logit_lens) {
        EXPECT_EQ(found.views->logit_lens->ids, truth.views->logit_lens->ids);
    }
    ASSERT_EQ(found.attributions.size(), truth.attributions.size());
    for (std::size_t i = 0; i < truth.attributions.size(); ++i) {
        expect_same(found.attributions[i].scores.values, truth.attributions[i].scores.values,
                    truth.attributions[i].method.c_str());
    }
}

const std::vector<Method> some = {"attention", "gradient", "leave_one_out", "value_zeroing"};
const std::vector<Method> hidden = {"gradient", Method("leave_one_out", {{"baseline", "attention_mask"}})};

INSTANTIATE_TEST_SUITE_P(
    All, RpcAgreement,
    testing::Values(Case{"llama-tiny.gguf", 1, some}, Case{"llama-tiny.gguf", 2, some},
                    Case{"qwen2-tiny.gguf", 2, some}, Case{"qwen3-tiny.gguf", 1, hidden},
                    Case{"gemma3-tiny.gguf", 2, some}, Case{"mixtral-tiny.gguf", 2, some},
                    Case{"gpt2-tiny.gguf", 2, hidden}, Case{"t5-tiny.gguf", 2, {"attention", "gradient"}},
                    Case{"t5-tiny.gguf", 1, hidden}, Case{"llama-tiny.gguf", 2, {"gradient"}, 4},
                    Case{"llama-tiny.gguf", 2, {"gradient", "attention"}, 0, 200000},
                    Case{"qwen2-tiny", 2, some}, Case{"llamabf16-tiny", 1, {"gradient"}},
                    Case{"llamaf16-tiny", 2, some}),
    name_of);

}  // namespace
}  // namespace llmx

// The logit lens: its last layer is the model itself, the others against a forward pass in double.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <llmx/compare.hpp>
#include <llmx/llmx.hpp>
#include <numeric>

#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/measured.hpp"
#include "support/tiny_llama.hpp"

namespace llmx {
namespace {

std::vector<double> softmax(const std::vector<double>& logits) {
    const double top = *std::max_element(logits.begin(), logits.end());
    std::vector<double> p;
    for (const double z : logits) p.push_back(std::exp(z - top));
    const double sum = std::accumulate(p.begin(), p.end(), 0.0);
    for (double& x : p) x /= sum;
    return p;
}

/// Ids by probability, the most probable first.
std::vector<Token> order(const std::vector<double>& p) {
    std::vector<Token> ids(p.size());
    std::iota(ids.begin(), ids.end(), 0);
    std::stable_sort(ids.begin(), ids.end(), [&](Token a, Token b) { return p[a] > p[b]; });
    return ids;
}

class Lens : public testing::TestWithParam<const char*> {
protected:
    const std::string stem = test::data_file(GetParam(), "-tiny");
    const test::GoldenFile golden{stem + ".golden.gguf"};
    const Model model = Model::load(stem);

    [[nodiscard]] Request request() const {
        Request asked;
        if (model.facts().kind == ModelKind::encoder_decoder) {
            asked.task = Task::translation;
            asked.input_ids = golden.ids("encoder_ids");
            asked.output.ids = golden.ids("target_ids");
        } else {
            const Tokens ids = golden.ids("ids");
            const auto prompt = static_cast<std::ptrdiff_t>(ids.size()) - 6;
            asked.input_ids.assign(ids.begin(), ids.begin() + prompt);
            asked.output.ids.assign(ids.begin() + prompt, ids.end());
        }
        asked.views.logit_lens = 4;
        return asked;
    }
    [[nodiscard]] LogitLens lens_of(const Request& asked) const {
        const std::vector<Method> methods = {"saliency"};
        return *Explainer(model, methods).compute(asked).views->logit_lens;
    }
};

void expect_close(const LogitLens& lens, std::size_t block, std::size_t t, std::size_t rows, Token own,
                  const std::vector<double>& p, double measured) {
    const double bound = test::margin * measured;
    const std::vector<Token> ids = order(p);
    const auto top = static_cast<std::size_t>(lens.top);
    for (std::size_t k = 0; k < top; ++k) {
        const std::size_t at = (block * rows + t) * top + k;
        const Token id = lens.ids[at];
        EXPECT_CLOSE(lens.probabilities.values[at], p[static_cast<std::size_t>(id)], measured);
        EXPECT_NEAR(p[static_cast<std::size_t>(id)], p[static_cast<std::size_t>(ids[k])], 2 * bound)
            << "the token of rank " << k << " after block " << lens.blocks[block];
        EXPECT_TRUE(lens.text.contains(id));
    }
    EXPECT_CLOSE(lens.answer_probabilities.row(block)[t], p[static_cast<std::size_t>(own)], measured);
    const auto before = std::count_if(p.begin(), p.end(),
                                      [&](double x) { return x > p[static_cast<std::size_t>(own)] + bound; });
    const auto at_most = std::count_if(
        p.begin(), p.end(), [&](double x) { return x >= p[static_cast<std::size_t>(own)] - bound; });
    EXPECT_GE(lens.answer_ranks[block * rows + t], before + 1);
    EXPECT_LE(lens.answer_ranks[block * rows + t], at_most);
}

TEST_P(Lens, LastLayerIsTheModel) {
    const Request asked = request();
    const std::size_t rows = asked.output.ids.size();
    const Tensor logits = answer_logits(model, asked);
    for (const int micro_batch : {0, 5}) {
        Request cut = asked;
        cut.micro_batch = micro_batch;
        const LogitLens lens = lens_of(cut);
        ASSERT_EQ(lens.blocks.back() + 1, model.facts().blocks);
        ASSERT_EQ(lens.probabilities.shape,
                  (std::vector<std::int64_t>{static_cast<std::int64_t>(lens.blocks.size()),
                                             static_cast<std::int64_t>(rows), 4}));
        for (std::size_t t = 0; t < rows; ++t) {
            const auto row = logits.row(t);
            expect_close(lens, lens.blocks.size() - 1, t, rows, asked.output.ids[t],
                         softmax({row.begin(), row.end()}),
                         model.facts().kind == ModelKind::encoder_decoder ? 3.7e-7 : 3.1e-8);
        }
    }
}

// What lies behind the last block differs: LayerNorm, tied and untied heads, soft-capped and scaled logits.
INSTANTIATE_TEST_SUITE_P(Families, Lens,
                         testing::Values("llama", "qwen3", "mixtral", "gpt2", "gemma2", "gemma3", "granite",
                                         "falcon", "stablelm", "t5", "t5gated", "llamabf16"),
                         [](const auto& name) { return std::string(name.param); });

class LensInDouble : public testing::TestWithParam<const char*> {};

TEST_P(LensInDouble, EveryLayer) {
    const std::string stem = test::data_file(GetParam(), "-tiny");
    const test::TinyLlama truth(stem + ".gguf", std::string(GetParam()) == "qwen2" ? "qwen2" : "llama");
    const Model model = Model::load(stem + ".gguf");
    const Tokens ids = test::GoldenFile(stem + ".golden.gguf").ids("ids");
    const std::size_t prompt = 18;
    Request asked;
    asked.input_ids.assign(ids.begin(), ids.begin() + prompt);
    asked.output.ids.assign(ids.begin() + prompt, ids.end());
    asked.views.logit_lens = 7;
    const std::vector<Method> methods = {"attention"};
    const Explanation result = Explainer(model, methods).compute(asked);
    const LogitLens& lens = *result.views->logit_lens;
    EXPECT_TRUE(result.hidden.empty());
    ASSERT_EQ(lens.blocks.size(), truth.blocks);
    const std::size_t rows = asked.output.ids.size();
    test::Matrix state = truth.embed(ids);
    for (std::size_t b = 0; b < truth.blocks; ++b) {
        state = truth.block(b, state);
        const test::Matrix logits = truth.logits(state);
        for (std::size_t t = 0; t < rows; ++t)
            expect_close(lens, b, t, rows, asked.output.ids[t], softmax(logits[prompt - 1 + t]), 1.3e-8);
    }
}

INSTANTIATE_TEST_SUITE_P(Tiny, LensInDouble, testing::Values("llama", "llamamha", "qwen2"),
                         [](const auto& name) { return std::string(name.param); });

TEST(LensErrors, EncodersHaveNoHead) {
    const Model model = Model::load(test::data_file("bertqa-tiny"));
    Request asked;
    asked.task = Task::question_answering;
    asked.pair = {.question = "Who?", .context = "Ada came."};
    asked.views.logit_lens = 3;
    const std::vector<Method> methods = {"attention"};
    test::expect_error(ErrorCode::unsupported, {"`logit_lens`", "encoder", "output head"},
                       [&] { (void)Explainer(model, methods).compute(asked); });
    asked.views.logit_lens = -1;
    test::expect_error(ErrorCode::usage, {"`logit_lens`: got -1"},
                       [&] { (void)Explainer(model, methods).compute(asked); });
}

}  // namespace
}  // namespace llmx

// What an encoder-decoder writes, against PyTorch's logits and a loop by hand.

#include <gtest/gtest.h>
#include <llama.h>

#include <algorithm>
#include <cmath>
#include <llmx/model.hpp>
#include <memory>

#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/golden_file.hpp"
#include "support/measured.hpp"

namespace llmx {
namespace {

const std::string stem = test::data_file("t5-tiny");

class T5 : public testing::Test {
protected:
    const Model model = Model::load(stem + ".gguf");
    const test::GoldenFile golden{stem + ".golden.gguf"};
    const Tokens source = golden.ids("encoder_ids");
};

TEST_F(T5, FirstLogitsAreTheGoldenOnes) {
    // The decoder reads its start token, as row 0 of the golden file does.
    const Generation answer = model.generate(source, {.max_new_tokens = 1, .keep_logits = true});
    const std::vector<float> logits = golden.floats("logits");
    const std::size_t vocabulary = answer.logits.values.size();
    EXPECT_MEASURED(test::relative_l2(answer.logits.values, std::span(logits).first(vocabulary)), 8.8e-6);
}

/// llama.cpp alone: log-probabilities after each token of `text`, source and text read anew.
class ByHand {
public:
    ByHand() {
        llama_model_params params = llama_model_default_params();
        params.n_gpu_layers = 0;
        model_.reset(llama_model_load_from_file((stem + ".gguf").c_str(), params));
    }
    [[nodiscard]] Token start() const { return llama_model_decoder_start_token(model_.get()); }
    [[nodiscard]] bool ends(Token id) const {
        return llama_vocab_is_eog(llama_model_get_vocab(model_.get()), id);
    }
    [[nodiscard]] std::vector<std::vector<double>> log_probabilities(Tokens source, Tokens text) const {
        llama_context_params params = llama_context_default_params();
        params.n_ctx = 256;
        params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
        params.type_k = GGML_TYPE_F32;
        params.type_v = GGML_TYPE_F32;
        const std::unique_ptr<llama_context, decltype(&llama_free)> context(
            llama_init_from_model(model_.get(), params), llama_free);
        EXPECT_EQ(llama_encode(context.get(), batch(source)), 0);
        llama_batch all = batch(text);
        std::vector<std::int8_t> outputs(text.size(), 1);
        all.logits = outputs.data();
        EXPECT_EQ(llama_decode(context.get(), all), 0);
        std::vector<std::vector<double>> rows;
        for (std::size_t i = 0; i < text.size(); ++i) {
            const float* z = llama_get_logits_ith(context.get(), static_cast<std::int32_t>(i));
            const int vocabulary = llama_vocab_n_tokens(llama_model_get_vocab(model_.get()));
            const double scale = 1 / std::sqrt(llama_model_n_embd(model_.get()));  // tied embeddings
            double sum = 0;
            for (int v = 0; v < vocabulary; ++v) sum += std::exp(scale * z[v]);
            rows.emplace_back();
            for (int v = 0; v < vocabulary; ++v) rows.back().push_back(scale * z[v] - std::log(sum));
        }
        return rows;
    }
    [[nodiscard]] Tokens greedy(const Tokens& source, int count) const {
        Tokens text{start()};
        while (std::ssize(text) <= count && (text.size() == 1 || !ends(text.back()))) {
            const std::vector<double> row = log_probabilities(source, text).back();
            text.push_back(static_cast<Token>(std::max_element(row.begin(), row.end()) - row.begin()));
        }
        return {text.begin() + 1, text.end()};
    }
    /// Sum of the log-probabilities of an answer.
    [[nodiscard]] double score(const Tokens& source, const Tokens& answer) const {
        Tokens text{start()};
        text.insert(text.end(), answer.begin(), answer.end() - 1);
        const auto rows = log_probabilities(source, text);
        double sum = 0;
        for (std::size_t i = 0; i < answer.size(); ++i) sum += rows[i][static_cast<std::size_t>(answer[i])];
        return sum;
    }

private:
    static llama_batch batch(Tokens& ids) {
        return llama_batch_get_one(ids.data(), static_cast<std::int32_t>(ids.size()));
    }
    struct Free {
        void operator()(llama_model* model) const { llama_model_free(model); }
    };
    std::unique_ptr<llama_model, Free> model_;
};

TEST_F(T5, GreedyIsTheLoopByHand) {
    const ByHand by_hand;
    for (const Tokens& text : {source, Tokens{5, 17, 200, 33, 8, 1}, Tokens{9}}) {
        const Tokens expected = by_hand.greedy(text, 12);
        EXPECT_EQ(model.generate(text, {.max_new_tokens = 12}).ids, expected);
        EXPECT_EQ(model.generate(text, {.max_new_tokens = 12, .prompt_lookup = true}).ids, expected);
        EXPECT_EQ(model.generate(text, {.max_new_tokens = 12, .assistant = &model}).ids, expected);
    }
}

TEST_F(T5, BeamsHaveTheScoreByHand) {
    const ByHand by_hand;
    for (const Tokens& text : {source, Tokens{5, 17, 200, 33, 8, 1}, Tokens{9}}) {
        const Generation found = model.generate(text, {.max_new_tokens = 6, .num_beams = 7});
        const double score = by_hand.score(text, found.ids);
        EXPECT_CLOSE(found.score, score / static_cast<double>(found.ids.size()), 6e-7);
        EXPECT_GT(score, by_hand.score(text, model.generate(text, {.max_new_tokens = 6}).ids) - 1e-4);
    }
}

TEST_F(T5, SamplesTheScaledDistribution) {
    // Unscaled, its logits are eight times as large: nearly every draw would be the most probable token.
    const std::vector<float> logits = golden.floats("logits");
    const auto vocabulary = static_cast<std::size_t>(model.facts().vocabulary);
    const auto row = std::span(logits).first(vocabulary);
    const auto best = static_cast<Token>(std::max_element(row.begin(), row.end()) - row.begin());
    double sum = 0;
    for (const float z : row) sum += std::exp(static_cast<double>(z));
    const double p = std::exp(static_cast<double>(row[static_cast<std::size_t>(best)])) / sum;
    ASSERT_LT(p, 0.8);
    constexpr int draws = 400;
    int hits = 0;
    for (std::uint32_t seed = 0; seed < draws; ++seed) {
        const Generation one =
            model.generate(source, {.max_new_tokens = 1, .temperature = 1.0F, .seed = seed});
        hits += one.ids[0] == best ? 1 : 0;
    }
    EXPECT_NEAR(hits, p * draws, 4 * std::sqrt(draws * p * (1 - p)));
}

}  // namespace
}  // namespace llmx

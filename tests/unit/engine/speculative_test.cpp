// Speculative decoding: the answer is the one without drafts, its distribution the model's.

#include <gtest/gtest.h>

#include <cmath>
#include <llmx/model.hpp>
#include <numeric>

#include "engine/generate/distribution.hpp"
#include "engine/generate/draft.hpp"
#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/gguf_edit.hpp"
#include "support/golden_file.hpp"
#include "support/measured.hpp"
#include "support/temporary.hpp"

namespace llmx {
namespace {

using engine::Distribution;
using test::expect_error;

int sum(const std::vector<int>& values) { return std::accumulate(values.begin(), values.end(), 0); }

TEST(Acceptance, MakesDraftsTheModelsDistribution) {
    // Σ_x q(x) [a(x) δ_xy + (1 - a(x)) r(y)] = p(y), the claim of Leviathan et al., theorem 1.
    const Distribution p{{0, 1, 2, 3}, {0.1, 0.4, 0.3, 0.2}};
    for (const Distribution& q :
         {Distribution{{0, 1, 2, 3}, {0.4, 0.3, 0.1, 0.2}}, Distribution{{3, 2}, {0.9, 0.1}},
          Distribution{{0, 7}, {0.5, 0.5}}, engine::certain(2)}) {
        const Distribution rest = engine::residual(p, q);
        EXPECT_CLOSE(std::accumulate(rest.probabilities.begin(), rest.probabilities.end(), 0.0), 1.0,
                     2.3e-16);
        for (const Token y : p.ids) {
            double probability = 0;
            for (const Token x : q.ids) {
                const double a = engine::acceptance(p, q, x);
                probability += q.of(x) * ((x == y ? a : 0.0) + (1 - a) * rest.of(y));
            }
            EXPECT_CLOSE(probability, p.of(y), 2.3e-16);
        }
    }
}

TEST(Acceptance, DrawsByCumulatedProbability) {
    const Distribution p{{5, 6, 7}, {0.25, 0.5, 0.25}};
    EXPECT_EQ(engine::draw(p, 0.0), 5);
    EXPECT_EQ(engine::draw(p, 0.2499), 5);
    EXPECT_EQ(engine::draw(p, 0.25), 6);
    EXPECT_EQ(engine::draw(p, 0.75), 7);
    EXPECT_EQ(engine::draw({{1, 2, 3}, {0.5, 0.4999999, 0.0}}, 0.99999999), 2);
}

TEST(PromptLookup, ContinuesTheLongestLastMatch) {
    engine::PromptLookup lookup(Tokens{});
    const auto draft = [&](const Tokens& text, int most) { return lookup.draft(text, most).ids; };
    EXPECT_EQ(draft({1, 2, 3, 4, 5, 1, 2, 3}, 2), (Tokens{4, 5}));
    EXPECT_EQ(draft({1, 2, 3, 4, 5, 1, 2, 3}, 9), (Tokens{4, 5, 1, 2, 3}));
    EXPECT_EQ(draft({9, 2, 3, 4, 8, 2, 3, 5, 2, 3}, 1), (Tokens{5}));  // the last of two matches
    EXPECT_EQ(draft({1, 2, 3, 7, 8, 3, 6, 1, 2, 3}, 1), (Tokens{7}));  // a longer match goes first
    EXPECT_EQ(draft({1, 2, 3}, 5), Tokens{});
    EXPECT_EQ(draft({4}, 5), Tokens{});
    EXPECT_EQ(draft({4, 4}, 5), Tokens{4});
    engine::PromptLookup of_source(Tokens{7, 8, 9});
    EXPECT_EQ(of_source.draft(Tokens{0, 8}, 3).ids, (Tokens{9, 0, 8}));
}

class Speculative : public testing::Test {
protected:
    const test::TemporaryDirectory dir;
    const Model model = Model::load(test::data_file("llamamha-tiny.gguf"));
    const Tokens prompt = test::GoldenFile(test::data_file("llamamha-tiny.reference.gguf")).ids("prompt_ids");

    /// The model with some of its weights changed a little: an assistant that is often right.
    [[nodiscard]] Model similar(float change) const {
        test::GgufEdit edit(test::data_file("llamamha-tiny.gguf"));
        std::vector<float> weights = edit.floats("output.weight");
        for (std::size_t i = 0; i < weights.size(); ++i)
            weights[i] += change * std::sin(static_cast<float>(i) * 1.7F);
        edit.set("output.weight", edit.at("output.weight").shape, weights);
        edit.write(dir / "similar.gguf");
        return Model::load(dir / "similar.gguf");
    }
};

TEST_F(Speculative, GreedyIsAsWithout) {
    const Generation plain = model.generate(prompt, {.max_new_tokens = 60, .keep_logits = true});
    EXPECT_TRUE(plain.n_matches.empty());
    const Model other = similar(0.1F);
    for (const Model* assistant : {&other, &model, static_cast<const Model*>(nullptr)}) {
        for (const int k : {1, 4, 7}) {
            const Generation drafted = model.generate(prompt, {.max_new_tokens = 60,
                                                               .assistant = assistant,
                                                               .prompt_lookup = assistant == nullptr,
                                                               .draft_tokens = k,
                                                               .keep_logits = true});
            EXPECT_EQ(drafted.ids, plain.ids);
            EXPECT_EQ(drafted.text, plain.text);
            EXPECT_EQ(drafted.logits.values, plain.logits.values) << "not to the bit";
            ASSERT_EQ(drafted.n_matches.size(), drafted.n_drafted.size());
            for (std::size_t i = 0; i < drafted.n_matches.size(); ++i)
                EXPECT_LE(drafted.n_matches[i], drafted.n_drafted[i]);
            if (assistant == nullptr) continue;
            // The prompt's pass gives a token without a draft, every round its matches and one more.
            EXPECT_EQ(1 + sum(drafted.n_matches) + static_cast<int>(drafted.n_matches.size()), 60);
            EXPECT_GT(sum(drafted.n_matches), 0);
            if (assistant == &model) {
                EXPECT_EQ(drafted.n_matches, drafted.n_drafted);
            }
        }
    }
    const Generation half = model.generate(prompt, {.max_new_tokens = 60, .assistant = &other});
    EXPECT_LT(sum(half.n_matches), sum(half.n_drafted));  // else nothing was ever taken back
}

TEST_F(Speculative, PenaltyIsTheUnassistedOne) {
    GenerateOptions options{.max_new_tokens = 40, .repetition_penalty = 1.7F};
    const Tokens plain = model.generate(prompt, options).ids;
    const Model assistant = similar(0.1F);
    options.assistant = &assistant;
    EXPECT_EQ(model.generate(prompt, options).ids, plain);
}

TEST_F(Speculative, HalfPrecisionWeightsToo) {
    for (const char* type : {"F16", "BF16", "Q8_0", "Q4_0", "Q4_K_M"}) {
        quantize(test::data_file("llamamha-tiny.gguf"), dir / "coarse.gguf", type);
        const Model coarse = Model::load(dir / "coarse.gguf");
        const Generation plain = coarse.generate(prompt, {.max_new_tokens = 40, .keep_logits = true});
        const Generation drafted = coarse.generate(
            prompt, {.max_new_tokens = 40, .assistant = &model, .draft_tokens = 4, .keep_logits = true});
        EXPECT_EQ(drafted.ids, plain.ids) << type;
        EXPECT_EQ(drafted.logits.values, plain.logits.values) << type;
    }
}

TEST_F(Speculative, SamplesFollowTheModelsDistribution) {
    // Three tokens of a vocabulary of six: 216 answers, whose probabilities follow from the logits.
    constexpr int tokens = 6;
    const auto cut = [&](const std::string& family, const char* architecture) {
        test::GgufEdit edit(test::data_file(family, "-tiny.gguf"));
        edit.cut_vocabulary(architecture, tokens);
        // Tame the wide random weights: no token should be as good as certain.
        if (family == "llama") {
            std::vector<float> weights = edit.floats("output.weight");
            for (float& w : weights) w *= 0.25F;
            edit.set("output.weight", edit.at("output.weight").shape, weights);
        }
        edit.write(dir / (family + ".gguf"));
        return Model::load(dir / (family + ".gguf"), {.threads = 1});
    };
    const Model main = cut("llama", "llama");
    const Model assistant = cut("qwen3", "qwen3");
    const Tokens start{1, 4, 2};
    GenerateOptions options{.max_new_tokens = 3, .temperature = 1.3F, .top_p = 0.97F};
    engine::Sampler sampler(options, 0);
    const auto next = [&](const Tokens& text) {
        const Generation one = main.generate(text, {.max_new_tokens = 1, .keep_logits = true});
        return sampler.distribution(one.logits.values, text);
    };
    std::vector<double> expected(tokens * tokens * tokens);
    const Distribution first = next(start);
    for (std::size_t a = 0; a < first.ids.size(); ++a) {
        const Distribution second = next({1, 4, 2, first.ids[a]});
        for (std::size_t b = 0; b < second.ids.size(); ++b) {
            const Distribution third = next({1, 4, 2, first.ids[a], second.ids[b]});
            for (std::size_t c = 0; c < third.ids.size(); ++c) {
                expected[static_cast<std::size_t>((first.ids[a] * tokens + second.ids[b]) * tokens +
                                                  third.ids[c])] =
                    first.probabilities[a] * second.probabilities[b] * third.probabilities[c];
            }
        }
    }
    options.assistant = &assistant;
    constexpr int draws = 1500;
    std::vector<int> seen(expected.size());
    int kept = 0;
    int drafted = 0;
    for (std::uint32_t seed = 0; seed < draws; ++seed) {
        options.seed = seed;
        const Generation answer = main.generate(start, options);
        ++seen[static_cast<std::size_t>((answer.ids[0] * tokens + answer.ids[1]) * tokens + answer.ids[2])];
        kept += sum(answer.n_matches);
        drafted += sum(answer.n_drafted);
    }
    EXPECT_GT(kept, drafted / 20);
    EXPECT_LT(kept, drafted - drafted / 20);  // else the rule was never put to the test
    double chi2 = 0;
    int classes = 0;
    double rare_expected = 0;
    int rare_seen = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        if (expected[i] == 0) {
            EXPECT_EQ(seen[i], 0);
        }
        if (expected[i] * draws < 5) {
            rare_expected += expected[i] * draws;
            rare_seen += seen[i];
            continue;
        }
        chi2 += std::pow(seen[i] - expected[i] * draws, 2) / (expected[i] * draws);
        ++classes;
    }
    if (rare_expected > 1) chi2 += std::pow(rare_seen - rare_expected, 2) / rare_expected;
    ASSERT_GT(classes, 20);
    EXPECT_LT(chi2, classes + 4 * std::sqrt(2.0 * classes));
    EXPECT_GT(chi2, classes - 4 * std::sqrt(2.0 * classes));
}

TEST_F(Speculative, SamplingFollowsItsSeed) {
    const Model assistant = similar(0.1F);
    const GenerateOptions options{
        .max_new_tokens = 30, .temperature = 1.0F, .top_k = 40, .seed = 5, .assistant = &assistant};
    const Generation first = model.generate(prompt, options);
    const Generation again = model.generate(prompt, options);
    EXPECT_EQ(first.ids, again.ids);
    EXPECT_EQ(first.n_matches, again.n_matches);
}

TEST_F(Speculative, Streams) {
    Tokens seen;
    const Model assistant = similar(0.1F);
    const Generation answer = model.generate(
        prompt, {.max_new_tokens = 30, .assistant = &assistant, .on_token = [&](Token id, std::string_view) {
                     seen.push_back(id);
                     return seen.size() < 10;
                 }});
    EXPECT_EQ(seen, answer.ids);
    EXPECT_EQ(seen, model.generate(prompt, {.max_new_tokens = 10}).ids);
}

TEST_F(Speculative, RefusesWhatDoesNotFit) {
    const auto run = [&](const GenerateOptions& options) {
        return [&, options] { (void)model.generate(prompt, options); };
    };
    const Model bert = Model::load(test::data_file("bertqa-tiny.gguf"));
    const Model t5 = Model::load(test::data_file("t5-tiny.gguf"));
    test::GgufEdit cut(test::data_file("llamamha-tiny.gguf"));
    cut.cut_vocabulary("llama", 100);
    cut.write(dir / "cut.gguf");
    const Model fewer = Model::load(dir / "cut.gguf");
    expect_error(ErrorCode::unsupported, {"bert"}, run({.assistant = &bert}));
    expect_error(ErrorCode::input, {"assistant", "t5", "kind"}, run({.assistant = &t5}));
    expect_error(ErrorCode::input, {"assistant", "cut.gguf", "100 tokens, the model has 384"},
                 run({.assistant = &fewer}));
    test::GgufEdit renamed(test::data_file("llamamha-tiny.gguf"));
    const auto key = gguf_find_key(renamed.keys(), "tokenizer.ggml.tokens");
    std::vector<std::string> tokens;
    for (std::size_t i = 0; i < gguf_get_arr_n(renamed.keys(), key); ++i)
        tokens.emplace_back(gguf_get_arr_str(renamed.keys(), key, i));
    tokens[300] = "quite another";
    std::vector<const char*> pointers;
    for (const std::string& token : tokens) pointers.push_back(token.c_str());
    gguf_set_arr_str(renamed.keys(), "tokenizer.ggml.tokens", pointers.data(), pointers.size());
    renamed.write(dir / "renamed.gguf");
    const Model other = Model::load(dir / "renamed.gguf");
    expect_error(ErrorCode::input, {"token 300 is \"quite another\", the model's is"},
                 run({.assistant = &other}));
    expect_error(ErrorCode::usage, {"`draft_tokens`: got 0"}, run({.draft_tokens = 0}));
    expect_error(ErrorCode::usage, {"both a model and prompt lookup"},
                 run({.assistant = &model, .prompt_lookup = true}));
    const Model gpt2 = Model::load(test::data_file("gpt2-tiny.gguf"));
    expect_error(ErrorCode::context_overflow, {"256"},
                 run({.max_new_tokens = 400, .context = 1000, .assistant = &gpt2}));
}

}  // namespace
}  // namespace llmx

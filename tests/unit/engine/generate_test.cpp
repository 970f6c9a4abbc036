#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstring>
#include <llmx/model.hpp>
#include <set>

#include "engine/generate/sampler.hpp"
#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/golden_file.hpp"
#include "support/measured.hpp"
#include "support/temporary.hpp"
#include "text/utf8.hpp"

namespace llmx {
namespace {

using test::expect_error;

class Generate : public testing::Test {
protected:
    const Model model = Model::load(test::data_file("llamamha-tiny.gguf"));
    const test::GoldenFile reference{test::data_file("llamamha-tiny.reference.gguf")};
    const Tokens prompt = reference.ids("prompt_ids");
};

TEST_F(Generate, GreedyIsTheReferences) {
    const Tokens sequence = reference.ids("sequence_ids");
    ASSERT_EQ(sequence.size(), prompt.size() + 8);
    const Generation answer = model.generate(prompt, {.max_new_tokens = 8});
    EXPECT_EQ(answer.ids,
              Tokens(sequence.begin() + static_cast<std::ptrdiff_t>(prompt.size()), sequence.end()));
    EXPECT_TRUE(answer.logits.empty());
}

TEST_F(Generate, KeptLogitsAreTheGoldenOnes) {
    const Model llama = Model::load(test::data_file("llama-tiny.gguf"));
    const test::GoldenFile golden(test::data_file("llama-tiny.golden.gguf"));
    const Tokens ids = golden.ids("ids");
    const std::vector<float> logits = golden.floats("logits");
    const Generation one = llama.generate(ids, {.max_new_tokens = 1, .keep_logits = true});
    ASSERT_EQ(one.logits.shape, (std::vector<std::int64_t>{1, 384}));
    EXPECT_MEASURED(test::relative_l2(one.logits.values, std::span(logits).last(384)), 3e-7);

    const Generation eight = model.generate(prompt, {.max_new_tokens = 8, .keep_logits = true});
    ASSERT_EQ(eight.logits.shape[0], static_cast<std::int64_t>(eight.ids.size()));
    for (std::size_t t = 0; t < eight.ids.size(); ++t) {
        const auto row = eight.logits.row(t);
        EXPECT_EQ(std::max_element(row.begin(), row.end()) - row.begin(), eight.ids[t]);
    }
}

TEST_F(Generate, SamplingFollowsItsSeed) {
    GenerateOptions options{
        .max_new_tokens = 20, .temperature = 1.5F, .top_k = 50, .top_p = 0.95F, .seed = 1};
    const Tokens first = model.generate(prompt, options).ids;
    EXPECT_EQ(model.generate(prompt, options).ids, first);
    std::set<Tokens> different;
    for (std::uint32_t seed = 1; seed <= 5; ++seed) {
        options.seed = seed;
        different.insert(model.generate(prompt, options).ids);
    }
    EXPECT_GE(different.size(), 4u);
    options.seed = 0xFFFFFFFFU;  // llama.cpp's mark for a random seed
    EXPECT_EQ(model.generate(prompt, options).ids, model.generate(prompt, options).ids);
}

TEST_F(Generate, TopKOneIsGreedy) {
    const Tokens greedy = model.generate(prompt, {.max_new_tokens = 10}).ids;
    EXPECT_EQ(model.generate(prompt, {.max_new_tokens = 10, .temperature = 2.0F, .top_k = 1, .seed = 3}).ids,
              greedy);
    EXPECT_EQ(
        model.generate(prompt, {.max_new_tokens = 10, .temperature = 2.0F, .top_p = 1e-6F, .seed = 3}).ids,
        greedy);
    EXPECT_EQ(
        model.generate(prompt, {.max_new_tokens = 10, .temperature = 2.0F, .min_p = 1.0F, .seed = 3}).ids,
        greedy);
}

TEST(Sampler, MinPIsRelativeToTheMostProbableToken) {
    engine::Sampler sampler({.temperature = 1.0F, .min_p = 0.5F}, 0);
    const std::vector<float> logits = {std::log(0.4F), std::log(0.19F), std::log(0.21F),
                                       std::log(0.2F) - 0.01F};
    const engine::Distribution left = sampler.distribution(logits, {});
    EXPECT_THAT(left.ids, testing::UnorderedElementsAre(0, 2));
    EXPECT_THAT(left.probabilities, testing::UnorderedElementsAre(testing::DoubleNear(0.4 / 0.61, 1e-6),
                                                                  testing::DoubleNear(0.21 / 0.61, 1e-6)));
}

TEST_F(Generate, RepetitionPenaltyCountsThePromptToo) {
    const Tokens answer = model.generate(prompt, {.max_new_tokens = 40, .repetition_penalty = 1e6F}).ids;
    std::set<Token> seen(prompt.begin(), prompt.end());
    for (const Token id : answer) EXPECT_TRUE(seen.insert(id).second) << id << " came twice";
}

TEST_F(Generate, StreamsWholeCharacters) {
    std::string streamed;
    Tokens ids;
    // Random tokens: many bytes that are no characters.
    const GenerateOptions options{.max_new_tokens = 60,
                                  .temperature = 5.0F,
                                  .seed = 2,
                                  .on_token = [&](Token id, std::string_view text) {
                                      EXPECT_TRUE(utf8::is_valid(text));
                                      streamed += text;
                                      ids.push_back(id);
                                      return true;
                                  }};
    const Generation answer = model.generate(prompt, options);
    EXPECT_EQ(ids, answer.ids);
    EXPECT_EQ(streamed, answer.text);
    std::string bytes;
    for (const Token id : answer.ids) bytes += model.token_bytes(id, /*special=*/false);
    EXPECT_EQ(answer.text, utf8::replace_invalid(bytes));
}

TEST_F(Generate, CallerStops) {
    int calls = 0;
    const Generation answer = model.generate(
        prompt, {.max_new_tokens = 50, .on_token = [&](Token, std::string_view) { return ++calls < 3; }});
    EXPECT_EQ(answer.ids.size(), 3u);
    EXPECT_FALSE(answer.ended);
}

TEST_F(Generate, Cancels) {
    expect_error(ErrorCode::cancelled, {"generate: cancelled"}, [&] {
        (void)model.generate(prompt, {.max_new_tokens = 100,
                                      .progress = [](std::string_view, double done) { return done < 0.5; }});
    });
    // Already while the prompt is read.
    expect_error(ErrorCode::cancelled, {"generate: cancelled"}, [&] {
        (void)model.generate(prompt, {.progress = [](std::string_view, double done) {
                                 EXPECT_EQ(done, 0.0);
                                 return false;
                             }});
    });
    struct Mine {};
    EXPECT_THROW(
        (void)model.generate(prompt, {.progress = [](std::string_view, double) -> bool { throw Mine{}; }}),
        Mine);
    double last = 0;
    (void)model.generate(prompt, {.max_new_tokens = 8, .progress = [&](std::string_view stage, double done) {
                                      EXPECT_EQ(stage, "generate");
                                      EXPECT_GE(done, last);
                                      last = done;
                                      return true;
                                  }});
    EXPECT_GT(last, 0.9);
}

TEST_F(Generate, TooLong) {
    const int context = model.facts().context;
    expect_error(ErrorCode::context_overflow,
                 {"18 tokens", std::to_string(context), "`max_new_tokens`", "`context_tokens`"},
                 [&] { (void)model.generate(prompt, {.max_new_tokens = context}); });
    expect_error(ErrorCode::context_overflow, {"18 tokens", "up to 10 new", "28", "holds 27"},
                 [&] { (void)model.generate(prompt, {.max_new_tokens = 10, .context = 27}); });
    EXPECT_NO_THROW((void)model.generate(prompt, {.max_new_tokens = 10, .context = 28}));
    // A table of position embeddings has no row for what goes beyond it.
    const Model gpt2 = Model::load(test::data_file("gpt2-tiny.gguf"));
    expect_error(ErrorCode::context_overflow, {"256"},
                 [&] { (void)gpt2.generate(Tokens(250, 5), {.max_new_tokens = 7, .context = 1000}); });
    EXPECT_EQ(gpt2.generate(Tokens(250, 5), {.max_new_tokens = 6, .context = 1000}).ids.size(), 6u);
}

TEST_F(Generate, BadArguments) {
    const auto run = [&](const GenerateOptions& options) {
        return [&, options] { (void)model.generate(prompt, options); };
    };
    expect_error(ErrorCode::input, {"`prompt`: it is empty"}, [&] { (void)model.generate(Tokens{}); });
    expect_error(ErrorCode::input, {"100000", "vocabulary"}, [&] {
        (void)model.generate(Tokens{1, 100000});
    });
    expect_error(ErrorCode::usage, {"`max_new_tokens`: got 0"}, run({.max_new_tokens = 0}));
    expect_error(ErrorCode::usage, {"`temperature`: got -1"}, run({.temperature = -1.0F}));
    expect_error(ErrorCode::usage, {"`temperature`: got nan"}, run({.temperature = NAN}));
    expect_error(ErrorCode::usage, {"`top_k`: got -1"}, run({.top_k = -1}));
    expect_error(ErrorCode::usage, {"`top_p`: got 1.5"}, run({.top_p = 1.5F}));
    expect_error(ErrorCode::usage, {"`min_p`: got -0.5"}, run({.min_p = -0.5F}));
    expect_error(ErrorCode::usage, {"`repetition_penalty`: got 0"}, run({.repetition_penalty = 0.0F}));
    expect_error(ErrorCode::usage, {"`context_tokens`: got -5"}, run({.context = -5}));
}

TEST_F(Generate, OutputThatIsNoNumberIsAnError) {
    const test::TemporaryDirectory dir;
    std::string bytes = test::slurp(test::data_file("llamamha-tiny.gguf"));
    // The last tensor's data stands at the end of the file: make all of it NaN.
    const float nan = NAN;
    for (std::size_t at = bytes.size() - 4096; at < bytes.size(); at += 4)
        std::memcpy(bytes.data() + at, &nan, 4);
    test::spill(dir / "nan.gguf", bytes);
    const Model damaged = Model::load(dir / "nan.gguf");
    expect_error(ErrorCode::model, {"not a number", "nan.gguf"}, [&] { (void)damaged.generate(prompt); });
}

TEST_F(Generate, ThreadCountsAgreeOnTheAnswer) {
    const Model one = Model::load(test::data_file("llamamha-tiny.gguf"), {.threads = 1});
    EXPECT_EQ(one.threads(), 1);
    EXPECT_EQ(one.generate(prompt, {.max_new_tokens = 8}).ids,
              model.generate(prompt, {.max_new_tokens = 8}).ids);
}

}  // namespace
}  // namespace llmx

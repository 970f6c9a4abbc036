// What is explained: spans, contrasts, alternatives, measures, and the context of a text.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <llmx/llmx.hpp>
#include <numeric>

#include "engine/pass/pass.hpp"
#include "objective/objective.hpp"
#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/golden_file.hpp"
#include "support/measured.hpp"
#include "text/utf8.hpp"

namespace llmx {
namespace {

class Targets : public testing::Test {
protected:
    const std::string stem = test::data_file("llama-tiny");
    const test::GoldenFile golden{stem + ".golden.gguf"};
    const Model model = Model::load(stem + ".gguf");
    const Tokens ids = golden.ids("ids");
    static constexpr std::ptrdiff_t prompt = 18;

    [[nodiscard]] Request request() const {
        Request request;
        request.input_ids.assign(ids.begin(), ids.begin() + prompt);
        request.output.ids.assign(ids.begin() + prompt, ids.end());
        return request;
    }
    [[nodiscard]] Attribution run(const Request& asked, const Method& method) const {
        return Explainer(model, {method}).compute(asked).attributions.at(0);
    }
    /// Logits that predict `answer` after `before`, [answer, vocabulary].
    [[nodiscard]] Tensor logits(Tokens before, const Tokens& answer) const {
        engine::PassInput input;
        for (std::size_t t = 0; t < answer.size(); ++t)
            input.outputs.push_back(static_cast<int>(before.size() + t) - 1);
        before.insert(before.end(), answer.begin(), answer.end());
        input.ids = before;
        const auto size = static_cast<int>(before.size());
        engine::Session session(model, {.tokens = size, .outputs = size});
        session.run(input);
        return session.results();
    }
    /// log p of `answer` after `before`.
    [[nodiscard]] double score(const Tokens& before, const Tokens& answer) const {
        const Tensor rows = logits(before, answer);
        double sum = 0;
        for (std::size_t t = 0; t < answer.size(); ++t)
            sum += objective::log_probability(rows.row(t), answer[t]);
        return sum;
    }
    [[nodiscard]] Tokens without(const Tokens& tokens, std::size_t first, std::size_t last) const {
        Tokens rest(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(first));
        rest.insert(rest.end(), tokens.begin() + static_cast<std::ptrdiff_t>(last), tokens.end());
        return rest;
    }
    /// Characters of the prompt's text before token `count`.
    [[nodiscard]] int characters(std::size_t count) const {
        std::string text;
        std::size_t before = 0;
        for (std::size_t p = 0; p < 18; ++p) {
            if (p == count) before = text.size();
            text += model.token_bytes(ids[p]);
        }
        const auto begins = utf8::character_offsets(text);
        return static_cast<int>(std::lower_bound(begins.begin(), begins.end(), before) - begins.begin());
    }
};

TEST_F(Targets, ASpanIsTheSumOfItsTokens) {
    Request asked = request();
    asked.target.span = {1, 4};
    const Attribution span = run(asked, "input_x_gradient");
    asked.target.each = true;
    const Attribution each = run(asked, "input_x_gradient");
    ASSERT_EQ(each.targets.size(), 3U);
    EXPECT_EQ(each.targets[2].tokens, (std::pair<int, int>{prompt + 3, prompt + 4}));
    std::vector<float> sum(each.units.size(), 0.0F);
    for (std::size_t t = 0; t < 3; ++t) {
        for (std::size_t u = 0; u < sum.size(); ++u) sum[u] += each.scores.row(t)[u];
    }
    EXPECT_MEASURED(test::relative_l2(span.scores.values, sum), 1.3e-6);
    EXPECT_CLOSE(span.targets[0].value, each.targets[0].value + each.targets[1].value + each.targets[2].value,
                 5e-7);
}

/// log softmax of a row at `token`, summed in double.
double log_softmax(std::span<const float> row, Token token) {
    double largest = row[0];
    for (const float z : row) largest = std::max(largest, static_cast<double>(z));
    double sum = 0;
    for (const float z : row) sum += std::exp(z - largest);
    return row[static_cast<std::size_t>(token)] - largest - std::log(sum);
}

TEST_F(Targets, AContrastTakesTheSpansPlace) {
    Request asked = request();
    const Tokens& answer = asked.output.ids;
    const Tokens rival = {ids[3], ids[7], ids[2]};  // longer than the span
    asked.target.span = {1, 3};
    asked.target.contrast = rival;
    Tokens before = asked.input_ids;
    before.push_back(answer[0]);
    const Tensor of_span = logits(before, {answer[1], answer[2]});
    const Tensor of_rival = logits(before, rival);
    double f = log_softmax(of_span.row(0), answer[1]) + log_softmax(of_span.row(1), answer[2]);
    for (std::size_t t = 0; t < rival.size(); ++t) f -= log_softmax(of_rival.row(t), rival[t]);
    for (const char* method : {"input_x_gradient", "leave_one_out"})
        EXPECT_CLOSE(run(asked, method).targets[0].value, f, 1e-6) << method;
    // Taking a unit away changes both by as much as it does one by one.
    const Attribution difference = run(asked, "leave_one_out");
    Request one = request();
    one.target.span = {1, 3};
    Request other = request();
    other.output.ids = {answer[0], rival[0], rival[1], rival[2]};
    other.target.span = {1, 4};
    const Attribution of_one = run(one, "leave_one_out");
    const Attribution of_other = run(other, "leave_one_out");
    std::vector<float> expected;
    for (std::size_t u = 0; u < of_one.units.size(); ++u)
        expected.push_back(of_one.scores.values[u] - of_other.scores.values[u]);
    EXPECT_MEASURED(test::relative_l2(difference.scores.values, expected), 4e-7);
    // The span against itself is no difference.
    asked.target.contrast = {answer[1], answer[2]};
    const Attribution none = run(asked, "leave_one_out");
    EXPECT_CLOSE(none.targets[0].value, 0, 5e-7);
    for (const float score : none.scores.values) EXPECT_CLOSE(score, 0, 5e-7);
}

TEST_F(Targets, AContrastIsTheDifferenceOfTwoAnswers) {
    Request asked = request();
    asked.target.contrast = {ids[3], ids[7]};  // shorter than the answer
    const Attribution difference = run(asked, "input_x_gradient");
    EXPECT_CLOSE(difference.targets[0].value,
                 score(asked.input_ids, asked.output.ids) - score(asked.input_ids, asked.target.contrast),
                 5e-7);
    const Attribution of_answer = run(request(), "input_x_gradient");
    Request other = request();
    other.output.ids = asked.target.contrast;
    const Attribution of_other = run(other, "input_x_gradient");
    std::vector<float> expected;
    for (std::size_t u = 0; u < of_answer.units.size(); ++u)
        expected.push_back(of_answer.scores.values[u] - of_other.scores.values[u]);
    EXPECT_MEASURED(test::relative_l2(difference.scores.values, expected), 4.2e-7);
    asked.target.each = true;
    test::expect_error(ErrorCode::usage, {"contrast"}, [&] { (void)run(asked, "saliency"); });
}

TEST_F(Targets, AlternativesAreTheMostProbableTokens) {
    Request asked = request();
    asked.target.span = {2, 3};
    asked.target.alternatives = 3;
    const Attribution found = run(asked, "saliency");
    ASSERT_EQ(found.targets.size(), 3U);
    const Tensor rows = logits(asked.input_ids, asked.output.ids);
    std::vector<float> sorted(rows.row(2).begin(), rows.row(2).end());
    std::sort(sorted.rbegin(), sorted.rend());
    const double normaliser = objective::log_sum_exp(rows.row(2));
    for (std::size_t k = 0; k < 3; ++k) EXPECT_CLOSE(found.targets[k].value, sorted[k] - normaliser, 5e-7);
}

TEST_F(Targets, MeasuresAreWhatTheirNamesSay) {
    Request asked = request();
    const Tensor rows = logits(asked.input_ids, asked.output.ids);
    double logit = 0;
    double entropy = 0;
    for (std::size_t t = 0; t < asked.output.ids.size(); ++t) {
        const auto row = rows.row(t);
        logit += row[static_cast<std::size_t>(asked.output.ids[t])];
        const double normaliser = objective::log_sum_exp(row);
        for (const float z : row) entropy -= std::exp(z - normaliser) * (z - normaliser);
    }
    const auto value = [&](Measure measure) {
        asked.target.measure = measure;
        return run(asked, "saliency").targets.at(0).value;
    };
    EXPECT_CLOSE(value(Measure::logit), logit, 5e-7);
    EXPECT_CLOSE(value(Measure::entropy), entropy, 5e-7);
    const double p = std::exp(score(asked.input_ids, asked.output.ids));
    EXPECT_CLOSE(value(Measure::probability) / p, 1.0, 5e-7);
    test::expect_error(ErrorCode::usage, {"kl", "`context_span`"}, [&] { (void)value(Measure::kl); });
}

TEST_F(Targets, DivergenceIsFromTheModelWithoutTheContext) {
    Request asked = request();
    asked.units.context = {characters(4), characters(9)};
    asked.target.measure = Measure::kl;
    const Tensor with = logits(asked.input_ids, asked.output.ids);
    const Tensor free = logits(without(asked.input_ids, 4, 9), asked.output.ids);
    std::vector<double> divergence;
    for (std::size_t t = 0; t < asked.output.ids.size(); ++t) {
        const double a = objective::log_sum_exp(with.row(t));
        const double b = objective::log_sum_exp(free.row(t));
        double sum = 0;
        for (std::size_t v = 0; v < with.row(t).size(); ++v) {
            const double log_p = with.row(t)[v] - a;
            sum += std::exp(log_p) * (log_p - (free.row(t)[v] - b));
        }
        divergence.push_back(sum);
    }
    EXPECT_CLOSE(run(asked, "saliency").targets.at(0).value,
                 std::accumulate(divergence.begin(), divergence.end(), 0.0), 5e-7);

    asked.target.measure = Measure::logprob;
    const Attribution reliance = run(asked, {"context_reliance", {{"deviations", "0"}}});
    ASSERT_EQ(reliance.context_sensitivity.size(), divergence.size());
    const double mean = std::accumulate(divergence.begin(), divergence.end(), 0.0) / 6;
    std::vector<int> above;
    for (std::size_t t = 0; t < divergence.size(); ++t) {
        EXPECT_CLOSE(reliance.context_sensitivity[t], divergence[t], 5e-7);
        if (divergence[t] >= mean) above.push_back(static_cast<int>(prompt + static_cast<std::ptrdiff_t>(t)));
    }
    ASSERT_EQ(reliance.targets.size(), above.size());
    for (std::size_t k = 0; k < above.size(); ++k) {
        EXPECT_EQ(reliance.targets[k].tokens.first, above[k]);
        for (std::size_t u = 0; u < reliance.units.size(); ++u)
            EXPECT_EQ(reliance.scores.row(k)[u] > 0, u >= 4 && u < 9) << u;
    }
}

TEST_F(Targets, ContextChangesTheAnswersProbabilities) {
    Request asked = request();
    asked.units.context = {characters(4), characters(9)};
    const Tensor with = logits(asked.input_ids, asked.output.ids);
    const Tensor free = logits(without(asked.input_ids, 4, 9), asked.output.ids);
    const auto changes = [&](const std::string& metric) {
        return run(asked, {"context_reliance", {{"context_metric", metric}}});
    };
    const Attribution logprob = changes("logprob");
    const Attribution probability = changes("probability");
    for (std::size_t t = 0; t < asked.output.ids.size(); ++t) {
        const double before = objective::log_probability(free.row(t), asked.output.ids[t]);
        const double after = objective::log_probability(with.row(t), asked.output.ids[t]);
        EXPECT_CLOSE(logprob.context_sensitivity[t], after - before, 6e-8);
        EXPECT_CLOSE(probability.context_sensitivity[t], std::exp(after) - std::exp(before), 6e-8);
    }
    EXPECT_NE(logprob.objective, probability.objective);
}

TEST_F(Targets, CuesStandOutAmongTheContextsScores) {
    Request asked = request();
    asked.units.context = {characters(4), characters(16)};
    const Attribution all = run(asked, {"context_reliance", {{"deviations", "0"}, {"cue_deviations", "0"}}});
    const Attribution two =
        run(asked, {"context_reliance", {{"deviations", "0"}, {"cue_deviations", "0"}, {"top_cues", "2"}}});
    ASSERT_EQ(all.cues.size(), all.targets.size());
    for (std::size_t t = 0; t < all.cues.size(); ++t) {
        const auto scores = all.scores.row(t);
        const double mean = std::accumulate(scores.begin() + 4, scores.begin() + 16, 0.0) / 12;
        std::vector<int> above;
        for (int u = 4; u < 16; ++u) {
            if (scores[static_cast<std::size_t>(u)] >= mean) above.push_back(u);
        }
        EXPECT_EQ(all.cues[t], above);
        EXPECT_EQ(two.cues[t].size(), 2U);
    }
    const Attribution one = run(asked, {"context_reliance", {{"deviations", "0"}, {"top_tokens", "1"}}});
    ASSERT_EQ(one.targets.size(), 1U);
    const auto& kl = one.context_sensitivity;
    EXPECT_EQ(one.targets[0].value, *std::max_element(kl.begin(), kl.end()));
}

TEST_F(Targets, TheThresholdOfContextRelianceIsTheSamplesDeviation) {
    Request asked = request();
    asked.units.context = {characters(4), characters(9)};
    const std::vector<double> kl =
        run(asked, {"context_reliance", {{"deviations", "0"}}}).context_sensitivity;
    const auto n = static_cast<double>(kl.size());
    const double mean = std::accumulate(kl.begin(), kl.end(), 0.0) / n;
    double squares = 0;
    for (const double k : kl) squares += (k - mean) * (k - mean);
    const double largest = *std::max_element(kl.begin(), kl.end());
    // Between what n and n - 1 allow, the token that diverges most is no longer above the threshold.
    const double by_sample = (largest - mean) / std::sqrt(squares / (n - 1));
    const auto chosen = [&](double deviations) {
        const Method method("context_reliance", {{"deviations", std::to_string(deviations)}});
        return Explainer(model, {method}).compute(asked).warnings.empty();
    };
    EXPECT_TRUE(chosen(0.999 * by_sample));
    EXPECT_FALSE(chosen(1.001 * by_sample)) << "(n) would take it to " << std::sqrt(n / (n - 1)) << " times";
}

TEST_F(Targets, WhatCauses) {
    // The scores are the saliency of log p(token) - log p(rival); the rival's gradient is that of an
    // answer which has it in the token's place.
    Request asked = request();
    asked.output.ids.resize(1);
    asked.units.context = {characters(4), characters(16)};
    const Attribution reliance = run(asked, "context_reliance");
    ASSERT_EQ(reliance.targets.size(), 1U);
    const Tensor free = logits(without(asked.input_ids, 4, 16), asked.output.ids);
    Token rival = asked.output.ids[0] == 0 ? 1 : 0;
    for (Token id = 0; id < model.facts().vocabulary; ++id) {
        const auto at = [&](Token token) { return free.values[static_cast<std::size_t>(token)]; };
        if (id != asked.output.ids[0] && at(id) > at(rival)) rival = id;
    }
    Request contrast = asked;
    contrast.target.contrast = {rival};
    std::vector<float> expected = run(contrast, "saliency").scores.values;
    for (std::size_t u : {0U, 1U, 2U, 3U, 16U, 17U}) expected[u] = 0;
    EXPECT_MEASURED(test::relative_l2(reliance.scores.values, expected), 3.7e-7);
}

TEST_F(Targets, EarlierAnswerTokensAreSources) {
    Request asked = request();
    asked.target = {.each = true, .all_sources = true};
    const Attribution found = run(asked, {"leave_one_out", {{"baseline_token", "5"}}});
    ASSERT_EQ(found.units.size(), ids.size());
    // what comes later cannot matter, and a token is not its own source
    for (std::size_t t = 0; t < 6; ++t) {
        for (std::size_t u = 18 + t; u < ids.size(); ++u) EXPECT_CLOSE(found.scores.row(t)[u], 0, 5e-7);
    }
    Tokens changed = ids;
    changed[19] = 5;
    const Tokens before(changed.begin(), changed.begin() + 20);
    const Tokens same(ids.begin(), ids.begin() + 20);
    EXPECT_CLOSE(found.scores.row(2)[19], score(same, {ids[20]}) - score(before, {ids[20]}), 5e-7);
}

}  // namespace
}  // namespace llmx

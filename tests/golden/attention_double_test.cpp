// Value zeroing and value norms against a plain double-precision forward pass of the model.

#include <gtest/gtest.h>

#include <algorithm>
#include <llmx/llmx.hpp>

#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/measured.hpp"
#include "support/tiny_llama.hpp"

namespace llmx {
namespace {

using test::Matrix;
using test::prompt_size;

struct DoubleCase {
    const char* name;
    const char* architecture;
};
void PrintTo(const DoubleCase& family, std::ostream* out) { *out << family.name; }

class AttentionInDouble : public testing::TestWithParam<DoubleCase> {
protected:
    const std::string stem = test::data_file(GetParam().name, "-tiny");
    const test::TinyLlama truth{stem + ".gguf", GetParam().architecture};
    const Model model = Model::load(stem + ".gguf");
    const Tokens ids = test::GoldenFile(stem + ".golden.gguf").ids("ids");

    [[nodiscard]] Tensor scores(const Method& method) const {
        Request request;
        request.input_ids.assign(ids.begin(), ids.begin() + prompt_size);
        request.output.ids.assign(ids.begin() + prompt_size, ids.end());
        request.target = {.each = true, .all_sources = true};
        return Explainer(model, {method}).compute(request).attributions.at(0).scores;
    }
    [[nodiscard]] std::vector<float> answer_rows(const Matrix& matrix) const {
        std::vector<float> all;
        for (std::size_t row = prompt_size - 1; row + 1 < ids.size(); ++row)
            for (const double x : matrix[row]) all.push_back(static_cast<float>(x));
        return all;
    }
};

double one_minus_cosine(const std::vector<double>& a, const std::vector<double>& b) {
    double ab = 0;
    double aa = 0;
    double bb = 0;
    for (std::size_t d = 0; d < a.size(); ++d) {
        ab += a[d] * b[d];
        aa += a[d] * a[d];
        bb += b[d] * b[d];
    }
    return 1 - ab / std::sqrt(aa * bb);
}

TEST_P(AttentionInDouble, ValueZeroing) {
    Matrix state = truth.embed(ids);
    std::vector<Matrix> maps;
    for (std::size_t b = 0; b < truth.blocks; ++b) {
        const Matrix plain = truth.block(b, state);
        Matrix map(ids.size(), std::vector<double>(ids.size(), 0.0));
        for (std::size_t j = 0; j < ids.size(); ++j) {
            const Matrix changed = truth.block(b, state, j);
            for (std::size_t i = j; i < ids.size(); ++i) map[i][j] = one_minus_cosine(changed[i], plain[i]);
        }
        for (auto& row : map) {
            double sum = 0;
            for (const double c : row) sum += c;
            for (double& c : row) c /= sum;
        }
        maps.push_back(std::move(map));
        state = plain;
    }
    const double one =
        test::relative_l2(scores({"value_zeroing", {{"layer", "2"}}}).values, answer_rows(maps[2]));
    const double all = test::relative_l2(scores("value_zeroing").values, answer_rows(test::rollout(maps)));
    std::cout << GetParam().name << ": one block " << one << ", rolled out " << all << '\n';
    EXPECT_MEASURED(one, 9.6e-7);
    EXPECT_MEASURED(all, 2.7e-7);
}

TEST_P(AttentionInDouble, ValueNorm) {
    Matrix state = truth.embed(ids);
    Matrix mean(ids.size(), std::vector<double>(ids.size(), 0.0));
    Matrix of_head = mean;  // block 1, head 2
    for (std::size_t b = 0; b < truth.blocks; ++b) {
        test::TinyLlama::Seen seen;
        state = truth.block(b, state, {}, &seen);
        for (std::size_t h = 0; h < truth.heads; ++h) {
            for (std::size_t k = 0; k < ids.size(); ++k) {
                const auto moved = truth.projected(
                    b, h, seen.values[k].data() + h * truth.groups / truth.heads * truth.size);
                double squares = 0;
                for (const double x : moved) squares += x * x;
                for (std::size_t q = k; q < ids.size(); ++q) {
                    const double weight = seen.attention[h][q][k] * std::sqrt(squares);
                    mean[q][k] += weight / static_cast<double>(truth.heads * truth.blocks);
                    if (b == 1 && h == 2) of_head[q][k] = weight;
                }
            }
        }
    }
    const double all = test::relative_l2(scores("value_norm").values, answer_rows(mean));
    const double one = test::relative_l2(scores({"value_norm", {{"layer", "1"}, {"head", "2"}}}).values,
                                         answer_rows(of_head));
    std::cout << GetParam().name << ": value norm " << all << ", one head " << one << '\n';
    EXPECT_MEASURED(all, 7.8e-8);
    EXPECT_MEASURED(one, 2.6e-7);
}

/// log p(token) at a row, of the residual stream after all blocks.
double log_probability(const test::TinyLlama& truth, const Matrix& state, std::size_t row, Token token) {
    const std::vector<double> z = truth.logits({state[row]})[0];
    const double largest = *std::max_element(z.begin(), z.end());
    double sum = 0;
    for (const double x : z) sum += std::exp(x - largest);
    return z[static_cast<std::size_t>(token)] - largest - std::log(sum);
}

// R <- R + A R (Chefer et al. 2021, equations 5 and 6) from the identity, the gradient of every attention
// weight by central differences of the plain forward pass.
TEST_P(AttentionInDouble, TimesGradientIsThePapersForm) {
    constexpr std::size_t given = 7;
    const Tokens text(ids.begin(), ids.begin() + 10);
    const std::size_t row = text.size() - 2;  // predicts the last token
    std::vector<Matrix> states = {truth.embed(text)};
    std::vector<test::TinyLlama::Seen> seen(truth.blocks);
    for (std::size_t b = 0; b < truth.blocks; ++b) states.push_back(truth.block(b, states[b], {}, &seen[b]));
    const auto f = [&](std::size_t block, const test::TinyLlama::Nudge& nudge) {
        Matrix state = truth.block(block, states[block], {}, nullptr, &nudge);
        for (std::size_t b = block + 1; b < truth.blocks; ++b) state = truth.block(b, state);
        return log_probability(truth, state, row, text.back());
    };
    constexpr double step = 1e-5;
    std::vector<double> relevance(text.size(), 0.0);
    relevance[row] = 1;
    for (std::size_t b = truth.blocks; b-- > 0;) {
        std::vector<double> below = relevance;
        for (std::size_t q = 0; q <= row; ++q) {
            if (relevance[q] == 0) continue;
            for (std::size_t k = 0; k <= q; ++k) {
                for (std::size_t h = 0; h < truth.heads; ++h) {
                    const double gradient = (f(b, {h, q, k, step}) - f(b, {h, q, k, -step})) / (2 * step);
                    const double product = gradient * seen[b].attention[h][q][k];
                    below[k] += relevance[q] * std::max(0.0, product) / static_cast<double>(truth.heads);
                }
            }
        }
        relevance = below;
    }
    Request request;
    request.input_ids.assign(text.begin(), text.begin() + given);
    request.output.ids.assign(text.begin() + given, text.end());
    request.target.span = {2, 3};
    request.target.all_sources = true;
    const Tensor found =
        Explainer(model, {"attention_x_gradient"}).compute(request).attributions.at(0).scores;
    EXPECT_EQ(found.values[row] > 1, true) << "the identity's part";
    const std::vector<float> expected(relevance.begin(), relevance.end());
    const double error = test::relative_l2(found.values, expected);
    std::cout << GetParam().name << ": times gradient " << error << '\n';
    EXPECT_MEASURED(error, 1.5e-7);
}

INSTANTIATE_TEST_SUITE_P(Tiny, AttentionInDouble,
                         testing::Values(DoubleCase{"llama", "llama"}, DoubleCase{"llamamha", "llama"},
                                         DoubleCase{"qwen2", "qwen2"}),
                         [](const auto& family) { return std::string(family.param.name); });

}  // namespace
}  // namespace llmx

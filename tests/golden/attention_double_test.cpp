// Value zeroing and value norms against a plain double-precision forward pass of the model.

#include <gtest/gtest.h>

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

INSTANTIATE_TEST_SUITE_P(Tiny, AttentionInDouble,
                         testing::Values(DoubleCase{"llama", "llama"}, DoubleCase{"llamamha", "llama"},
                                         DoubleCase{"qwen2", "qwen2"}),
                         [](const auto& family) { return std::string(family.param.name); });

}  // namespace
}  // namespace llmx

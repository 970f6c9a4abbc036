// Weights: products with the right matrix of the right batch, kept or not, in float32 or bfloat16.

#include "vjp/weights.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <utility>

#include "gemm/gemm.hpp"
#include "one_op.hpp"
#include "support/measured.hpp"

namespace llmx::test {

namespace {

/// Three matrices of a type, with the values that ggml reads from them.
class Stored {
public:
    explicit Stored(ggml_type type, std::int64_t rows = 5, std::int64_t columns = 256)
        : op_(make_case(type, rows, columns), 3, false) {}
    [[nodiscard]] const engine::TensorInfo& info() { return op_.graph().tensors.front(); }
    [[nodiscard]] double value(std::int64_t batch, std::int64_t k) const {
        const Array& all = op_.inputs().front();
        return all.v[static_cast<std::size_t>(batch * all.shape[2] * all.shape[3] + k)];
    }
    /// Rows and columns of a matrix.
    [[nodiscard]] std::pair<std::int64_t, std::int64_t> sizes() const {
        const Shape& shape = op_.inputs().front().shape;
        return {shape[2], shape[3]};
    }
    [[nodiscard]] std::int64_t elements() const { return sizes().first * sizes().second; }

private:
    static Case make_case(ggml_type type, std::int64_t rows, std::int64_t columns) {
        return {"MUL_MAT",
                "",
                {{.shape = {1, 3, rows, columns}, .type = type, .role = engine::TensorRole::weight},
                 {{1, 3, 2, columns}}},
                [](ggml_context* c, const auto& x) { return ggml_mul_mat(c, x[0], x[1]); },
                nullptr};
    }
    OneOp op_;
};

const ggml_type types[] = {GGML_TYPE_F32,  GGML_TYPE_F16,  GGML_TYPE_BF16,
                           GGML_TYPE_Q4_1, GGML_TYPE_Q8_0, GGML_TYPE_Q6_K};

/// dy times matrix number `batch`, by plain loops.
std::vector<double> expected(const Stored& stored, std::int64_t batch, const std::vector<float>& dy) {
    const auto [rows, columns] = stored.sizes();
    const std::int64_t count = static_cast<std::int64_t>(dy.size()) / rows;
    std::vector<double> product(static_cast<std::size_t>(count * columns));
    for (std::int64_t m = 0; m < count; ++m)
        for (std::int64_t n = 0; n < rows; ++n)
            for (std::int64_t k = 0; k < columns; ++k)
                product[static_cast<std::size_t>(m * columns + k)] +=
                    static_cast<double>(dy[static_cast<std::size_t>(m * rows + n)]) *
                    stored.value(batch, n * columns + k);
    return product;
}

std::vector<float> multiplied(vjp::Weights& weights, Stored& stored, std::int64_t batch,
                              const std::vector<float>& dy, float beta = 0.0F) {
    const auto [rows, columns] = stored.sizes();
    const std::int64_t count = static_cast<std::int64_t>(dy.size()) / rows;
    std::vector<float> got(static_cast<std::size_t>(count * columns), beta == 0.0F ? NAN : 0.5F);
    weights.multiply(stored.info(), batch, {count, dy.data(), rows, beta, got.data(), columns}, 2);
    return got;
}

double error(const std::vector<float>& got, const std::vector<double>& expected, double more = 0) {
    double difference = 0, norm = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
        difference += std::pow(static_cast<double>(got[i]) - more - expected[i], 2);
        norm += std::pow(expected[i], 2);
    }
    return std::sqrt(difference / norm);
}

std::vector<float> some(std::int64_t count) {
    std::vector<float> values(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<float>(i) * 1.7F);
    return values;
}

TEST(Weights, ProductsWithEachMatrix) {
    for (const ggml_type type : types) {
        for (const std::int64_t rows : {5, 2500}) {  // at once, and in parts
            Stored stored(type, rows, 512);
            const std::vector<float> dy = some(3 * rows);
            for (const std::size_t budget : {std::size_t{0}, std::size_t{1} << 30U}) {
                vjp::Weights weights(budget);
                std::vector<float> first;
                for (int round = 0; round < 3; ++round) {
                    for (std::int64_t batch = 0; batch < 3; ++batch) {
                        const std::vector<double> truth = expected(stored, batch, dy);
                        const std::vector<float> got = multiplied(weights, stored, batch, dy);
                        EXPECT_MEASURED(error(got, truth), 3.5e-7) << ggml_type_name(type);
                        EXPECT_MEASURED(error(multiplied(weights, stored, batch, dy, 1.0F), truth, 0.5),
                                        3.5e-7);
                        if (batch > 0) continue;
                        if (round == 0) first = got;
                        EXPECT_EQ(got, first) << "kept or not, the bits are the same";
                    }
                }
            }
        }
    }
}

TEST(Weights, WholeTensorAsFloat32) {
    for (const ggml_type type : types) {
        Stored stored(type);
        vjp::Weights weights;
        const vjp::WeightMatrix m = weights.float32(stored.info());
        for (std::int64_t k = 0; k < 3 * stored.elements(); ++k) {
            ASSERT_EQ(static_cast<double>(m.float32[k]), stored.value(0, k));
        }
    }
}

TEST(Weights, ProductsInBfloat16) {
    if (!gemm::has_bfloat16()) GTEST_SKIP() << "no bfloat16 products on this machine";
    for (const ggml_type type : types) {
        for (const std::int64_t rows : {5, 2500}) {
            Stored stored(type, rows, 512);
            const std::vector<float> dy = some(3 * rows);
            vjp::Weights weights(0, true);
            EXPECT_TRUE(weights.bfloat16());
            for (std::int64_t batch = 0; batch < 3; ++batch)
                EXPECT_MEASURED(error(multiplied(weights, stored, batch, dy), expected(stored, batch, dy)),
                                2.2e-3);
        }
    }
}

TEST(Weights, KeptFromTheSecondTimeOnWhileTheBudgetLasts) {
    Stored stored(GGML_TYPE_F16, 5, 64);
    const std::vector<float> dy = some(5);
    vjp::Weights weights(2 * std::size_t{5} * 64 * sizeof(float));
    const auto multiply = [&](std::int64_t batch) {
        static_cast<void>(multiplied(weights, stored, batch, dy));
    };
    for (const std::int64_t batch : {0, 1, 2}) multiply(batch);
    EXPECT_EQ(weights.kept(), 0) << "a single reverse pass keeps none";
    for (const std::int64_t batch : {0, 1}) multiply(batch);
    EXPECT_EQ(weights.kept(), 2);
    for (const std::int64_t batch : {0, 1, 2}) multiply(batch);
    EXPECT_EQ(weights.kept(), 2) << "no room for the third";
}

}  // namespace

}  // namespace llmx::test

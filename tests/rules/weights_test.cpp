// Weights: the right matrix of the right batch, kept or not, as float32 or bfloat16.

#include "vjp/weights.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "one_op.hpp"

namespace llmx::test {

namespace {

/// Three matrices [5, columns] of a type, with the values that ggml reads from them.
class Stored {
public:
    explicit Stored(ggml_type type) : op_(make_case(type), 3, false) {}
    [[nodiscard]] const engine::TensorInfo& info() { return op_.graph().tensors.front(); }
    [[nodiscard]] double value(std::int64_t batch, std::int64_t k) const {
        const Array& all = op_.inputs().front();
        return all.v[static_cast<std::size_t>(batch * all.shape[2] * all.shape[3] + k)];
    }
    [[nodiscard]] std::int64_t elements() const {
        const Shape& shape = op_.inputs().front().shape;
        return shape[2] * shape[3];
    }

private:
    static Case make_case(ggml_type type) {
        const std::int64_t columns = std::max<std::int64_t>(ggml_blck_size(type), 6);
        return {"MUL_MAT",
                "",
                {{.shape = {1, 3, 5, columns}, .type = type, .role = engine::TensorRole::weight},
                 {{1, 3, 2, columns}}},
                [](ggml_context* c, const auto& x) { return ggml_mul_mat(c, x[0], x[1]); },
                nullptr};
    }
    OneOp op_;
};

const ggml_type types[] = {GGML_TYPE_F32,  GGML_TYPE_F16,  GGML_TYPE_BF16,
                           GGML_TYPE_Q4_1, GGML_TYPE_Q8_0, GGML_TYPE_Q6_K};

TEST(Weights, MatrixOfEachBatchAsFloat32) {
    for (const ggml_type type : types) {
        Stored stored(type);
        for (const std::size_t budget : {std::size_t{0}, std::size_t{1} << 20U}) {
            vjp::Weights weights(budget);
            for (int round = 0; round < 2; ++round) {
                for (std::int64_t batch = 0; batch < 3; ++batch) {
                    const vjp::WeightMatrix m = weights.matrix(stored.info(), batch);
                    ASSERT_NE(m.float32, nullptr);
                    ASSERT_EQ(m.bfloat16, nullptr);
                    for (std::int64_t k = 0; k < stored.elements(); ++k) {
                        ASSERT_EQ(static_cast<double>(m.float32[k]), stored.value(batch, k))
                            << ggml_type_name(type);
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

TEST(Weights, Bfloat16IsTheNearest) {
    for (const ggml_type type : types) {
        Stored stored(type);
        vjp::Weights weights(0, true);
        EXPECT_TRUE(weights.bfloat16());
        for (std::int64_t batch = 0; batch < 3; ++batch) {
            const vjp::WeightMatrix m = weights.matrix(stored.info(), batch);
            ASSERT_NE(m.bfloat16, nullptr);
            for (std::int64_t k = 0; k < stored.elements(); ++k) {
                const auto got =
                    static_cast<double>(std::bit_cast<float>(std::uint32_t{m.bfloat16[k]} << 16U));
                const double expected = stored.value(batch, k);
                ASSERT_LE(std::fabs(got - expected), std::fabs(expected) / 256) << ggml_type_name(type);
            }
        }
    }
}

TEST(Weights, Float32FilesAreUsedInPlace) {
    Stored stored(GGML_TYPE_F32);
    vjp::Weights weights;
    EXPECT_EQ(weights.matrix(stored.info(), 0).owner, nullptr);
    EXPECT_EQ(weights.matrix(stored.info(), 0).float32, weights.float32(stored.info()).float32);
}

TEST(Weights, KeptFromTheSecondTimeOnWhileTheBudgetLasts) {
    Stored stored(GGML_TYPE_F16);
    const auto bytes = static_cast<std::size_t>(stored.elements()) * sizeof(float);
    vjp::Weights weights(2 * bytes);
    const vjp::WeightMatrix once = weights.matrix(stored.info(), 0);
    for (const std::int64_t batch : {1, 2}) static_cast<void>(weights.matrix(stored.info(), batch));
    const vjp::WeightMatrix first = weights.matrix(stored.info(), 0);
    EXPECT_NE(first.float32, once.float32) << "a single reverse pass keeps none";
    const vjp::WeightMatrix second = weights.matrix(stored.info(), 1);
    const vjp::WeightMatrix third = weights.matrix(stored.info(), 2);
    EXPECT_EQ(weights.matrix(stored.info(), 0).float32, first.float32);
    EXPECT_EQ(weights.matrix(stored.info(), 1).float32, second.float32);
    // no room for the third: made anew while the old one lives
    EXPECT_NE(weights.matrix(stored.info(), 2).float32, third.float32);
}

}  // namespace

}  // namespace llmx::test

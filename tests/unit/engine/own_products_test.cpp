// Products in ggml's place: the same numbers, and only those that they are meant for.

#include "engine/pass/own_products.hpp"

#include <ggml-cpu.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <memory>

#include "gemm/gemm.hpp"
#include "support/measured.hpp"

namespace llmx::engine {
namespace {

struct ContextFree {
    void operator()(ggml_context* context) const { ggml_free(context); }
};

/// A product of `rows` rows with a weight [width, columns] of a type.
class Product {
public:
    explicit Product(ggml_type type, std::int64_t rows = 65, std::int64_t columns = 96,
                     std::int64_t width = 70)
        : context_(ggml_init({std::size_t{1} << 24U, nullptr, false})) {
        weight = ggml_new_tensor_2d(context_.get(), type, columns, width);
        std::vector<float> values(static_cast<std::size_t>(columns * width));
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<float>(i) * 0.7F);
        ggml_quantize_chunk(type, values.data(), weight->data, 0, width, columns, nullptr);
        input = ggml_new_tensor_2d(context_.get(), GGML_TYPE_F32, columns, rows);
        for (std::int64_t i = 0; i < columns * rows; ++i)
            ggml_set_f32_1d(input, static_cast<int>(i), std::cos(static_cast<float>(i) * 1.3F));
        node = ggml_mul_mat(context_.get(), weight, input);
    }

    [[nodiscard]] ggml_context* context() const { return context_.get(); }
    [[nodiscard]] std::vector<float> values() const {
        const auto* data = static_cast<const float*>(node->data);
        return {data, data + ggml_nelements(node)};
    }
    [[nodiscard]] std::vector<float> by_ggml() const {
        ggml_cgraph* graph = ggml_new_graph(context_.get());
        ggml_build_forward_expand(graph, node);
        ggml_cplan plan = ggml_graph_plan(graph, 2, nullptr);
        std::vector<std::uint8_t> work(plan.work_size);
        plan.work_data = work.data();
        ggml_graph_compute(graph, &plan);
        return values();
    }

private:
    std::unique_ptr<ggml_context, ContextFree> context_;

public:
    ggml_tensor* weight = nullptr;
    ggml_tensor* input = nullptr;
    ggml_tensor* node = nullptr;
};

class OwnProduct : public testing::Test {
protected:
    void SetUp() override {
        if (!gemm::is_optimized()) GTEST_SKIP() << "this build has no oneDNN";
    }
};

void expect_same(ggml_type type, double measured) {
    const Product product(type);
    const std::vector<float> expected = product.by_ggml();
    std::fill_n(static_cast<float*>(product.node->data), ggml_nelements(product.node), NAN);
    OwnProducts own;
    ASSERT_TRUE(own.before(product.node));
    EXPECT_EQ(product.node->op, GGML_OP_NONE);
    EXPECT_TRUE(own.is_running(product.node));
    own.after(product.node, 2);
    EXPECT_EQ(product.node->op, GGML_OP_MUL_MAT);
    const std::vector<float> got = product.values();
    double difference = 0, norm = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
        difference += std::pow(static_cast<double>(got[i]) - expected[i], 2);
        norm += std::pow(static_cast<double>(expected[i]), 2);
    }
    EXPECT_MEASURED(std::sqrt(difference / norm), measured);
}

TEST_F(OwnProduct, Float32AsGgml) { expect_same(GGML_TYPE_F32, 4.4e-7); }

TEST_F(OwnProduct, Bfloat16AsGgml) {
    if (!gemm::multiplies_bfloat16()) GTEST_SKIP() << "this processor multiplies no bfloat16";
    expect_same(GGML_TYPE_BF16, 6e-8);
}

TEST_F(OwnProduct, QuantisedAsGgml) {
    for (const ggml_type type :
         {GGML_TYPE_Q4_0, GGML_TYPE_Q4_1, GGML_TYPE_Q5_0, GGML_TYPE_Q5_1, GGML_TYPE_Q8_0, GGML_TYPE_IQ4_NL}) {
        SCOPED_TRACE(ggml_type_name(type));
        expect_same(type, 5.2e-7);
    }
}

TEST_F(OwnProduct, LeavesTheOthersToGgml) {
    OwnProducts own;
    for (const ggml_type type : {GGML_TYPE_F16, GGML_TYPE_Q6_K}) {
        EXPECT_FALSE(own.before(Product(type, 65, 256).node)) << ggml_type_name(type);
    }
    EXPECT_FALSE(own.before(Product(GGML_TYPE_F32, 31).node)) << "few rows";
    const Product product(GGML_TYPE_F32);
    EXPECT_FALSE(own.before(ggml_add(product.context(), product.node, product.node))) << "no product";
    ggml_tensor* across = ggml_cont(product.context(), ggml_transpose(product.context(), product.weight));
    EXPECT_FALSE(own.before(ggml_mul_mat(product.context(), across,
                                         ggml_new_tensor_2d(product.context(), GGML_TYPE_F32, 70, 40))))
        << "no weight, but computed";
}

TEST_F(OwnProduct, RestoredIfThePassEndsBetween) {
    const Product product(GGML_TYPE_F32);
    OwnProducts own;
    ASSERT_TRUE(own.before(product.node));
    own.restore();
    EXPECT_EQ(product.node->op, GGML_OP_MUL_MAT);
    std::fill_n(static_cast<float*>(product.node->data), ggml_nelements(product.node), 7.0F);
    own.after(product.node, 2);  // another node at the same address, in a later pass
    EXPECT_EQ(product.values().front(), 7.0F);
}

}  // namespace
}  // namespace llmx::engine

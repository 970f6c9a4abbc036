// Weights that a caller has in memory give the model that the same weights in a file give.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <list>
#include <llmx/error.hpp>
#include <llmx/explainer.hpp>

#include "checkpoint/load.hpp"
#include "support/data.hpp"
#include "support/golden_file.hpp"

namespace llmx::checkpoint {
namespace {

using testing::HasSubstr;

const std::string directory = test::data_file("llama-tiny");

/// The tensors of the directory's file, in memory.
struct InMemory {
    std::list<std::vector<std::byte>> values;
    std::vector<GivenWeight> weights;

    InMemory() {
        for (const auto& [name, weight] : read_directory_weights(directory).by_name) {
            std::vector<std::byte>& bytes = values.emplace_back(weight.bytes);
            weight.read(0, bytes);
            weights.push_back({name, weight.type, weight.shape, bytes});
        }
    }
};

std::string message_of(const std::vector<GivenWeight>& weights) {
    try {
        (void)load_with_weights(directory, "given", weights);
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::model);
        return error.what();
    }
    return "no error";
}

Explanation explained(const Model& model) {
    return Explainer(model, {"gradient"}).compute({.input_ids = {5, 9, 12, 7}, .output = {.ids = {8, 4}}});
}

TEST(GivenWeights, AreTheModelOfTheFile) {
    const Model given = [] {
        const InMemory memory;
        return load_with_weights(directory, "given", memory.weights);
    }();  // the caller's memory is gone
    const Model file = Model::load(directory);
    EXPECT_EQ(given.facts().path, "given");
    EXPECT_EQ(given.facts().parameters, file.facts().parameters);
    EXPECT_EQ(given.tokenize("the cat"), file.tokenize("the cat"));
    EXPECT_EQ(explained(given).original.gradient->gradient.values,
              explained(file).original.gradient->gradient.values);
}

TEST(GivenWeights, AreKnownByTheirValues) {
    InMemory memory;
    const std::string before = load_with_weights(directory, "given", memory.weights).sha256_16();
    std::swap(memory.weights.front(), memory.weights.back());
    EXPECT_EQ(load_with_weights(directory, "given", memory.weights).sha256_16(), before);
    memory.values.front()[1] ^= std::byte{1};
    EXPECT_NE(load_with_weights(directory, "given", memory.weights).sha256_16(), before);
}

TEST(GivenWeights, ThatAreWrongAreNamed) {
    const InMemory memory;
    std::vector<GivenWeight> twice = memory.weights;
    twice.push_back(twice.front());
    EXPECT_THAT(message_of(twice), HasSubstr("model given: tensor lm_head.weight is given twice"));
    std::vector<GivenWeight> cut = memory.weights;
    cut.front().values = cut.front().values.first(8);
    EXPECT_THAT(message_of(cut), HasSubstr("tensor lm_head.weight: 8 bytes; expected"));
    std::vector<GivenWeight> fewer(memory.weights.begin() + 1, memory.weights.end());
    EXPECT_THAT(message_of(fewer), HasSubstr("model given: no tensor lm_head.weight"));
    std::vector<GivenWeight> integers = memory.weights;
    integers.front().type = "I32";
    EXPECT_THAT(message_of(integers), HasSubstr("dtype is I32; expected F32, F16 or BF16"));
    EXPECT_THAT(message_of({}), HasSubstr("no tensors"));
}

}  // namespace
}  // namespace llmx::checkpoint

// Texts that the machine has no room for are refused before llama.cpp takes the memory.

#include <gtest/gtest.h>

#include "core/memory.hpp"
#include "engine/pass/pass.hpp"
#include "support/data.hpp"
#include "support/expect_error.hpp"

namespace llmx {
namespace {

TEST(Room, ForKeysAndValues) {
    const Model model = Model::load(test::data_file("llama-tiny.gguf"));
    const ModelFacts& facts = model.facts();
    const std::int64_t per_token = std::int64_t{8} * facts.blocks * facts.kv_heads * facts.head_size;
    const auto tokens = static_cast<std::int64_t>(available_memory()) / per_token * 2;
    ASSERT_LT(tokens, std::numeric_limits<int>::max());
    test::expect_error(ErrorCode::context_overflow, {"GB for keys and values", "GB are free", "shorter text"},
                       [&] { engine::Session(model, {.tokens = static_cast<int>(tokens), .outputs = 1}); });
}

}  // namespace
}  // namespace llmx

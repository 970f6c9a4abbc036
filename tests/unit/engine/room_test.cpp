// Texts that the machine has no room for are refused before llama.cpp takes the memory.

#include <gtest/gtest.h>

#include "core/memory.hpp"
#include "engine/generate/decoder.hpp"
#include "engine/pass/pass.hpp"
#include "engine/scoring/shared_passes.hpp"
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
    const auto refused = [](const auto& action) {
        test::expect_error(ErrorCode::context_overflow,
                           {"GB for keys and values", "GB are free", "shorter text"}, action);
    };
    const int size = static_cast<int>(tokens);
    const Progress silent;
    engine::Pulse pulse(silent, 1);
    refused([&] { engine::Session(model, {.tokens = size, .outputs = 1}); });
    refused([&] { engine::Decoder(model, {.tokens = size}, pulse); });
    refused([&] { engine::SharedPasses(model, size); });
}

}  // namespace
}  // namespace llmx

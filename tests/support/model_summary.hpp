#pragma once

#include <llmx/result.hpp>

namespace llmx::test {

/// Of a model that is nowhere.
inline ModelSummary some_model(ModelKind kind = ModelKind::decoder) {
    return {.file = "tiny.gguf",
            .sha256_16 = "0123456789abcdef",
            .name = "Tiny",
            .architecture = "llama",
            .kind = kind,
            .parameters = 29120,
            .type = "F32",
            .blocks = 2,
            .heads = 4,
            .kv_heads = 2,
            .embedding = 32};
}

}  // namespace llmx::test

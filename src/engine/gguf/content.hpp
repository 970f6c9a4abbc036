#pragma once
// A model as plain values: what a GGUF file would hold, before llama.cpp sees it. Whoever reads another
// format makes one of these; the engine builds the model from it.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace llmx::engine {

/// A key's value, in the types that llama.cpp reads.
using ContentValue =
    std::variant<bool, std::uint32_t, float, std::string, std::vector<std::string>, std::vector<std::int32_t>,
                 std::vector<float>, std::vector<std::uint8_t>, std::vector<bool>>;

struct ContentTensor {
    std::string name;                 ///< "blk.0.attn_q.weight"
    std::string type;                 ///< "F32", "F16" or "BF16"
    std::vector<std::int64_t> shape;  ///< row-major
    /// Writes all values into `out`, which is as long as type and shape say. May throw Error.
    std::function<void(std::span<std::byte> out)> fill;
    std::string origin;  ///< where it comes from, for messages: "model.norm.weight of model.safetensors"
};

struct Content {
    std::vector<std::pair<std::string, ContentValue>> values;
    std::vector<ContentTensor> tensors;
};

/// Bytes of one element of a type that ContentTensor knows.
inline std::size_t element_size(const std::string& type) { return type == "F32" ? 4 : 2; }

}  // namespace llmx::engine

#pragma once
// Rearranges the values of a weight from Hugging Face's layout to llama.cpp's.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace llmx::checkpoint {

using Shape = std::vector<std::int64_t>;

/// The sizes that transforms depend on.
struct Dims {
    std::uint32_t embedding = 0;
    std::uint32_t heads = 0;     ///< of queries
    std::uint32_t kv_heads = 0;  ///< of keys and values
    std::uint32_t head_size = 0;
    std::uint32_t skip = 0;  ///< for drop_rows
};

/// The shape after a transform, and the transform itself. `apply` works on whole tensors of `element` bytes
/// per value (4: float32); empty: the values are unchanged.
struct Arrangement {
    Shape shape;
    std::function<void(std::span<const std::byte> in, std::span<std::byte> out, std::size_t element)> apply;
};

/// Throws std::invalid_argument saying what shape it expects.
using Transform = Arrangement (*)(const Shape& shape, const Dims& dims);

/// Rows of each head's first and second half interleaved: Hugging Face rotates (i, i + d/2), llama.cpp's
/// "normal" rotary embedding (2i, 2i + 1). Matrices [heads · d, n] and vectors [heads · d].
Arrangement interleave_q(const Shape& shape, const Dims& dims);
Arrangement interleave_k(const Shape& shape, const Dims& dims);

/// From rows of q, k and v grouped by key-value head (its queries, its key, its value) to all queries, all
/// keys, all values. Matrices and vectors.
Arrangement ungroup_qkv(const Shape& shape, const Dims& dims);

/// [in, out] to [out, in]: GPT-2's Conv1D. Vectors stay.
Arrangement transpose(const Shape& shape, const Dims& dims);

/// w + 1: norms that multiply by 1 + w. Vectors only.
Arrangement plus_one(const Shape& shape, const Dims& dims);

/// Without the first `dims.skip` rows: position tables that begin after padding.
Arrangement drop_rows(const Shape& shape, const Dims& dims);

/// Whether `transform` needs float32 values, whatever the file has.
bool wants_float32(Transform transform);

}  // namespace llmx::checkpoint

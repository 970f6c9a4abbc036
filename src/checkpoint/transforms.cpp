#include "checkpoint/transforms.hpp"

#include <fmt/format.h>

#include <cstring>
#include <stdexcept>

namespace llmx::checkpoint {
namespace {

// Row `to(r)` of the result is row r.
template <class To>
Arrangement move_rows(const Shape& shape, const To& to) {
    const std::int64_t rows = shape[0];
    const std::int64_t columns = shape.size() == 2 ? shape[1] : 1;
    return {shape, [=](std::span<const std::byte> in, std::span<std::byte> out, std::size_t element) {
                const std::size_t row = static_cast<std::size_t>(columns) * element;
                for (std::int64_t r = 0; r < rows; ++r) {
                    std::memcpy(out.data() + static_cast<std::size_t>(to(r)) * row,
                                in.data() + static_cast<std::size_t>(r) * row, row);
                }
            }};
}

Arrangement interleave(const Shape& shape, std::int64_t heads) {
    if (shape.empty() || shape.size() > 2 || heads < 1 || shape[0] % (2 * heads) != 0) {
        throw std::invalid_argument(fmt::format("expected rows for {} heads of even size", heads));
    }
    const std::int64_t size = shape[0] / heads;
    return move_rows(shape, [size](std::int64_t r) {
        const std::int64_t head = r / size;
        const std::int64_t i = r % size;
        return head * size + (i < size / 2 ? 2 * i : 2 * (i - size / 2) + 1);
    });
}

}  // namespace

Arrangement interleave_q(const Shape& shape, const Dims& dims) { return interleave(shape, dims.heads); }
Arrangement interleave_k(const Shape& shape, const Dims& dims) { return interleave(shape, dims.kv_heads); }

Arrangement ungroup_qkv(const Shape& shape, const Dims& dims) {
    const std::int64_t heads = dims.heads;
    const std::int64_t groups = dims.kv_heads;
    const std::int64_t size = dims.head_size;
    if (shape.empty() || shape.size() > 2 || shape[0] != (heads + 2 * groups) * size) {
        throw std::invalid_argument(fmt::format("expected {} rows: {} queries, {} keys, {} values of size {}",
                                                (heads + 2 * groups) * size, heads, groups, groups, size));
    }
    const std::int64_t queries = heads / groups;  // of one group
    return move_rows(shape, [=](std::int64_t r) {
        const std::int64_t group = r / size / (queries + 2);
        const std::int64_t within = r / size % (queries + 2);
        const std::int64_t head = within < queries    ? group * queries + within
                                  : within == queries ? heads + group
                                                      : heads + groups + group;
        return head * size + r % size;
    });
}

Arrangement transpose(const Shape& shape, const Dims&) {
    if (shape.size() == 1) return {shape, nullptr};
    if (shape.size() != 2) throw std::invalid_argument("expected a matrix");
    const std::int64_t rows = shape[0];
    const std::int64_t columns = shape[1];
    return {{columns, rows},
            [=](std::span<const std::byte> in, std::span<std::byte> out, std::size_t element) {
                for (std::int64_t r = 0; r < rows; ++r) {
                    for (std::int64_t c = 0; c < columns; ++c) {
                        std::memcpy(out.data() + static_cast<std::size_t>(c * rows + r) * element,
                                    in.data() + static_cast<std::size_t>(r * columns + c) * element, element);
                    }
                }
            }};
}

Arrangement plus_one(const Shape& shape, const Dims&) {
    if (shape.size() != 1) throw std::invalid_argument("expected a vector");
    return {shape, [](std::span<const std::byte> in, std::span<std::byte> out, std::size_t element) {
                for (std::size_t i = 0; i < in.size(); i += element) {
                    float value = 0;
                    std::memcpy(&value, in.data() + i, sizeof value);
                    value += 1.0F;
                    std::memcpy(out.data() + i, &value, sizeof value);
                }
            }};
}

Arrangement drop_rows(const Shape& shape, const Dims& dims) {
    if (shape.size() != 2 || shape[0] <= static_cast<std::int64_t>(dims.skip)) {
        throw std::invalid_argument(fmt::format("expected a matrix of more than {} rows", dims.skip));
    }
    const std::int64_t rows = shape[0] - static_cast<std::int64_t>(dims.skip);
    return {{rows, shape[1]}, [](std::span<const std::byte> in, std::span<std::byte> out, std::size_t) {
                std::memcpy(out.data(), in.data() + (in.size() - out.size()), out.size());
            }};
}

bool wants_float32(Transform transform) { return transform == &plus_one; }

}  // namespace llmx::checkpoint

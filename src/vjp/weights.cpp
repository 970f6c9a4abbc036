#include "vjp/weights.hpp"

#include <algorithm>

#include "core/parallel.hpp"
#include "engine/pass/pass.hpp"
#include "gemm/gemm.hpp"

namespace llmx::vjp {

namespace {

std::int64_t rows_of(const engine::TensorInfo& weight) {
    return weight.shape[0] * weight.shape[1] * weight.shape[2];
}

/// A few megabytes, which stay in the processor's cache.
std::int64_t rows_at_once(std::int64_t columns) {
    constexpr std::int64_t elements = std::int64_t{1} << 20;
    return std::max<std::int64_t>(elements / columns / 64 * 64, 64);
}

}  // namespace

std::shared_ptr<char> Weights::scratch(std::size_t bytes) {
    Memory memory;
    {
        const std::scoped_lock lock(mutex_);
        if (const auto found = idle_.find(bytes); found != idle_.end()) {
            memory = std::move(found->second);
            idle_.erase(found);
        }
    }
    if (!memory) memory = std::make_unique_for_overwrite<char[]>(bytes);
    return {memory.release(), [this, bytes](char* returned) {
                const std::scoped_lock lock(mutex_);
                idle_.emplace(bytes, Memory(returned));
            }};
}

WeightMatrix Weights::convert(const engine::TensorInfo& weight, std::int64_t first_row, std::int64_t rows,
                              bool bfloat16, int threads) {
    const std::int64_t columns = weight.shape[3];
    const std::shared_ptr<char> memory = scratch(static_cast<std::size_t>(rows * columns) *
                                                 (bfloat16 ? sizeof(std::uint16_t) : sizeof(float)));
    auto* floats = reinterpret_cast<float*>(memory.get());
    auto* halves = reinterpret_cast<std::uint16_t*>(memory.get());
    parallel_blocks(threads, rows, [&](std::int64_t first, std::int64_t last) {
        if (!bfloat16) {
            engine::dequantize_rows(weight, first_row + first, first_row + last, floats + first * columns);
            return;
        }
        std::vector<float> row(static_cast<std::size_t>(columns));
        for (std::int64_t r = first; r < last; ++r) {
            engine::dequantize_rows(weight, first_row + r, first_row + r + 1, row.data());
            gemm::to_bfloat16(row.data(), columns, halves + r * columns);
        }
    });
    if (bfloat16) return {nullptr, halves, memory};
    return {floats, nullptr, memory};
}

/// The whole matrix, if it is kept or to be kept.
WeightMatrix Weights::whole(const engine::TensorInfo& weight, std::int64_t batch, int threads) {
    const std::int64_t rows = weight.shape[2];
    const std::size_t bytes = static_cast<std::size_t>(rows * weight.shape[3]) * (bfloat16_ ? 2 : 4);
    const Key key{weight.handle, batch};
    {
        const std::scoped_lock lock(mutex_);
        if (const auto found = kept_.find(key); found != kept_.end()) return found->second;
        const bool is_new = seen_.insert(key).second;  // a single reverse pass never asks again
        if (is_new || used_ + bytes > budget_) return {};
        used_ += bytes;
    }
    WeightMatrix made = convert(weight, batch * rows, rows, bfloat16_, threads);
    const std::scoped_lock lock(mutex_);
    const auto [place, is_first] = kept_.emplace(key, made);
    if (!is_first) used_ -= bytes;  // another thread has made it meanwhile
    return place->second;
}

void Weights::multiply(const engine::TensorInfo& weight, std::int64_t batch, Product p, int threads) {
    const std::int64_t rows = weight.shape[2];
    const std::int64_t columns = weight.shape[3];
    if (!bfloat16_) {
        if (const float* data = engine::float32_data(weight)) {
            gemm::multiply(p.rows, columns, rows, {p.dy, p.dy_stride},
                           {data + batch * rows * columns, columns}, p.beta, p.to, p.to_stride, threads);
            return;
        }
    }
    const WeightMatrix all = whole(weight, batch, threads);
    // a kept matrix is multiplied in the same parts, for the same bits
    const std::int64_t most = rows_at_once(columns);
    for (std::int64_t first = 0; first < rows; first += most) {
        const std::int64_t count = std::min(most, rows - first);
        const WeightMatrix part = all.owner
                                      ? all.from(first * columns)
                                      : convert(weight, batch * rows + first, count, bfloat16_, threads);
        if (part.bfloat16 != nullptr) {
            gemm::multiply_bfloat16(p.rows, columns, count, p.dy + first, p.dy_stride,
                                    {part.bfloat16, columns}, p.beta, p.to, p.to_stride, threads);
        } else {
            gemm::multiply(p.rows, columns, count, {p.dy + first, p.dy_stride}, {part.float32, columns},
                           p.beta, p.to, p.to_stride, threads);
        }
        p.beta = 1.0F;
    }
}

WeightMatrix Weights::float32(const engine::TensorInfo& weight, int threads) {
    if (const float* data = engine::float32_data(weight)) return {data, nullptr, nullptr};
    return convert(weight, 0, rows_of(weight), false, threads);
}

}  // namespace llmx::vjp

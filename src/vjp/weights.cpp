#include "vjp/weights.hpp"

#include "engine/pass.hpp"
#include "gemm/gemm.hpp"

namespace llmx::vjp {

namespace {

std::int64_t rows_of(const engine::TensorInfo& weight) {
    return weight.shape[0] * weight.shape[1] * weight.shape[2];
}

}  // namespace

WeightMatrix Weights::convert(const engine::TensorInfo& weight, std::int64_t first_row, std::int64_t rows,
                              bool bfloat16) {
    const std::int64_t columns = weight.shape[3];
    const auto elements = static_cast<std::size_t>(rows * columns);
    if (!bfloat16) {
        const std::shared_ptr<float[]> memory(new float[elements]);
        engine::dequantize_rows(weight, first_row, first_row + rows, memory.get());
        return {memory.get(), nullptr, memory};
    }
    const std::shared_ptr<std::uint16_t[]> memory(new std::uint16_t[elements]);
    std::vector<float> row(static_cast<std::size_t>(columns));
    for (std::int64_t r = 0; r < rows; ++r) {
        engine::dequantize_rows(weight, first_row + r, first_row + r + 1, row.data());
        gemm::to_bfloat16(row.data(), columns, memory.get() + r * columns);
    }
    return {nullptr, memory.get(), memory};
}

WeightMatrix Weights::matrix(const engine::TensorInfo& weight, std::int64_t batch) {
    const std::int64_t rows = weight.shape[2];
    if (!bfloat16_) {
        if (const float* data = engine::float32_data(weight)) {
            return {data + batch * rows * weight.shape[3], nullptr, nullptr};
        }
    }
    const Key key{weight.handle, batch};
    {
        const std::scoped_lock lock(mutex_);
        if (const auto found = kept_.find(key); found != kept_.end()) return found->second;
    }
    WeightMatrix made = convert(weight, batch * rows, rows, bfloat16_);
    const std::size_t bytes = static_cast<std::size_t>(rows * weight.shape[3]) * (bfloat16_ ? 2 : 4);
    const std::scoped_lock lock(mutex_);
    if (used_ + bytes <= budget_ && kept_.emplace(key, made).second) used_ += bytes;
    return made;
}

WeightMatrix Weights::float32(const engine::TensorInfo& weight) {
    if (const float* data = engine::float32_data(weight)) return {data, nullptr, nullptr};
    return convert(weight, 0, rows_of(weight), false);
}

}  // namespace llmx::vjp

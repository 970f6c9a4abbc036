// Weights as float32, whatever type they are stored in.

#include <fmt/format.h>
#include <ggml-backend.h>
#include <ggml.h>

#include <algorithm>

#include "engine/model/model_impl.hpp"
#include "engine/pass/pass.hpp"
#include "engine/servers/remote.hpp"

namespace llmx::engine {

namespace {

const ggml_tensor* tensor_of(const TensorInfo& info) { return static_cast<const ggml_tensor*>(info.handle); }

/// nullptr where a server alone has them.
const void* weight_bytes(const TensorInfo& weight) {
    const ggml_tensor* tensor = tensor_of(weight);
    if (weight.data != nullptr) return weight.data;
    return is_remote(tensor) ? nullptr : tensor->data;
}

void convert(ggml_type type, const void* data, std::int64_t count, float* out) {
    if (type == GGML_TYPE_F32) {
        std::copy_n(static_cast<const float*>(data), count, out);
        return;
    }
    const ggml_type_traits* traits = ggml_get_type_traits(type);
    if (traits->to_float == nullptr) {
        throw Error(ErrorCode::unsupported,
                    fmt::format("type {}: ggml cannot turn it into float32", ggml_type_name(type)));
    }
    traits->to_float(data, out, count);
}

}  // namespace

void dequantize_rows(const TensorInfo& weight, std::int64_t first, std::int64_t last, float* out) {
    const ggml_tensor* tensor = tensor_of(weight);
    const auto offset_of = [tensor](std::int64_t row) {
        const std::int64_t i1 = row % tensor->ne[1];
        const std::int64_t i2 = row / tensor->ne[1] % tensor->ne[2];
        const std::int64_t i3 = row / (tensor->ne[1] * tensor->ne[2]);
        return i1 * tensor->nb[1] + i2 * tensor->nb[2] + i3 * tensor->nb[3];
    };
    if (first >= last) return;
    const auto* data = static_cast<const char*>(weight_bytes(weight));
    std::vector<char> fetched;
    std::size_t start = 0;  // of what was fetched
    if (data == nullptr) {
        const bool dense = ggml_is_contiguous(tensor);
        start = dense ? offset_of(first) : 0;
        const std::size_t end =
            dense ? offset_of(last - 1) + ggml_row_size(tensor->type, tensor->ne[0]) : ggml_nbytes(tensor);
        fetched.resize(end - start);
        ggml_backend_tensor_get(tensor, fetched.data(), start, fetched.size());
        data = fetched.data();
    }
    for (std::int64_t row = first; row < last; ++row)
        convert(tensor->type, data + offset_of(row) - start, tensor->ne[0],
                out + (row - first) * tensor->ne[0]);
}

const float* float32_data(const TensorInfo& weight) {
    const ggml_tensor* tensor = tensor_of(weight);
    if (tensor->type != GGML_TYPE_F32 || !ggml_is_contiguous(tensor)) return nullptr;
    return static_cast<const float*>(weight_bytes(weight));
}

void to_float32(const void* data, const std::string& type, std::int64_t count, float* out) {
    for (int t = 0; t < GGML_TYPE_COUNT; ++t) {
        if (type == ggml_type_name(static_cast<ggml_type>(t))) {
            convert(static_cast<ggml_type>(t), data, count, out);
            return;
        }
    }
    throw Error(ErrorCode::internal, fmt::format("type {}: not known to ggml", type));
}

namespace {

const TensorInfo& embedding_table(const Graph& graph) {
    const auto found = std::find_if(graph.tensors.begin(), graph.tensors.end(), [](const TensorInfo& t) {
        return t.role == TensorRole::weight && t.name == "token_embd.weight";
    });
    if (found == graph.tensors.end()) {
        throw Error(ErrorCode::unsupported, "embedding: the model's graph has no token_embd.weight");
    }
    return *found;
}

}  // namespace

Tensor embedding_rows(const Graph& graph, std::span<const Token> ids) {
    const TensorInfo& table = embedding_table(graph);
    Tensor rows = Tensor::zero({static_cast<std::int64_t>(ids.size()), table.shape[3]});
    for (std::size_t i = 0; i < ids.size(); ++i)
        dequantize_rows(table, ids[i], ids[i] + 1, rows.row(i).data());
    return rows;
}

Tensor mean_embedding(const Graph& graph) {
    const TensorInfo& table = embedding_table(graph);
    std::vector<float> row(static_cast<std::size_t>(table.shape[3]));
    std::vector<double> sum(row.size(), 0.0);
    for (std::int64_t id = 0; id < table.shape[2]; ++id) {
        dequantize_rows(table, id, id + 1, row.data());
        for (std::size_t d = 0; d < row.size(); ++d) sum[d] += row[d];
    }
    Tensor mean = Tensor::zero({1, table.shape[3]});
    for (std::size_t d = 0; d < sum.size(); ++d)
        mean.values[d] = static_cast<float>(sum[d] / static_cast<double>(table.shape[2]));
    return mean;
}

}  // namespace llmx::engine

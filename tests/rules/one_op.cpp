#include "one_op.hpp"

#include <ggml-cpu.h>

#include <algorithm>
#include <random>
#include <stdexcept>

namespace llmx::test {

namespace {

bool is_integer(ggml_type type) { return type == GGML_TYPE_I32 || type == GGML_TYPE_I64; }

Array random_values(const Input& input, std::mt19937_64& random) {
    Array a(input.shape);
    if (is_integer(input.type)) {
        std::uniform_int_distribution<std::int64_t> pick(static_cast<std::int64_t>(input.low),
                                                         static_cast<std::int64_t>(input.high) - 1);
        for (std::int64_t r = 0; r < a.rows(); ++r) {
            for (std::int64_t c = 0; c < a.columns(); ++c) {
                double* row = a.row(r);
                do {
                    row[c] = static_cast<double>(pick(random));
                } while (input.distinct && std::find(row, row + c, row[c]) != row + c);
            }
        }
    } else {
        std::uniform_real_distribution<float> pick(static_cast<float>(input.low),
                                                   static_cast<float>(input.high));
        for (double& x : a.v) x = static_cast<double>(pick(random));
    }
    if (input.adjust) input.adjust(a);
    return a;
}

/// Writes one row in the tensor's type and reads it back, rounded.
void store_row(ggml_type type, double* values, std::int64_t n, void* to) {
    if (type == GGML_TYPE_I32) {
        for (std::int64_t k = 0; k < n; ++k)
            static_cast<std::int32_t*>(to)[k] = static_cast<std::int32_t>(values[k]);
        return;
    }
    if (type == GGML_TYPE_I64) {
        for (std::int64_t k = 0; k < n; ++k)
            static_cast<std::int64_t*>(to)[k] = static_cast<std::int64_t>(values[k]);
        return;
    }
    std::vector<float> row(values, values + n);
    if (type == GGML_TYPE_F32) {
        std::copy(row.begin(), row.end(), static_cast<float*>(to));
        return;
    }
    ggml_quantize_chunk(type, row.data(), to, 0, 1, n, nullptr);
    ggml_get_type_traits(type)->to_float(to, row.data(), n);
    std::copy(row.begin(), row.end(), values);
}

std::array<std::size_t, 2> swapped(Layout layout) {
    if (layout == Layout::heads) return {1, 2};
    return layout == Layout::transposed ? std::array<std::size_t, 2>{2, 3} : std::array<std::size_t, 2>{0, 0};
}

/// A tensor of the input's logical shape, filled; `values` come back as stored.
ggml_tensor* make_tensor(ggml_context* context, const Input& input, Array& values) {
    const auto axes = swapped(input.layout);
    const auto a = axes[0], b = axes[1];
    Shape stored = input.shape;
    std::swap(stored[a], stored[b]);
    ggml_tensor* base = ggml_new_tensor_4d(context, input.type, stored[3], stored[2], stored[1], stored[0]);
    Array in_memory = make(stored, [&](std::int64_t i0, std::int64_t i1, std::int64_t i2, std::int64_t i3) {
        std::array i{i0, i1, i2, i3};
        std::swap(i[a], i[b]);
        return values.at(i[0], i[1], i[2], i[3]);
    });
    for (std::int64_t r = 0; r < in_memory.rows(); ++r) {
        store_row(input.type, in_memory.row(r), in_memory.columns(),
                  static_cast<char*>(base->data) + static_cast<std::size_t>(r) * base->nb[1]);
    }
    values = make(input.shape, [&](std::int64_t i0, std::int64_t i1, std::int64_t i2, std::int64_t i3) {
        std::array i{i0, i1, i2, i3};
        std::swap(i[a], i[b]);
        return in_memory.at(i[0], i[1], i[2], i[3]);
    });
    if (input.layout == Layout::heads) return ggml_permute(context, base, 0, 2, 1, 3);
    return input.layout == Layout::transposed ? ggml_transpose(context, base) : base;
}

engine::TensorInfo describe_tensor(const ggml_tensor* tensor, int id, engine::TensorRole role) {
    engine::TensorInfo info;
    info.id = id;
    info.root = id;
    info.name = "case";
    info.op = ggml_op_name(tensor->op);
    if (tensor->op == GGML_OP_UNARY) info.kind = ggml_unary_op_name(ggml_get_unary_op(tensor));
    if (tensor->op == GGML_OP_GLU) info.kind = ggml_glu_op_name(ggml_get_glu_op(tensor));
    info.type = ggml_type_name(tensor->type);
    info.role = role;
    info.shape = shape_of(tensor);
    info.strides = dense_strides(info.shape);
    std::copy_n(tensor->op_params, info.params.size(), info.params.begin());
    info.handle = tensor;
    return info;
}

Array read_floats(const ggml_tensor* tensor) {
    return make(shape_of(tensor), [&](std::int64_t i0, std::int64_t i1, std::int64_t i2, std::int64_t i3) {
        const char* at =
            static_cast<const char*>(tensor->data) + static_cast<std::size_t>(i0) * tensor->nb[3] +
            static_cast<std::size_t>(i1) * tensor->nb[2] + static_cast<std::size_t>(i2) * tensor->nb[1] +
            static_cast<std::size_t>(i3) * tensor->nb[0];
        return static_cast<double>(*reinterpret_cast<const float*>(at));
    });
}

}  // namespace

Shape shape_of(const ggml_tensor* tensor) {
    return {tensor->ne[3], tensor->ne[2], tensor->ne[1], tensor->ne[0]};
}

OneOp::OneOp(const Case& c, unsigned seed, bool compute) {
    context_.reset(ggml_init({std::size_t{64} << 20U, nullptr, false}));
    std::mt19937_64 random(seed);
    std::vector<ggml_tensor*> tensors;
    for (const Input& input : c.inputs) {
        inputs_.push_back(random_values(input, random));
        tensors.push_back(make_tensor(context_.get(), input, inputs_.back()));
        graph_.tensors.push_back(
            describe_tensor(tensors.back(), static_cast<int>(graph_.tensors.size()), input.role));
    }
    ggml_tensor* result = c.build(context_.get(), tensors);
    engine::TensorInfo node =
        describe_tensor(result, static_cast<int>(graph_.tensors.size()), engine::TensorRole::node);
    for (const ggml_tensor* source : result->src) {
        const auto found = std::find(tensors.begin(), tensors.end(), source);
        const int input = found == tensors.end() ? -1 : static_cast<int>(found - tensors.begin());
        node.sources.push_back(input);
        input_of_.push_back(input);
    }
    while (!input_of_.empty() && input_of_.back() < 0) {
        input_of_.pop_back();
        node.sources.pop_back();
    }
    graph_.tensors.push_back(std::move(node));
    graph_.nodes = {graph_.tensors.back().id};
    if (!compute) return;
    ggml_cgraph* steps = ggml_new_graph(context_.get());
    ggml_build_forward_expand(steps, result);
    if (ggml_graph_compute_with_ctx(context_.get(), steps, 2) != GGML_STATUS_SUCCESS) {
        throw std::runtime_error("ggml did not compute the case");
    }
    if (result->type == GGML_TYPE_F32) output_ = read_floats(result);
}

}  // namespace llmx::test

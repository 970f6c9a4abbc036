#include "engine/pass/output_head.hpp"

#include <fmt/format.h>
#include <ggml-cpu.h>
#include <ggml.h>

#include <algorithm>
#include <array>
#include <bit>
#include <llmx/error.hpp>
#include <map>
#include <memory>
#include <set>

#include "engine/servers/remote.hpp"

namespace llmx::engine {

namespace {

constexpr std::array known = {"RMS_NORM", "NORM", "MUL", "ADD", "SUB", "DIV", "MUL_MAT", "SCALE", "UNARY"};

struct ContextFree {
    void operator()(ggml_context* context) const { ggml_free(context); }
};

float number(const TensorInfo& node, std::size_t i) { return std::bit_cast<float>(node.params[i]); }

/// llama.cpp leaves out here the rows that predict nothing; ours are chosen already.
bool chooses_rows(const Graph& graph, const TensorInfo& node) {
    return node.op == "GET_ROWS" && graph.at(node.sources[1]).role == TensorRole::input;
}

/// A weight as ggml can compute with it here. It wants a pointer to what it will only read.
ggml_tensor* weight_here(ggml_context* ggml, const TensorInfo& weight, std::vector<char>& fetched) {
    auto* tensor = static_cast<ggml_tensor*>(const_cast<void*>(weight.handle));
    if (!is_remote(tensor)) return tensor;
    ggml_set_no_alloc(ggml, true);
    ggml_tensor* copy = ggml_dup_tensor(ggml, tensor);
    ggml_set_no_alloc(ggml, false);
    std::copy(std::begin(tensor->nb), std::end(tensor->nb), std::begin(copy->nb));
    const void* bytes = weight.data;
    if (bytes == nullptr) bytes = fetched.empty() ? read_bytes(tensor, fetched) : fetched.data();
    copy->data = const_cast<void*>(bytes);
    return copy;
}

/// The same operation on other rows.
ggml_tensor* rebuilt(ggml_context* ggml, const TensorInfo& node, ggml_tensor* a, ggml_tensor* b) {
    if (node.op == "RMS_NORM") return ggml_rms_norm(ggml, a, number(node, 0));
    if (node.op == "NORM") return ggml_norm(ggml, a, number(node, 0));
    if (node.op == "MUL") return ggml_mul(ggml, a, b);
    if (node.op == "ADD") return ggml_add(ggml, a, b);
    if (node.op == "SUB") return ggml_sub(ggml, a, b);
    if (node.op == "DIV") return ggml_div(ggml, a, b);
    if (node.op == "SCALE") return ggml_scale_bias(ggml, a, number(node, 0), number(node, 1));
    if (node.op == "UNARY") return ggml_unary(ggml, a, static_cast<ggml_unary_op>(node.params[0]));
    ggml_tensor* product = ggml_mul_mat(ggml, a, b);
    std::copy(node.params.begin(), node.params.end(), std::begin(product->op_params));
    return product;
}

}  // namespace

void OutputHead::check(const TensorInfo& node) const {
    const bool is_known = std::find(known.begin(), known.end(), node.op) != known.end();
    const bool is_matrix = node.shape[0] == 1 && node.shape[1] == 1;
    if (is_known && is_matrix && node.type == "f32") return;
    throw Error(ErrorCode::unsupported,
                fmt::format("logit lens: behind the last block stands {}; expected norms and an output head",
                            describe(node)));
}

OutputHead::OutputHead(const Graph& graph, int residual, int result, float scale, int threads)
    : tensors_(graph.tensors), residual_(residual), result_(result), scale_(scale), threads_(threads) {
    const TensorInfo& from = graph.at(residual);
    if (from.shape[0] != 1 || from.shape[1] != 1) check(from);
    std::set<int> open = {result};
    for (int order = graph.at(result).order; order > from.order; --order) {
        const int id = graph.nodes[static_cast<std::size_t>(order)];
        if (!open.contains(id)) continue;
        open.erase(id);
        nodes_.push_back(id);
        const TensorInfo& node = graph.at(id);
        if (chooses_rows(graph, node)) {
            open.insert(node.sources[0]);
            continue;
        }
        check(node);
        for (const int source : node.sources) {
            if (source >= 0 && graph.at(source).role != TensorRole::weight) open.insert(source);
        }
    }
    open.erase(residual);
    if (!open.empty()) {
        throw Error(ErrorCode::unsupported,
                    fmt::format("logit lens: the model's logits are made of {} besides the residual stream "
                                "after the last block",
                                describe(graph.at(*open.begin()))));
    }
    std::reverse(nodes_.begin(), nodes_.end());
}

void OutputHead::run(const Tensor& rows, const Visit& visit) const {
    const std::int64_t all = rows.shape.front();
    std::int64_t floats_a_row = rows.shape.back();
    for (const int id : nodes_) floats_a_row += tensors_[static_cast<std::size_t>(id)].shape[3];
    constexpr std::int64_t most_floats = std::int64_t{16} << 20;
    const std::int64_t at_once = std::clamp<std::int64_t>(most_floats / floats_a_row, 1, all);
    Fetched fetched;
    for (std::int64_t first = 0; first < all; first += at_once)
        run_part(rows, first, std::min(at_once, all - first), fetched, visit);
}

void OutputHead::run_part(const Tensor& rows, std::int64_t first, std::int64_t count, Fetched& fetched,
                          const Visit& visit) const {
    const auto info = [&](int id) -> const TensorInfo& { return tensors_[static_cast<std::size_t>(id)]; };
    const std::int64_t width = rows.shape.back();
    std::int64_t floats = width * count;
    for (const int id : nodes_) floats += info(id).shape[3] * count;
    const std::size_t bytes = static_cast<std::size_t>(floats) * sizeof(float) +
                              (2 * nodes_.size() + 1) * (ggml_tensor_overhead() + GGML_MEM_ALIGN) +
                              ggml_graph_overhead() + GGML_MEM_ALIGN;
    const std::unique_ptr<ggml_context, ContextFree> ggml(
        ggml_init({.mem_size = bytes, .mem_buffer = nullptr, .no_alloc = false}));
    if (!ggml) throw Error(ErrorCode::internal, "logit lens: ggml could not make a context");
    std::map<int, ggml_tensor*> made;
    made[residual_] = ggml_new_tensor_2d(ggml.get(), GGML_TYPE_F32, width, count);
    std::copy_n(rows.values.begin() + first * width, count * width,
                static_cast<float*>(made[residual_]->data));
    const auto tensor = [&](int id) -> ggml_tensor* {
        if (const auto found = made.find(id); found != made.end()) return found->second;
        return made[id] = weight_here(ggml.get(), info(id), fetched[id]);
    };
    for (const int id : nodes_) {
        const TensorInfo& node = info(id);
        ggml_tensor* a = tensor(node.sources[0]);
        ggml_tensor* b = node.sources.size() > 1 && node.op != "GET_ROWS" ? tensor(node.sources[1]) : nullptr;
        made[id] = node.op == "GET_ROWS" ? a : rebuilt(ggml.get(), node, a, b);
    }
    ggml_cgraph* graph = ggml_new_graph(ggml.get());
    ggml_build_forward_expand(graph, made[result_]);
    ggml_cplan plan = ggml_graph_plan(graph, threads_, nullptr);
    std::vector<std::uint8_t> work(plan.work_size);
    plan.work_data = work.data();
    if (ggml_graph_compute(graph, &plan) != GGML_STATUS_SUCCESS)
        throw Error(ErrorCode::internal, "logit lens: ggml could not compute the output head");
    const std::int64_t vocabulary = made[result_]->ne[0];
    std::vector<float> logits(static_cast<std::size_t>(vocabulary));
    for (std::int64_t row = 0; row < count; ++row) {
        const float* from = static_cast<const float*>(made[result_]->data) + row * vocabulary;
        std::transform(from, from + vocabulary, logits.begin(), [&](float z) { return z * scale_; });
        visit(first + row, logits);
    }
}

}  // namespace llmx::engine

#include "engine/pass/graph_builder.hpp"

#include <fmt/format.h>
#include <ggml-backend.h>

#include <algorithm>
#include <cstring>
#include <llmx/error.hpp>
#include <vector>

#include "engine/model/lora.hpp"
#include "engine/model/mapped_weights.hpp"
#include "engine/pass/scheduler_copy.hpp"
#include "engine/servers/remote.hpp"

namespace llmx::engine {

namespace {

TensorRole role_of(const ggml_tensor* tensor) {
    if (tensor->op != GGML_OP_NONE) return TensorRole::node;
    const ggml_tensor* root = tensor;
    while (root->view_src != nullptr) root = root->view_src;
    if (root->buffer == nullptr) return TensorRole::input;
    if (is_adapter(root->name)) return TensorRole::weight;  // its buffer does not say so
    switch (ggml_backend_buffer_get_usage(root->buffer)) {
        case GGML_BACKEND_BUFFER_USAGE_WEIGHTS:
            return TensorRole::weight;
        case GGML_BACKEND_BUFFER_USAGE_COMPUTE:
            return TensorRole::input;
        default:
            return TensorRole::state;
    }
}

std::string kind_of(const ggml_tensor* tensor) {
    if (tensor->op == GGML_OP_UNARY) return ggml_unary_op_name(ggml_get_unary_op(tensor));
    if (tensor->op == GGML_OP_GLU) return ggml_glu_op_name(ggml_get_glu_op(tensor));
    return {};
}

}  // namespace

bool reads_token_table(const ggml_tensor* tensor) {
    return tensor->op == GGML_OP_GET_ROWS && std::strcmp(tensor->src[0]->name, "token_embd.weight") == 0;
}

void GraphBuilder::begin(SubPass pass) {
    // weights and memory outlive a pass; llama.cpp recreates the other tensors, at the same addresses
    std::erase_if(ids_, [&](const auto& entry) {
        const TensorRole role = graph_.at(entry.second).role;
        return role == TensorRole::node || role == TensorRole::input;
    });
    copied_.clear();
    pass.first_node = pass.last_node = static_cast<int>(graph_.nodes.size());
    graph_.passes.push_back(std::move(pass));
}

void GraphBuilder::add_node(const ggml_tensor* tensor) {
    const int id = add(tensor);
    graph_.tensors[static_cast<std::size_t>(id)].order = static_cast<int>(graph_.nodes.size());
    graph_.nodes.push_back(id);
    const TensorInfo& node = graph_.at(id);
    if (copied_.contains(node.root) && !is_window(node)) {
        throw Error(ErrorCode::unsupported, fmt::format("replay: {} writes to {}, of which another server "
                                                        "has a copy; put the whole model on one server",
                                                        describe(node), describe(graph_.at(node.root))));
    }
    SubPass& pass = graph_.passes.back();
    pass.last_node = static_cast<int>(graph_.nodes.size());
    if (reads_token_table(tensor)) pass.embeddings.push_back(id);
}

void GraphBuilder::end(bool logits, std::int64_t hidden_width) {
    SubPass& pass = graph_.passes.back();
    for (int order = pass.last_node; order-- > pass.first_node && pass.result < 0;) {
        const TensorInfo& node = graph_.at(graph_.nodes[static_cast<std::size_t>(order)]);
        const bool is_result = logits ? node.name == "result_output"
                                      : !is_window(node) && node.shape[3] == hidden_width &&
                                            node.shape[2] == static_cast<std::int64_t>(pass.outputs.size());
        if (is_result) pass.result = node.id;
    }
    // plamo3 does not name its logits: they are the last node of its graph
    if (pass.result < 0 && logits && !graph_.nodes.empty()) pass.result = graph_.nodes.back();
    if (pass.result < 0) {
        throw Error(ErrorCode::unsupported, "replay: the model's graph has no last hidden state");
    }
    if (logits && graph_.at(pass.result).shape[2] != static_cast<std::int64_t>(pass.outputs.size()) &&
        !pass.outputs.empty()) {
        throw Error(ErrorCode::unsupported,
                    fmt::format("replay: the model's graph ends in {}, which is not logits at {} positions",
                                describe(graph_.at(pass.result)), pass.outputs.size()));
    }
    if (encoded_ >= 0 && !linked_) {
        throw Error(ErrorCode::unsupported, "replay: the decoder's graph does not read the encoder's result");
    }
    if (pass.encodes) encoded_ = pass.result;
}

/// The encoder's result enters the decoder's graph as a plain input. Here it is the encoder's node again,
/// so that what depends on it depends on the encoder.
void GraphBuilder::link_to_encoder(TensorInfo& info) {
    const TensorInfo& encoded = graph_.at(encoded_);
    if (info.shape != encoded.shape || info.strides != encoded.strides || info.type != encoded.type) {
        throw Error(ErrorCode::internal, fmt::format("replay: the decoder reads {}, the encoder leaves {}",
                                                     describe(info), describe(encoded)));
    }
    info.root = encoded.root;
    info.offset = encoded.offset;
    linked_ = true;
}

/// A back end reads copies of another back end's tensors. Here a copy is its original, as left by the node
/// that wrote it last; -1 for a copy of an input, which is an input itself. Names repeat: of the nodes with
/// the copy's name it is the last one that holds the same values now, just after copying.
int GraphBuilder::original_of(const ggml_tensor* copy, const TensorInfo& info) {
    std::vector<char> bytes;
    std::vector<char> others;
    bool found = original_name(copy).starts_with("cache_");  // memory
    for (auto order = static_cast<int>(graph_.nodes.size()); order-- > graph_.passes.back().first_node;) {
        const TensorInfo& node = graph_.at(graph_.nodes[static_cast<std::size_t>(order)]);
        if (!may_copy(copy, node.name)) continue;
        found = true;
        if (node.type != info.type || node.shape != info.shape || node.strides != info.strides) continue;
        const void* copied = read_bytes(copy, bytes);
        const void* own = read_bytes(static_cast<const ggml_tensor*>(node.handle), others);
        if (std::memcmp(copied, own, ggml_nbytes(copy)) != 0) continue;
        copied_.insert(node.root);
        return node.id;
    }
    if (!found) return -1;
    throw Error(
        ErrorCode::unsupported,
        fmt::format(
            "replay: a server reads {}, which is not the result of a node; put the whole model on one server",
            describe(info)));
}

int GraphBuilder::add(const ggml_tensor* tensor) {
    if (const auto found = ids_.find(tensor); found != ids_.end()) return found->second;
    TensorInfo info;
    info.name = original_name(tensor);
    info.op = ggml_op_name(tensor->op);
    info.kind = kind_of(tensor);
    info.type = ggml_type_name(tensor->type);
    info.role = role_of(tensor);
    info.handle = tensor;
    if (info.role == TensorRole::weight) info.data = weight_data(tensor, mapped_);
    const auto element = static_cast<std::int64_t>(ggml_type_size(tensor->type));
    for (std::size_t d = 0; d < 4; ++d) {
        info.shape[3 - d] = tensor->ne[d];
        info.strides[3 - d] = static_cast<std::int64_t>(tensor->nb[d]) / element;
    }
    if (is_scheduler_copy(tensor)) {
        if (const int original = original_of(tensor, info); original >= 0) {
            ids_.emplace(tensor, original);
            return original;
        }
    }
    std::copy(std::begin(tensor->op_params), std::end(tensor->op_params), info.params.begin());
    int last = -1;
    for (int i = 0; i < GGML_MAX_SRC; ++i) {
        if (tensor->src[i] != nullptr) last = i;
    }
    for (int i = 0; i <= last; ++i) {
        // a cast names itself as its destination
        const bool real = tensor->src[i] != nullptr && tensor->src[i] != tensor;
        info.sources.push_back(real ? add(tensor->src[i]) : -1);
    }
    // ggml resolves chains: view_src is the last tensor of the chain, view_offs the total offset
    const int root = tensor->view_src != nullptr ? add(tensor->view_src) : -1;
    info.id = static_cast<int>(graph_.tensors.size());
    info.root = root >= 0 ? graph_.at(root).root : info.id;
    if (root >= 0) {
        info.offset = static_cast<std::int64_t>(tensor->view_offs) / element + graph_.at(root).offset;
    }
    if (encoded_ >= 0 && info.role == TensorRole::input && info.name == "cross_embd") link_to_encoder(info);
    ids_.emplace(tensor, info.id);
    graph_.tensors.push_back(std::move(info));
    return graph_.tensors.back().id;
}

}  // namespace llmx::engine

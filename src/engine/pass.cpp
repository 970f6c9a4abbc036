#include "engine/pass.hpp"

#include <fmt/format.h>
#include <ggml-backend.h>
#include <ggml.h>

#include <cstring>
#include <unordered_map>

#include "engine/model_impl.hpp"
#include "engine/requirements.hpp"

namespace llmx::engine {

namespace {

struct BatchFree {
    void operator()(llama_batch* batch) const {
        llama_batch_free(*batch);
        delete batch;
    }
};
using BatchPtr = std::unique_ptr<llama_batch, BatchFree>;

BatchPtr make_batch(std::span<const Token> ids, std::span<const int> outputs) {
    const int tokens = static_cast<int>(ids.size());
    BatchPtr batch(new llama_batch(llama_batch_init(tokens, 0, 1)));
    batch->n_tokens = tokens;
    for (int i = 0; i < tokens; ++i) {
        batch->token[i] = ids[i];
        batch->pos[i] = i;
        batch->n_seq_id[i] = 1;
        batch->seq_id[i][0] = 0;
        batch->logits[i] = 0;
    }
    for (const int position : outputs) batch->logits[position] = 1;
    return batch;
}

TensorRole role_of(const ggml_tensor* tensor) {
    if (tensor->op != GGML_OP_NONE) return TensorRole::node;
    const ggml_tensor* root = tensor;
    while (root->view_src != nullptr) root = root->view_src;
    if (root->buffer == nullptr) return TensorRole::input;
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

/// Turns the tensors that the callback shows into a Graph.
class GraphBuilder {
public:
    explicit GraphBuilder(Graph& graph) : graph_(graph) {}

    void add_node(const ggml_tensor* tensor) {
        const int id = add(tensor);
        graph_.tensors[static_cast<std::size_t>(id)].order = static_cast<int>(graph_.nodes.size());
        graph_.nodes.push_back(id);
    }

private:
    int add(const ggml_tensor* tensor) {
        if (const auto found = ids_.find(tensor); found != ids_.end()) return found->second;
        TensorInfo info;
        info.name = tensor->name;
        info.op = ggml_op_name(tensor->op);
        info.kind = kind_of(tensor);
        info.type = ggml_type_name(tensor->type);
        info.role = role_of(tensor);
        info.handle = tensor;
        const auto element = static_cast<std::int64_t>(ggml_type_size(tensor->type));
        for (std::size_t d = 0; d < 4; ++d) {
            info.shape[3 - d] = tensor->ne[d];
            info.strides[3 - d] = static_cast<std::int64_t>(tensor->nb[d]) / element;
        }
        std::copy(std::begin(tensor->op_params), std::end(tensor->op_params), info.params.begin());
        int last = -1;
        for (int i = 0; i < GGML_MAX_SRC; ++i) {
            if (tensor->src[i] != nullptr) last = i;
        }
        for (int i = 0; i <= last; ++i) {
            // a cast names itself as the place that it copies to
            const bool real = tensor->src[i] != nullptr && tensor->src[i] != tensor;
            info.sources.push_back(real ? add(tensor->src[i]) : -1);
        }
        // ggml keeps view_src at the end of the chain and view_offs summed up
        const int root = tensor->view_src != nullptr ? add(tensor->view_src) : -1;
        info.id = static_cast<int>(graph_.tensors.size());
        info.root = root >= 0 ? graph_.at(root).root : info.id;
        if (root >= 0) {
            info.offset = static_cast<std::int64_t>(tensor->view_offs) / element + graph_.at(root).offset;
        }
        ids_.emplace(tensor, info.id);
        graph_.tensors.push_back(std::move(info));
        return graph_.tensors.back().id;
    }

    Graph& graph_;
    std::unordered_map<const ggml_tensor*, int> ids_;
};

}  // namespace

struct Session::Impl {
    explicit Impl(const Model& m) : model(m) {}

    enum class Mode { plain, plan, watch };

    Model model;
    int max_tokens = 0;
    int max_outputs = 0;
    LlamaContextPtr context;
    std::vector<int> outputs;  // of the last run
    std::function<bool(double)> progress;
    bool cancelled = false;

    Mode mode = Mode::plain;
    Graph planned;
    std::unique_ptr<GraphBuilder> builder;
    const Graph* graph = nullptr;
    Watcher* watcher = nullptr;
    int node = -1;  // the node that is asked about or computed
    bool ended = false;
    std::string mismatch;
    std::vector<const ggml_tensor*> live;  // by tensor id, as far as this pass has come

    static bool on_node(ggml_tensor* tensor, bool ask, void* self) {
        return static_cast<Impl*>(self)->on_node(tensor, ask);
    }
    static bool on_abort(void* self) { return static_cast<Impl*>(self)->should_abort(); }

    bool on_node(const ggml_tensor* tensor, bool ask) {
        switch (mode) {
            case Mode::plain:
                return false;
            case Mode::plan:
                builder->add_node(tensor);
                return false;
            case Mode::watch:
                break;
        }
        if (ended) return !ask;
        if (!ask) {
            ended = !watcher->computed(node);
            return !ended;
        }
        ++node;
        if (!matches(tensor)) return false;
        remember(tensor);
        watcher->before(node);
        return watcher->wants(node);
    }

    bool should_abort() {
        if (mode == Mode::watch && progress && !cancelled) {
            cancelled = !progress(static_cast<double>(node + 1) / static_cast<double>(graph->nodes.size()));
        }
        return mode == Mode::plan || ended || cancelled;
    }

    bool matches(const ggml_tensor* tensor) {
        if (node < static_cast<int>(graph->nodes.size())) {
            const TensorInfo& expected = graph->at(graph->nodes[static_cast<std::size_t>(node)]);
            if (expected.name == tensor->name && expected.op == ggml_op_name(tensor->op) &&
                expected.shape[3] == tensor->ne[0] && expected.shape[2] == tensor->ne[1]) {
                return true;
            }
        }
        mismatch = fmt::format("replay: node {} is {} \"{}\", which the plan does not have there", node,
                               ggml_op_name(tensor->op), tensor->name);
        ended = true;
        return false;
    }

    void remember(const ggml_tensor* tensor) {
        const TensorInfo& info = graph->at(graph->nodes[static_cast<std::size_t>(node)]);
        remember(info, tensor);
        for (std::size_t i = 0; i < info.sources.size(); ++i) {
            if (info.sources[i] >= 0) remember(graph->at(info.sources[i]), tensor->src[i]);
        }
    }
    void remember(const TensorInfo& info, const ggml_tensor* tensor) {
        live[static_cast<std::size_t>(info.id)] = tensor;
        if (tensor->view_src != nullptr) live[static_cast<std::size_t>(info.root)] = tensor->view_src;
    }

    void check(std::span<const Token> ids, std::span<const int> out) const {
        if (ids.empty()) throw Error(ErrorCode::input, "replay: no tokens; expected at least one");
        if (static_cast<int>(ids.size()) > max_tokens || static_cast<int>(out.size()) > max_outputs) {
            throw Error(ErrorCode::internal,
                        fmt::format("replay: {} tokens with {} outputs; the session holds {} and {}",
                                    ids.size(), out.size(), max_tokens, max_outputs));
        }
        require_tokens(model, ids);
    }

    int decode(std::span<const Token> ids, std::span<const int> out) {
        llama_memory_clear(llama_get_memory(context.get()), false);
        const BatchPtr batch = make_batch(ids, out);
        node = -1;
        ended = false;
        cancelled = false;
        mismatch.clear();
        return llama_decode(context.get(), *batch);
    }
};

Session::Session(const Model& model, int max_tokens, int max_outputs) : impl_(std::make_unique<Impl>(model)) {
    require_causal(model);
    impl_->max_tokens = max_tokens;
    impl_->max_outputs = max_outputs;
    llama_context_params params = llama_context_default_params();
    params.n_ctx = static_cast<std::uint32_t>(max_tokens);
    params.n_batch = static_cast<std::uint32_t>(max_tokens);
    params.n_ubatch = static_cast<std::uint32_t>(max_tokens);
    params.n_outputs_max = static_cast<std::uint32_t>(max_outputs);
    params.n_threads = model.threads();
    params.n_threads_batch = model.threads();
    // Exact replay: attention as separate nodes, and no rounding in the KV cache.
    params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
    params.type_k = GGML_TYPE_F32;
    params.type_v = GGML_TYPE_F32;
    params.no_perf = true;
    params.cb_eval = &Impl::on_node;
    params.cb_eval_user_data = impl_.get();
    params.abort_callback = &Impl::on_abort;
    params.abort_callback_data = impl_.get();
    impl_->context.reset(llama_init_from_model(model.impl().model.get(), params));
    if (!impl_->context) {
        throw Error(ErrorCode::model,
                    fmt::format("replay: llama.cpp could not make a context of {} tokens for this model; "
                                "a shorter text needs less memory",
                                max_tokens));
    }
}

Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

const Model& Session::model() const { return impl_->model; }
int Session::max_tokens() const { return impl_->max_tokens; }
int Session::max_outputs() const { return impl_->max_outputs; }
void Session::set_progress(std::function<bool(double)> progress) { impl_->progress = std::move(progress); }

Graph Session::plan(std::span<const Token> ids, std::span<const int> outputs) {
    impl_->check(ids, outputs);
    impl_->planned = {};
    impl_->builder = std::make_unique<GraphBuilder>(impl_->planned);
    impl_->mode = Impl::Mode::plan;
    const int status = impl_->decode(ids, outputs);
    impl_->mode = Impl::Mode::plain;
    impl_->builder.reset();
    // 2: aborted, which is what a plan asks for. One that computes to the end was as good.
    if ((status != 2 && status != 0) || impl_->planned.nodes.empty()) {
        throw Error(ErrorCode::internal, fmt::format("replay: llama.cpp refused the pass (code {})", status));
    }
    return std::move(impl_->planned);
}

bool Session::run(std::span<const Token> ids, std::span<const int> outputs, const Graph* graph,
                  Watcher* watcher) {
    impl_->check(ids, outputs);
    impl_->outputs.assign(outputs.begin(), outputs.end());
    if (watcher != nullptr) {
        impl_->graph = graph;
        impl_->watcher = watcher;
        impl_->live.assign(graph->tensors.size(), nullptr);
        impl_->mode = Impl::Mode::watch;
    }
    const int status = impl_->decode(ids, outputs);
    impl_->mode = Impl::Mode::plain;
    if (!impl_->mismatch.empty()) throw Error(ErrorCode::internal, impl_->mismatch);
    if (impl_->ended) return false;
    if (impl_->cancelled) throw Error(ErrorCode::cancelled, "replay: cancelled");
    if (status != 0) {
        throw Error(ErrorCode::internal,
                    fmt::format("replay: llama.cpp failed in the pass (code {})", status));
    }
    return true;
}

std::span<const float> Session::logits(int output) const {
    const int position = impl_->outputs[static_cast<std::size_t>(output)];
    const float* row = llama_get_logits_ith(impl_->context.get(), position);
    if (row == nullptr)
        throw Error(ErrorCode::internal, fmt::format("replay: no logits at position {}", position));
    return {row, static_cast<std::size_t>(impl_->model.facts().vocabulary)};
}

TensorBytes Session::bytes(int tensor) const {
    const ggml_tensor* live = impl_->live[static_cast<std::size_t>(tensor)];
    if (live == nullptr || live->data == nullptr) return {};
    return {live->data, ggml_nbytes(live)};
}

void Session::overwrite(int tensor, std::span<const float> values) {
    const ggml_tensor* live = impl_->live[static_cast<std::size_t>(tensor)];
    if (live == nullptr || live->data == nullptr || live->type != GGML_TYPE_F32 ||
        !ggml_is_contiguous(live) || values.size_bytes() != ggml_nbytes(live)) {
        throw Error(ErrorCode::internal, fmt::format("replay: {} numbers do not fit {}", values.size(),
                                                     describe(impl_->graph->at(tensor))));
    }
    std::memcpy(live->data, values.data(), values.size_bytes());
}

}  // namespace llmx::engine

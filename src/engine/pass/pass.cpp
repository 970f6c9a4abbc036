#include "engine/pass/pass.hpp"

#include <fmt/format.h>
#include <ggml.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <tuple>
#include <utility>

#include "core/profile.hpp"
#include "core/work.hpp"
#include "engine/model/lora.hpp"
#include "engine/model/model_impl.hpp"
#include "engine/model/requirements.hpp"
#include "engine/pass/graph_builder.hpp"
#include "engine/pass/key_mask.hpp"
#include "engine/pass/own_attention.hpp"
#include "engine/pass/own_products.hpp"
#include "engine/pass/pass_parts.hpp"
#include "engine/pass/scheduler_copy.hpp"
#include "engine/servers/remote.hpp"

namespace llmx::engine {

namespace {

/// Watches a pass that is run for its results alone.
class Nobody : public Watcher {
public:
    [[nodiscard]] bool wants(int) const override { return false; }
    void before(int) override {}
    bool computed(int) override { return true; }
};

/// Nodes compute again, however a pass ends.
template <class... Changes>
struct Restored {
    std::tuple<Changes&...> changes;
    explicit Restored(Changes&... c) : changes(c...) {}
    Restored(const Restored&) = delete;
    Restored& operator=(const Restored&) = delete;
    ~Restored() {
        std::apply([](auto&... each) { (each.restore(), ...); }, changes);
    }
};

}  // namespace

struct Session::Impl {
    Impl(const Model& m, SessionSize s) : model(m), size(s), remote(impl_of(m).servers != nullptr) {}

    enum class Mode { plain, plan, watch };

    Model model;
    SessionSize size;
    bool remote;  // servers have the layers
    bool logits = true;
    std::int64_t width = 0;  // of a result
    LlamaContextPtr context;
    std::vector<float> results;  // [outputs, width] of the last run
    std::function<bool(double)> progress;
    std::chrono::steady_clock::time_point asked;  // go_on
    bool cancelled = false;
    std::exception_ptr failure;  // of progress

    Mode mode = Mode::plain;
    bool last_pass = false;  // of those that make up the graph
    int threads = 0;
    OwnProducts products;
    OwnAttention attention;
    SkippedNodes skipped;  // nodes of a plan, and those that the watcher keeps from running
    GraphBuilder* builder = nullptr;
    const Graph* graph = nullptr;
    Watcher* watcher = nullptr;
    EmbeddingEdit edit;
    KeyMask mask;
    int node = -1;  // the current node
    bool ended = false;
    std::string mismatch;
    std::vector<const ggml_tensor*> live;              // by tensor id, up to the current node
    std::vector<char> fetched;                         // from a server
    std::chrono::steady_clock::time_point node_began;  // for the profile

    static bool on_node(ggml_tensor* tensor, bool ask, void* self) {
        return static_cast<Impl*>(self)->on_node_timed(tensor, ask);
    }
    static bool on_abort(void* self) { return static_cast<Impl*>(self)->should_abort(); }

    bool on_node_timed(ggml_tensor* tensor, bool ask) {
        if (!profile().on || mode == Mode::plan) return on_node(tensor, ask);
        const std::string operation = products.is_running(tensor)  ? "MUL_MAT"
                                      : tensor->op == GGML_OP_NONE ? "attention by strips"
                                                                   : ggml_op_desc(tensor);
        const bool found = on_node(tensor, ask);
        const double seconds = lap(node_began);
        // our attention is computed at its last node, whose operation is then restored
        if (!ask && tensor->op != GGML_OP_NONE) profile().add("pass", operation, seconds);
        return ask || found;
    }

    bool on_node(ggml_tensor* tensor, bool ask) {
        if (mode == Mode::plan) {
            builder->add_node(tensor);
            if (!remote && !last_pass) skipped.skip(tensor);
            return false;
        }
        // Servers do not ask whether to abort: each of the rest gets just one more node.
        if (remote && (ask ? should_abort() : ended || cancelled || mask.failed())) return ask;
        if (!ask) products.after(tensor, threads);
        const bool edits = change(tensor, ask);
        if (mode == Mode::plain) return ask ? products.before(tensor) || edits : true;
        if (ended) return !ask;
        if (!ask) {
            attention.after(node, tensor, threads);
            ended = watcher->wants(node) && !watcher->computed(node);
            return !ended;
        }
        ++node;
        if (!matches(tensor)) return false;
        remember(tensor);
        watcher->before(node);
        if (!watcher->runs(node)) {
            skipped.skip(tensor);
            return edits || watcher->wants(node);
        }
        const bool ours = attention.before(node, tensor) || products.before(tensor);
        return edits || ours || watcher->wants(node);
    }

    /// Applies the input's changes to what a node reads. Must the node be shown once it has run?
    bool change(ggml_tensor* tensor, bool ask) {
        const bool edits = edit.applies_to(tensor);
        if (!ask && edits) edit.apply(tensor);
        if (!mask.hides()) return edits;
        if (ask) mask.before(tensor);
        const bool blinds = mask.blinds(tensor);
        if (!ask && blinds) mask.after(tensor);
        return edits || blinds;
    }

    bool may_go_on() {
        try {
            return progress(mode == Mode::watch
                                ? static_cast<double>(node + 1) / static_cast<double>(graph->nodes.size())
                                : 0.0);
        } catch (...) {
            failure = std::current_exception();  // not through llama.cpp
            return false;
        }
    }

    bool should_abort() {
        if (mode != Mode::plan && progress && !cancelled) cancelled = !may_go_on();
        return (mode == Mode::plan && last_pass && !remote) || ended || cancelled || mask.failed();
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
        remember(info.id, tensor);
        if (tensor->view_src != nullptr) remember(info.root, tensor->view_src);
    }
    void remember(int id, const ggml_tensor* tensor) {
        // a copy for another back end is not a tensor of the graph, unless it copies an input
        if (is_scheduler_copy(tensor) && graph->at(id).role != TensorRole::input) return;
        live[static_cast<std::size_t>(id)] = tensor;
    }

    void start(const PassInput& input) {
        llama_memory_t memory = llama_get_memory(context.get());
        if (memory != nullptr) llama_memory_clear(memory, false);
        edit = EmbeddingEdit(input);
        mask = KeyMask(input);
        node = -1;
        ended = false;
        cancelled = false;
        failure = nullptr;
        mismatch.clear();
    }

    /// llama.cpp's code: 0 done, 2 aborted.
    int pass(const PassInput& input, const SubPass& part) {
        edit.begin(part.first_row);
        mask.begin(part);
        const BatchPtr batch = make_batch(input, part);
        if (mode != Mode::plan || remote) ++work().passes;
        const Restored restored(products, attention, skipped);
        return part.encodes && model.facts().kind == ModelKind::encoder_decoder
                   ? llama_encode(context.get(), *batch)
                   : llama_decode(context.get(), *batch);
    }

    /// llama.cpp keeps the results of a pass until the next one.
    void take_results(const PassInput& input, const SubPass& part) {
        const int first = part.first_row - static_cast<int>(input.source.size());  // in input.ids
        for (const int position : input.outputs) {
            const int i = position - first;
            if (i < 0 || i >= part.rows) continue;
            const float* row =
                logits ? llama_get_logits_ith(context.get(), i) : llama_get_embeddings_ith(context.get(), i);
            if (row == nullptr) {
                throw Error(ErrorCode::internal, fmt::format("replay: no result at position {}", position));
            }
            const float scale = logits ? impl_of(model).logit_scale : 1.0F;
            std::transform(row, row + width, std::back_inserter(results),
                           [scale](float x) { return x * scale; });
        }
    }

    /// False if the watcher ended it.
    bool run(const PassInput& input, Mode how) {
        check_input(model, size, input);
        results.clear();
        start(input);
        edit.set_token_types(type_rows, input.token_types);
        for (const SubPass& part : sub_passes(model, size, input)) {
            mode = how;
            const int status = pass(input, part);
            mode = Mode::plain;
            if (!mismatch.empty()) throw Error(ErrorCode::internal, mismatch);
            const bool whole = status == 0 && !ended;
            if (mask.failed() || (mask.hides() && whole)) mask.check();
            if (ended) return false;
            if (failure) std::rethrow_exception(failure);
            if (cancelled) throw Error(ErrorCode::cancelled, "replay: cancelled");
            if (status != 0) {
                throw Error(ErrorCode::internal,
                            fmt::format("replay: llama.cpp failed in the pass (code {})", status));
            }
            if (part.first_row >= static_cast<int>(input.source.size())) take_results(input, part);
        }
        edit.require_done();
        return true;
    }

    /// BERT adds row 0 of its token types to every token.
    void prepare_token_types(Session& session, const PassInput& input) {
        if (input.token_types.empty() || !type_rows.empty()) return;
        PassInput plain = input;
        plain.token_types.clear();
        type_rows = token_type_rows(session.plan(plain));
    }
    Tensor type_rows;
};

Session::Session(const Model& model, SessionSize size) : impl_(std::make_unique<Impl>(model, size)) {
    const llama_model* llama = impl_of(model).model.get();
    impl_->logits = model.facts().kind != ModelKind::encoder || llama_model_is_diffusion(llama);
    impl_->width = impl_->logits ? model.facts().vocabulary : llama_model_n_embd_out(llama);
    require_positions(model, size.tokens);
    require_room_for_cache(model, size.tokens);
    impl_->threads = model.threads();
    llama_context_params params = exact_context(model, size);
    params.embeddings = !impl_->logits;
    params.cb_eval = &Impl::on_node;
    params.cb_eval_user_data = impl_.get();
    params.abort_callback = &Impl::on_abort;
    params.abort_callback_data = impl_.get();
    impl_->context.reset(llama_init_from_model(impl_of(model).model.get(), params));
    if (!impl_->context) {
        throw Error(ErrorCode::model,
                    fmt::format("replay: llama.cpp could not make a context of {} tokens for this model; "
                                "a shorter text needs less memory",
                                size.tokens));
    }
    use_adapters(impl_of(model), impl_->context.get());
}

Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

const Model& Session::model() const { return impl_->model; }
const SessionSize& Session::size() const { return impl_->size; }
bool Session::can_skip() const { return !impl_->remote; }
bool Session::gives_logits() const { return impl_->logits; }
void Session::set_threads(int threads) {
    impl_->threads = threads;
    llama_set_n_threads(impl_->context.get(), threads, threads);
}
int Session::threads() const { return impl_->threads; }
float Session::result_scale() const { return impl_->logits ? impl_of(impl_->model).logit_scale : 1.0F; }
std::function<bool(double)> Session::set_progress(std::function<bool(double)> progress) {
    return std::exchange(impl_->progress, std::move(progress));
}
void Session::go_on() {
    using namespace std::chrono_literals;
    const auto now = std::chrono::steady_clock::now();
    if (!impl_->progress || now - impl_->asked < 20ms) return;
    impl_->asked = now;
    if (!impl_->progress(1)) throw Error(ErrorCode::cancelled, "replay: cancelled");
}

Graph Session::plan(const PassInput& input) {
    check_input(impl_->model, impl_->size, input);
    Graph planned;
    GraphBuilder builder(planned, impl_of(impl_->model).mapped_weights.get());
    impl_->builder = &builder;
    impl_->start(input);
    const std::vector<SubPass> parts = sub_passes(impl_->model, impl_->size, input);
    for (std::size_t i = 0; i < parts.size(); ++i) {
        impl_->last_pass = i + 1 == parts.size();
        builder.begin(parts[i]);
        impl_->mode = Impl::Mode::plan;
        const int status = impl_->pass(input, parts[i]);
        impl_->mode = Impl::Mode::plain;
        // 2: aborted, as a plan requests for the last pass. Computing to the end does no harm.
        if (status != 0 && !(impl_->last_pass && status == 2)) {
            throw Error(ErrorCode::internal,
                        fmt::format("replay: llama.cpp refused the pass (code {})", status));
        }
        const bool encoder_result = parts[i].encodes && impl_->model.facts().kind != ModelKind::encoder;
        builder.end(impl_->logits && !encoder_result,
                    encoder_result ? impl_->model.facts().embedding : impl_->width);
    }
    return planned;
}

void Session::run(const PassInput& input) {
    constexpr int cells = 256;  // llama.cpp rounds the cells of a KV cache up to a multiple of this
    if (!impl_->remote && input.rows() + cells > attention::fewest_keys) {
        Nobody nobody;
        run(input, plan(input), nobody);
    } else {
        run_by_ggml(input);
    }
}

void Session::run_by_ggml(const PassInput& input) {
    impl_->prepare_token_types(*this, input);
    impl_->run(input, Impl::Mode::plain);
}

bool Session::run(const PassInput& input, const Graph& graph, Watcher& watcher) {
    impl_->prepare_token_types(*this, input);
    impl_->graph = &graph;
    impl_->watcher = &watcher;
    impl_->live.assign(graph.tensors.size(), nullptr);
    impl_->attention = impl_->remote ? OwnAttention() : OwnAttention(graph, watcher);
    return impl_->run(input, Impl::Mode::watch);
}

std::span<const float> Session::result(int output) const {
    const auto width = static_cast<std::size_t>(impl_->width);
    const std::size_t first = static_cast<std::size_t>(output) * width;
    if (first + width > impl_->results.size()) {
        throw Error(ErrorCode::internal, fmt::format("replay: there is no result {}", output));
    }
    return std::span(impl_->results).subspan(first, width);
}

Tensor Session::results() const {
    return {{static_cast<std::int64_t>(impl_->results.size()) / impl_->width, impl_->width}, impl_->results};
}

TensorBytes Session::bytes(int tensor) const {
    const ggml_tensor* live = impl_->live[static_cast<std::size_t>(tensor)];
    if (live == nullptr || live->data == nullptr) return {};
    return {read_bytes(live, impl_->fetched), ggml_nbytes(live)};
}

void Session::change(int tensor, const std::function<void(std::span<float>)>& edit) {
    const TensorInfo& info = impl_->graph->at(tensor);
    const ggml_tensor* live = impl_->live[static_cast<std::size_t>(tensor)];
    const bool is_written = info.role == TensorRole::node || info.role == TensorRole::state;
    if (!is_written || !info.is_root() || live == nullptr || live->data == nullptr ||
        live->type != GGML_TYPE_F32 || !ggml_is_contiguous(live)) {
        throw Error(ErrorCode::internal, "replay: cannot change " + describe(info));
    }
    // const for readers; the memory belongs to this session
    impl_->attention.changed(tensor);
    change_bytes(const_cast<ggml_tensor*>(live), [&](char* bytes) {
        edit({reinterpret_cast<float*>(bytes), static_cast<std::size_t>(ggml_nelements(live))});
    });
}

}  // namespace llmx::engine

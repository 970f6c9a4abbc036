#include "vjp/reverse.hpp"

#include <algorithm>
#include <chrono>
#include <llmx/error.hpp>

#include "core/profile.hpp"
#include "core/work.hpp"

namespace llmx::vjp {

namespace {

/// Serves a rule from the tape, the weights and the shadow memory during one step.
class StepSource : public PullSource {
public:
    StepSource(const tape::Tape& tape, const Node& node, GradientBuffers& shadow, Weights& weights)
        : tape_(tape), node_(node), shadow_(shadow), weights_(weights) {}

    TensorView<const float> value(int i) override {
        const engine::TensorInfo& source = node_.source(i);
        const engine::TensorInfo& root = node_.graph.at(source.root);
        if (root.role == engine::TensorRole::weight) {
            const WeightMatrix& kept = held_.emplace_back(weights_.float32(root));
            return with_dense_rows({kept.float32 + source.offset, source.shape,
                                    source.is_root() ? dense_strides(source.shape) : source.strides});
        }
        return with_dense_rows(tape_.read_by(source.id, node_.reader(i)));
    }

    MaskView mask(int i) override { return tape_.mask_read_by(node_.source(i).id, node_.reader(i)); }

    TensorView<const std::int32_t> indices(int i) override {
        return tape_.indices_read_by(node_.source(i).id, node_.reader(i));
    }

    TensorView<const float> output() override { return with_dense_rows(tape_.written_by(node_.info.order)); }

    Sink sink(int i) override {
        const int id = node_.source(i).id;
        const Sink target = shadow_.touch(id, !shares_root(i));
        if (target.view.strides[3] == 1 || target.view.columns() == 1) {
            Sink rows = target;
            rows.view.strides[3] = 1;
            return rows;
        }
        if (target.fresh) clear(target.view);
        detours_.push_back({shadow_.scratch(target.view.shape), target.view});
        return {dense_view(detours_.back().dense.memory.get(), target.view.shape), false};
    }

    Weights& weights() override { return weights_; }

    /// Adds the contents of temporaries to the windows that they replace.
    void finish() {
        for (Detour& detour : detours_) {
            const float* from = detour.dense.memory.get();
            for (std::int64_t r = 0; r < detour.window.rows(); ++r) {
                float* row = detour.window.row(r);
                for (std::int64_t c = 0; c < detour.window.columns(); ++c)
                    row[c * detour.window.strides[3]] += *from++;
            }
            shadow_.give_back(std::move(detour.dense));
        }
    }

private:
    struct Detour {
        GradientBuffers::Taken dense;
        TensorView<float> window;
    };

    bool shares_root(int i) const {
        for (int j = 0; j < static_cast<int>(node_.info.sources.size()); ++j) {
            if (j != i && node_.wants(j) && node_.source(j).root == node_.source(i).root) return true;
        }
        return false;
    }

    TensorView<const float> with_dense_rows(const TensorView<const float>& view) {
        if (view.strides[3] == 1 || view.columns() == 1) {
            TensorView<const float> rows = view;
            rows.strides[3] = 1;
            return rows;
        }
        auto& copy = packed_.emplace_back(static_cast<std::size_t>(view.elements()));
        float* out = copy.data();
        for (std::int64_t r = 0; r < view.rows(); ++r) {
            const float* row = view.row(r);
            for (std::int64_t c = 0; c < view.columns(); ++c) *out++ = row[c * view.strides[3]];
        }
        return dense_view<const float>(copy.data(), view.shape);
    }

    const tape::Tape& tape_;
    const Node& node_;
    GradientBuffers& shadow_;
    Weights& weights_;
    std::vector<WeightMatrix> held_;
    std::vector<std::vector<float>> packed_;
    std::vector<Detour> detours_;
};

/// By step: the roots whose gradient no earlier step touches. Without it, what has been pulled out of a KV
/// cache would be held until the end of the pass.
std::vector<std::vector<int>> ends_of_roots(const engine::Graph& graph, const Plan& plan) {
    std::vector<std::vector<int>> ends(plan.steps.size());
    std::vector<bool> met(graph.tensors.size(), false);
    for (std::size_t i = 0; i < plan.steps.size(); ++i) {
        const engine::TensorInfo& info = plan.steps[i].info(graph);
        const auto meet = [&](int tensor) {
            const int root = graph.at(tensor).root;
            if (met[static_cast<std::size_t>(root)]) return;
            met[static_cast<std::size_t>(root)] = true;
            ends[i].push_back(root);
        };
        meet(info.id);
        for (std::size_t s = 0; s < info.sources.size(); ++s) {
            if ((plan.steps[i].wanted >> s & 1U) != 0) meet(info.sources[s]);
        }
    }
    return ends;
}

}  // namespace

Reverse::Reverse(const engine::Graph& graph, const Plan& plan, Weights& weights, std::vector<int> asked,
                 int threads)
    : graph_(graph),
      plan_(plan),
      weights_(weights),
      asked_(std::move(asked)),
      threads_(threads),
      shadow_(graph),
      ends_(ends_of_roots(graph, plan)) {}

void Reverse::seed(int tensor, std::span<const float> gradient) {
    const Sink sink = shadow_.touch(tensor, true);
    if (static_cast<std::int64_t>(gradient.size()) != sink.view.elements()) {
        throw Error(ErrorCode::internal, "gradient: the seed's size is not the tensor's");
    }
    if (sink.fresh) clear(sink.view);
    const float* from = gradient.data();
    for (std::int64_t r = 0; r < sink.view.rows(); ++r) {
        float* row = sink.view.row(r);
        for (std::int64_t c = 0; c < sink.view.columns(); ++c) row[c * sink.view.strides[3]] += *from++;
    }
}

void Reverse::run(const tape::Tape& tape, std::size_t first, std::size_t last, const GradientSink& sink,
                  const std::function<void()>& go_on) {
    for (std::size_t i = last; i-- > first;) {
        if (go_on) go_on();
        step(tape, plan_.steps[i], sink);
        for (const int root : ends_[i]) shadow_.drop(root);
    }
    if (first > 0) return;
    shadow_.reset();  // the remaining gradients belong to memory from before the pass
    if (last > 0) ++work().reverse_passes;
}

void Reverse::step(const tape::Tape& tape, const Step& step, const GradientSink& sink) {
    const engine::TensorInfo& info = step.info(graph_);
    if (!shadow_.reached(info.id)) return;
    const bool asked = std::find(asked_.begin(), asked_.end(), info.id) != asked_.end();
    const bool computes = !engine::is_window(info);
    GradientBuffers::Taken dy =
        shadow_.take(info.id, computes && (step.rule == nullptr || !step.rule->clears_itself));
    if (asked) sink(info.id, dy.view);
    if (step.rule != nullptr) {
        const Node node{graph_, info, step.wanted};
        StepSource source(tape, node, shadow_, weights_);
        Pull pull(node, dy.view, source, threads_);
        auto began = std::chrono::steady_clock::now();
        step.rule->pull(pull);
        source.finish();
        if (profile().on) profile().add("reverse pass", info.op, lap(began));
    }
    shadow_.give_back(std::move(dy));
}

}  // namespace llmx::vjp

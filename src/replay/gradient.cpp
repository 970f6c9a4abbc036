#include "replay/gradient.hpp"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <llmx/error.hpp>
#include <mutex>

#include "engine/model/blocks.hpp"

namespace llmx::replay {

namespace {

constexpr std::string_view residual_prefix = "l_out-";

bool contains(const std::vector<int>& ids, int id) {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
}

std::vector<int> asked_tensors(const GradientSites& sites, const std::vector<int>& watched) {
    std::vector<int> ids = sites.embeddings;
    ids.insert(ids.end(), watched.begin(), watched.end());
    for (const auto& [block, nodes] : sites.residual) ids.insert(ids.end(), nodes.begin(), nodes.end());
    return ids;
}

/// Hyper-connections (hy_v4, glm5-next) carry several streams from block to block instead of one.
bool is_a_vector_a_row(const engine::TensorInfo& node, std::int64_t width) {
    return node.shape[0] == 1 && node.shape[1] == 1 && node.shape[3] == width;
}

}  // namespace

GradientSites find_sites(const engine::Graph& graph) {
    GradientSites sites;
    for (const engine::SubPass& pass : graph.passes)
        sites.embeddings.insert(sites.embeddings.end(), pass.embeddings.begin(), pass.embeddings.end());
    if (sites.embeddings.empty()) {
        throw Error(ErrorCode::unsupported,
                    "gradient: the model's graph does not read token_embd.weight by rows");
    }
    const std::int64_t width = graph.at(sites.embeddings.front()).shape[3];
    bool several = false;
    for (const engine::SubPass& pass : graph.passes) {
        const bool is_source = pass.encodes && graph.passes.size() > 1;
        if (!is_source && !pass.outputs.empty()) sites.results.push_back(pass.result);
        std::map<int, int> residual;  // of one pass: the last node of a block's name
        for (int order = pass.first_node; order < pass.last_node; ++order) {
            const engine::TensorInfo& node = graph.at(graph.nodes[static_cast<std::size_t>(order)]);
            if (!node.name.starts_with(residual_prefix)) continue;
            const int block = engine::block_of(node.name);
            several = several || !is_a_vector_a_row(node, width);
            if (block >= 0) residual[block] = node.id;
        }
        for (const auto& [block, id] : residual) sites.residual[block].push_back(id);
    }
    if (several) sites.residual.clear();
    return sites;
}

Gradient::Gradient(const engine::Graph& graph, bool blocks, std::vector<int> more)
    : graph_(graph), sites_(find_sites(graph)), watched_(std::move(more)) {
    if (!blocks) sites_.residual.clear();
    std::vector<int> watched = watched_;
    for (const auto& [block, nodes] : sites_.residual)
        watched.insert(watched.end(), nodes.begin(), nodes.end());
    plan_ = vjp::plan(graph, sites_.results, sites_.embeddings, watched);
}

Gradient::Gradient(const engine::Graph& graph, std::vector<int> nodes)
    : graph_(graph), sites_(find_sites(graph)) {
    sites_.embeddings = std::move(nodes);
    sites_.residual.clear();
    plan_ = vjp::plan(graph, sites_.results, sites_.embeddings, {});
}

std::vector<RequiredValue> Gradient::needs() const {
    std::vector<RequiredValue> needs;
    for (const vjp::Step& step : plan_.steps) {
        for (const tape::ValueKey& key : step.keeps) needs.push_back({step.node, key});
    }
    return needs;
}

std::pair<std::size_t, std::size_t> Gradient::steps_between(int first, int last) const {
    const auto before = [](const vjp::Step& step, int node) { return step.node < node; };
    const auto begin = plan_.steps.begin();
    return {std::lower_bound(begin, plan_.steps.end(), first, before) - begin,
            std::lower_bound(begin, plan_.steps.end(), last, before) - begin};
}

/// Starts a reverse pass: every sub-pass takes the rows of its own outputs.
void Gradient::seed(vjp::Reverse& reverse, const Replay& replay, const Tensor& gradient) const {
    const auto source = static_cast<int>(replay.input().source.size());
    for (const engine::SubPass& pass : graph_.passes) {
        if (!contains(sites_.results, pass.result)) continue;
        Tensor rows{{static_cast<std::int64_t>(pass.outputs.size()), gradient.shape.back()}, {}};
        rows.values.resize(pass.outputs.size() * static_cast<std::size_t>(gradient.shape.back()));
        bool any = false;
        for (std::size_t i = 0; i < replay.outputs().size(); ++i) {
            const int row = source + replay.outputs()[i];
            const auto at = std::lower_bound(pass.outputs.begin(), pass.outputs.end(), row);
            if (at == pass.outputs.end() || *at != row) continue;
            const auto from = gradient.row(i);
            std::transform(from.begin(), from.end(), rows.row(at - pass.outputs.begin()).begin(),
                           [scale = replay.result_scale()](float g) { return g * scale; });
            any = any || std::any_of(from.begin(), from.end(), [](float g) { return g != 0.0F; });
        }
        if (any) reverse.seed(pass.result, rows.values);
    }
}

void Gradient::add_rows(int tensor, const TensorView<const float>& gradient, Tensor& total) const {
    const std::vector<int> rows = graph_.pass_of(graph_.at(tensor).order).rows_of(gradient.rows());
    for (std::size_t r = 0; r < rows.size(); ++r) {
        const float* from = gradient.row(static_cast<std::int64_t>(r));
        float* to = total.row(static_cast<std::size_t>(rows[r])).data();
        for (std::int64_t c = 0; c < gradient.columns(); ++c) to[c] += from[c];
    }
}

Tensor Gradient::zero(const Replay& replay) const {
    const std::int64_t width = graph_.at(sites_.embeddings.front()).shape[3];
    const std::size_t rows = replay.ids().size();
    return {{static_cast<std::int64_t>(rows), width}, std::vector<float>(rows * width, 0.0F)};
}

vjp::Reverse Gradient::reverse(vjp::Weights& weights, int threads) const {
    return {graph_, plan_, weights, asked_tensors(sites_, watched_), threads};
}

Gradient::Result Gradient::whole(Replay& replay, const Seed& objective, vjp::Weights& weights, int threads,
                                 const Watch& watch) const {
    vjp::Reverse passes = reverse(weights, threads);
    return whole(replay, objective, passes, watch);
}

Gradient::Result Gradient::whole(Replay& replay, const Seed& objective, vjp::Reverse& reverse,
                                 const Watch& watch) const {
    reverse.reset();  // of a pass that was given up
    Result result{zero(replay), {}};
    for (const auto& [block, nodes] : sites_.residual) result.residual[block] = zero(replay);
    bool seeded = false;
    replay.visit([&](const tape::Tape& tape, int first, int last) {
        if (!seeded) seed(reverse, replay, objective(replay.results()));
        seeded = true;
        const auto [from, to] = steps_between(first, last);
        const auto take = [&](int tensor, const TensorView<const float>& gradient) {
            if (contains(sites_.embeddings, tensor)) add_rows(tensor, gradient, result.embedding);
            if (watch && contains(watched_, tensor)) watch(0, tape, tensor, gradient);
            for (const auto& [block, nodes] : sites_.residual) {
                if (contains(nodes, tensor)) add_rows(tensor, gradient, result.residual[block]);
            }
        };
        reverse.run(tape, from, to, take, [&] { replay.go_on(); });
    });
    return result;
}

Gradient::Result Gradient::whole(Replay& replay, const objective::Terms& terms, vjp::Weights& weights,
                                 int threads) const {
    return whole(
        replay, [&](const Tensor& logits) { return objective::gradient_of(terms, logits); }, weights,
        threads);
}

/// A reverse pass under way, and what it has found.
struct Gradient::Slot {
    vjp::Reverse reverse;
    Tensor gradient;
};

void Gradient::per_seed(Replay& replay, std::size_t count, const SeedOf& seed_of, vjp::Weights& weights,
                        int threads, const Each& each, const std::function<bool(double)>& progress,
                        const Watch& watch) const {
    // In one piece a tape serves all terms, and each thread needs one reverse pass at a time. In several,
    // every pass of a group lives across the pieces, so that the pieces are recorded once a group.
    const std::size_t group = replay.pieces() == 1 ? count : std::max<std::size_t>(16, threads);
    const std::size_t passes = replay.pieces() == 1 ? static_cast<std::size_t>(threads) : group;
    std::vector<std::unique_ptr<Slot>> slots(passes);
    std::vector<int> asked = sites_.embeddings;
    asked.insert(asked.end(), watched_.begin(), watched_.end());
    for (auto& slot : slots) slot.reset(new Slot{vjp::Reverse(graph_, plan_, weights, asked, 1), {}});
    std::exception_ptr failure;
    std::mutex mutex;
    std::atomic<bool> stop = false;
    std::size_t done = 0;
    const auto go_on = [&] {
        if (stop) throw Error(ErrorCode::cancelled, "gradient: cancelled");  // another thread has said why
        const std::scoped_lock lock(mutex);
        replay.go_on();
    };
    for (std::size_t start = 0; start < count; start += group) {
        const std::size_t end = std::min(count, start + group);
        replay.visit([&](const tape::Tape& tape, int first, int last) {
            const std::pair steps = steps_between(first, last);  // clang 14: no structured binding in OpenMP
            const bool whole_pass = last == static_cast<int>(graph_.nodes.size());
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
            for (std::size_t i = start; i < end; ++i) {
                if (stop) continue;
                try {
                    Slot& slot = *slots[replay.pieces() == 1 ? static_cast<std::size_t>(omp_get_thread_num())
                                                             : i - start];
                    if (whole_pass) {
                        slot.gradient = zero(replay);
                        seed(slot.reverse, replay, seed_of(i, replay.results()));
                    }
                    const auto take = [&](int tensor, const TensorView<const float>& gradient) {
                        if (!contains(watched_, tensor)) {
                            add_rows(tensor, gradient, slot.gradient);
                        } else if (watch) {
                            watch(i, tape, tensor, gradient);
                        }
                    };
                    slot.reverse.run(tape, steps.first, steps.second, take, go_on);
                    if (first > 0) continue;
                    each(i, dense_view<const float>(slot.gradient.values.data(),
                                                    {1, 1, slot.gradient.shape[0], slot.gradient.shape[1]}));
                    const std::scoped_lock lock(mutex);
                    ++done;
                    if (progress && !progress(static_cast<double>(done) / static_cast<double>(count))) {
                        throw Error(ErrorCode::cancelled, "gradient: cancelled");
                    }
                } catch (...) {
                    const std::scoped_lock lock(mutex);
                    if (!failure) failure = std::current_exception();
                    stop = true;
                }
            }
            if (failure) std::rethrow_exception(failure);
        });
    }
}

void Gradient::per_term(Replay& replay, const objective::Terms& terms, vjp::Weights& weights, int threads,
                        const Each& each, const std::function<bool(double)>& progress) const {
    const auto seed = [&](std::size_t i, const Tensor& logits) {
        return objective::gradient_of(std::span(terms).subspan(i, 1), logits);
    };
    per_seed(replay, terms.size(), seed, weights, threads, each, progress);
}

}  // namespace llmx::replay

#include "method/gradient.hpp"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <llmx/error.hpp>
#include <mutex>

#include "vjp/reverse.hpp"

namespace llmx::method {

namespace {

constexpr std::string_view residual_prefix = "l_out-";

std::vector<int> asked_tensors(const GradientSites& sites, bool blocks) {
    std::vector<int> ids{sites.embedding};
    if (blocks) {
        for (const auto& [block, id] : sites.residual) ids.push_back(id);
    }
    return ids;
}

/// Gradient of the terms with respect to the logits, [outputs, vocabulary].
std::vector<float> seed_of(const Replay& replay, std::span<const objective::Term> terms) {
    const std::size_t vocabulary = replay.logits(0).size();
    std::vector<float> seed(replay.outputs().size() * vocabulary, 0.0F);
    for (const objective::Term& term : terms) {
        objective::add_gradient(
            replay.logits(term.output), term.token, term.weight,
            std::span(seed).subspan(static_cast<std::size_t>(term.output) * vocabulary, vocabulary));
    }
    return seed;
}

/// The rows of a gradient by token: the last block is computed for the outputs only.
Tensor by_token(const View<const float>& gradient, const Replay& replay) {
    const auto tokens = replay.ids().size();
    const auto width = static_cast<std::size_t>(gradient.columns());
    Tensor result{{static_cast<std::int64_t>(tokens), gradient.columns()},
                  std::vector<float>(tokens * width, 0.0F)};
    const bool all = gradient.rows() == static_cast<std::int64_t>(tokens);
    if (!all && gradient.rows() != static_cast<std::int64_t>(replay.outputs().size())) {
        throw Error(ErrorCode::internal,
                    "gradient: rows of the residual stream are neither tokens nor outputs");
    }
    for (std::int64_t r = 0; r < gradient.rows(); ++r) {
        const std::size_t token =
            all ? static_cast<std::size_t>(r) : replay.outputs()[static_cast<std::size_t>(r)];
        std::copy_n(gradient.row(r), width, result.row(token).data());
    }
    return result;
}

}  // namespace

GradientSites find_sites(const engine::Graph& graph) {
    GradientSites sites;
    sites.logits = graph.find("result_output");
    for (const int id : graph.nodes) {
        const engine::TensorInfo& node = graph.at(id);
        if (node.op == "GET_ROWS" && graph.at(node.sources[0]).name == "token_embd.weight")
            sites.embedding = id;
        if (node.name.starts_with(residual_prefix)) {
            const int block = engine::block_of(node.name);
            if (block >= 0) sites.residual[block] = id;
        }
    }
    if (sites.logits < 0 || sites.embedding < 0) {
        throw Error(ErrorCode::unsupported,
                    sites.logits < 0 ? "gradient: the model's graph has no logits (result_output)"
                                     : "gradient: the model's graph does not read token_embd.weight by rows");
    }
    return sites;
}

Gradient::Gradient(const engine::Graph& graph, bool blocks) : graph_(graph), sites_(find_sites(graph)) {
    if (!blocks) sites_.residual.clear();
    std::vector<int> watched;
    for (const auto& [block, id] : sites_.residual) watched.push_back(id);
    plan_ = vjp::plan(graph, std::array{sites_.logits}, std::array{sites_.embedding}, watched);
}

std::vector<Need> Gradient::needs() const {
    std::vector<Need> needs;
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

Gradient::Result Gradient::whole(Replay& replay, const objective::Terms& terms, vjp::Weights& weights,
                                 int threads) const {
    vjp::Reverse reverse(graph_, plan_, weights, asked_tensors(sites_, true), threads);
    const auto tokens = replay.ids().size();
    const std::int64_t width = graph_.at(sites_.embedding).shape[3];
    const Tensor zero{{static_cast<std::int64_t>(tokens), width}, std::vector<float>(tokens * width, 0.0F)};
    Result result{zero, {}};
    for (const auto& [block, id] : sites_.residual) result.residual[block] = zero;
    bool seeded = false;
    replay.visit([&](const tape::Tape& tape, int first, int last) {
        if (!seeded) reverse.seed(sites_.logits, seed_of(replay, terms));
        seeded = true;
        const auto [from, to] = steps_between(first, last);
        reverse.run(tape, from, to, [&](int tensor, const View<const float>& gradient) {
            if (tensor == sites_.embedding) result.embedding = by_token(gradient, replay);
            for (const auto& [block, id] : sites_.residual) {
                if (tensor == id) result.residual[block] = by_token(gradient, replay);
            }
        });
    });
    return result;
}

void Gradient::per_term(Replay& replay, const objective::Terms& terms, vjp::Weights& weights, int threads,
                        const Each& each, const std::function<bool(double)>& progress) const {
    // In one piece a tape serves all terms, and each thread needs one reverse pass at a time. In several,
    // every pass of a group lives across the pieces, so that the pieces are recorded once a group.
    const std::size_t group = replay.pieces() == 1 ? terms.size() : std::max<std::size_t>(16, threads);
    const std::size_t slots = replay.pieces() == 1 ? static_cast<std::size_t>(threads) : group;
    std::vector<std::unique_ptr<vjp::Reverse>> reverses(slots);
    for (auto& reverse : reverses) {
        reverse =
            std::make_unique<vjp::Reverse>(graph_, plan_, weights, std::vector<int>{sites_.embedding}, 1);
    }
    std::exception_ptr failure;
    std::mutex mutex;
    std::atomic<bool> stop = false;
    std::size_t done = 0;
    for (std::size_t start = 0; start < terms.size(); start += group) {
        const std::size_t end = std::min(terms.size(), start + group);
        replay.visit([&](const tape::Tape& tape, int first, int last) {
            const std::pair steps = steps_between(first, last);  // clang 14: no structured binding in OpenMP
            const bool whole_pass = last == static_cast<int>(graph_.nodes.size());
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
            for (std::size_t i = start; i < end; ++i) {
                if (stop) continue;
                try {
                    vjp::Reverse& reverse =
                        *reverses[replay.pieces() == 1 ? static_cast<std::size_t>(omp_get_thread_num())
                                                       : i - start];
                    if (whole_pass)
                        reverse.seed(sites_.logits, seed_of(replay, std::span(terms).subspan(i, 1)));
                    reverse.run(tape, steps.first, steps.second,
                                [&](int, const View<const float>& gradient) { each(i, gradient); });
                    if (first > 0) continue;
                    const std::scoped_lock lock(mutex);
                    ++done;
                    if (progress &&
                        !progress(static_cast<double>(done) / static_cast<double>(terms.size()))) {
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

}  // namespace llmx::method

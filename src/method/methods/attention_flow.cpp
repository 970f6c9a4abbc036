// Attention flow (Abnar & Zuidema 2020; definitions 2): attention and residual stream as capacities, and the
// largest flow from each target's row to each token.

#include <fmt/format.h>

#include <atomic>
#include <llmx/error.hpp>
#include <mutex>

#include "core/parallel.hpp"
#include "method/attention/flow.hpp"
#include "method/attention/layers.hpp"
#include "method/definition.hpp"

namespace llmx::method {

namespace {

void require_memory(const AttributionContext& scene, std::size_t bytes, std::int64_t rows) {
    if (scene.memory_budget == 0 || bytes <= scene.memory_budget) return;
    throw Error(ErrorCode::input, fmt::format("attention_flow: {} tokens need {} KiB, `memory_budget` is {} "
                                              "KiB; attention_rollout needs little",
                                              rows, bytes >> 10, scene.memory_budget >> 10));
}

/// (A + I) / row sum of every layer, [rows, rows]; the identity in rows that a layer leaves alone.
std::vector<Tensor> capacities(AttentionLayers& look) {
    const std::int64_t rows = look.rows();
    const std::size_t cells = look.layers().size() * static_cast<std::size_t>(rows * rows);
    require_memory(look.scene(), cells * (sizeof(float) + sizeof(std::int64_t)), rows);
    std::vector<Tensor> layers(look.layers().size(), Tensor::zero({rows, rows}));
    look.visit([&](const tape::Tape& tape, std::size_t p) {
        const AttentionLayers::Part& part = look.parts()[p];
        const Tensor mean = look.mean_of_heads(tape, part);
        std::copy(mean.values.begin(), mean.values.end(),
                  layers[static_cast<std::size_t>(part.layer)].values.begin() + part.first * rows);
    });
    for (Tensor& layer : layers) {
        for (std::int64_t row = 0; row < rows; ++row)
            add_residual(layer.row(static_cast<std::size_t>(row)), static_cast<int>(row));
    }
    return layers;
}

/// One flow to find: its share of a target's score is `share`.
struct Task {
    std::size_t target = 0;
    int from = 0, to = 0;
    double share = 0;
};

std::vector<double> find(const LayeredFlow& flow, const std::vector<Task>& tasks,
                         const AttributionContext& scene) {
    std::vector<double> flows(tasks.size());
    std::atomic<std::size_t> next = 0;
    std::mutex mutex;
    const auto work = [&] {
        for (std::size_t i = next++; i < tasks.size(); i = next++) {
            flows[i] = flow.maximum(tasks[i].from, tasks[i].to);
            const std::scoped_lock lock(mutex);
            scene.tick(tasks[i].share);
        }
    };
    parallel_blocks(scene.threads, scene.threads, [&](std::int64_t first, std::int64_t last) {
        try {
            for (std::int64_t worker = first; worker < last; ++worker) work();
        } catch (...) {
            next = tasks.size();  // the others need not go on
            throw;
        }
    });
    return flows;
}

Scores run(AttributionContext& scene, const Options&) {
    AttentionLayers look(scene, "attention_flow");
    const LayeredFlow flow(capacities(look));
    require_memory(scene, flow.bytes() * static_cast<std::size_t>(scene.threads), look.rows());
    const Tensor top = look.target_rows();
    std::vector<Task> tasks;
    for (std::size_t t = 0; t < static_cast<std::size_t>(top.shape[0]); ++t) {
        for (int from = 0; from < static_cast<int>(look.rows()); ++from) {
            const double share = top.row(t)[static_cast<std::size_t>(from)];
            if (share == 0) continue;
            for (int to = 0; to < scene.sources; ++to)
                if (!scene.fixed[static_cast<std::size_t>(to)]) tasks.push_back({t, from, to, share});
        }
    }
    const std::vector<double> flows = find(flow, tasks, scene);
    Tensor found = Tensor::zero(top.shape);
    for (std::size_t i = 0; i < tasks.size(); ++i)
        found.row(tasks[i].target)[static_cast<std::size_t>(tasks[i].to)] +=
            static_cast<float>(tasks[i].share * flows[i]);
    return look.scores(found);
}

}  // namespace

const Definition& attention_flow() {
    static const Definition definition{
        .name = "attention_flow",
        .help =
            "largest flow through attention and residual stream; slow (one problem a source token and answer "
            "token; not in all), and in a decoder close to a map of positions",
        .source = "Abnar and Zuidema 2020: Quantifying attention flow in transformers",
        .is_signed = false,
        .evaluations =
            [](const Extent& extent, const Options&) {
                return 1.0 + static_cast<double>(extent.targets * extent.sources);
            },
        .reads = AttentionLayers::needs,
        .look = run,
        .slow = true,
        .one_text = true,
        .any_measure = true};
    return definition;
}

}  // namespace llmx::method

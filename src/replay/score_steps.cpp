#include "replay/score_steps.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

namespace llmx::replay {

namespace {

float number(const engine::TensorInfo& node, std::size_t i) { return std::bit_cast<float>(node.params[i]); }

int source(const engine::TensorInfo& node, std::size_t i) {
    return i < node.sources.size() ? node.sources[i] : -1;
}

/// One node behind the product. False where it is none that is known here.
bool take(const engine::Graph& graph, const engine::TensorInfo& node, ScoreSteps& steps) {
    if (node.op == "SCALE" && number(node, 1) == 0 && steps.bias < 0) {
        // behind the tanh it is the cap's, before it the product's
        (steps.softcap > 0 ? steps.softcap : steps.scale) *= number(node, 0);
        return true;
    }
    if (node.op == "UNARY" && node.kind == "TANH" && steps.softcap == 0 && steps.bias < 0) {
        steps.softcap = 1;
        return true;
    }
    if (node.op == "ADD" && steps.bias < 0 && graph.at(source(node, 1)).shape == node.shape) {
        steps.bias = source(node, 1);
        steps.bias_node = node.order;
        return true;
    }
    return false;
}

}  // namespace

ScoreSteps score_steps(const engine::Graph& graph, const AttentionSite& site) {
    const auto at = [&](int order) -> const engine::TensorInfo& {
        return graph.at(graph.nodes[static_cast<std::size_t>(order)]);
    };
    const engine::TensorInfo& softmax = at(site.softmax);
    ScoreSteps steps;
    std::vector<const engine::TensorInfo*> between;
    for (int id = softmax.sources[0]; graph.at(id).order != site.scores; id = graph.at(id).sources[0])
        between.push_back(&graph.at(id));
    std::reverse(between.begin(), between.end());
    for (const engine::TensorInfo* node : between) {
        if (!take(graph, *node, steps)) steps.unknown = describe(*node);
    }
    const float scale = number(softmax, 0);
    // softcap tanh(scale x): the cap's own scale goes in front too, so that for small x it is scale x
    if (steps.softcap > 0) steps.scale *= steps.softcap;
    steps.scale *= scale;
    steps.softcap *= scale;
    steps.bias_scale = scale;
    steps.mask = source(softmax, 1);
    steps.max_alibi = number(softmax, 1);
    steps.sinks = source(softmax, 2);
    if (steps.sinks >= 0 && graph.at(steps.sinks).role != engine::TensorRole::weight)
        steps.unknown = describe(graph.at(steps.sinks));
    return steps;
}

float alibi_slope(float max_alibi, std::int64_t head, std::int64_t heads) {
    if (max_alibi <= 0) return 1;
    const double power = std::exp2(std::floor(std::log2(static_cast<double>(heads))));
    const auto h = static_cast<double>(head);
    const double exponent =
        h < power ? -max_alibi / power * (h + 1) : -max_alibi / 2 / power * (2 * (h - power) + 1);
    return static_cast<float>(std::exp2(exponent));
}

}  // namespace llmx::replay

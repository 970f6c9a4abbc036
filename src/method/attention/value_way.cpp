#include "method/attention/value_way.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <llmx/error.hpp>
#include <string>

namespace llmx::method {

namespace {

class Finder {
public:
    Finder(const engine::Graph& graph, const replay::AttentionSite& site) : graph_(graph), site_(site) {}

    [[nodiscard]] ValueWay find() const {
        const engine::TensorInfo& softmax = node(site_.softmax);
        const engine::TensorInfo& product = reader_of(softmax.id);
        if (product.op != "MUL_MAT" || product.sources[1] != softmax.id)
            refuse(fmt::format("the softmax goes into {}", describe(product)));
        const engine::TensorInfo* at = &reader_of(product.id);
        while (engine::is_window(*at) || at->op == "CONT") at = &reader_of(at->id);
        if (at->op != "MUL_MAT" || !is_weight(at->sources[0]))
            refuse(fmt::format("{} lies between the values and the output projection", describe(*at)));
        const engine::TensorInfo& projection = graph_.at(at->sources[0]);
        if (projection.shape[3] != product.shape[1] * product.shape[3] || !projection.is_root() ||
            projection.shape[0] * projection.shape[1] != 1)
            refuse(fmt::format("the output projection is {}, for {} heads of {}", describe(projection),
                               product.shape[1], product.shape[3]));
        const engine::TensorInfo& next = reader_of(at->id);
        const bool is_scaled = next.op == "MUL" && is_weight(next.sources[1]);
        return {product.order, projection.id, is_scaled ? next.sources[1] : -1};
    }

private:
    [[nodiscard]] const engine::TensorInfo& node(int order) const {
        return graph_.at(graph_.nodes[static_cast<std::size_t>(order)]);
    }
    [[nodiscard]] bool is_weight(int tensor) const {
        return graph_.at(graph_.at(tensor).root).role == engine::TensorRole::weight;
    }
    [[noreturn]] void refuse(const std::string& why) const {
        throw Error(
            ErrorCode::unsupported,
            fmt::format("value_norm: block {}: {}; expected values, softmax and output projection one "
                        "after another; attention_weights works",
                        site_.block, why));
    }

    /// The one node that reads a tensor.
    [[nodiscard]] const engine::TensorInfo& reader_of(int tensor) const {
        const engine::TensorInfo* found = nullptr;
        const engine::TensorInfo& read = graph_.at(tensor);
        for (int order = read.order + 1; order < graph_.pass_of(read.order).last_node; ++order) {
            const auto& sources = node(order).sources;
            if (std::find(sources.begin(), sources.end(), tensor) == sources.end()) continue;
            if (found != nullptr)
                refuse(fmt::format("{} is read by {} and by {}", describe(read), describe(*found),
                                   describe(node(order))));
            found = &node(order);
        }
        if (found == nullptr) refuse(fmt::format("nothing reads {}", describe(read)));
        return *found;
    }

    const engine::Graph& graph_;
    const replay::AttentionSite& site_;
};

}  // namespace

ValueWay find_value_way(const engine::Graph& graph, const replay::AttentionSite& site) {
    return Finder(graph, site).find();
}

}  // namespace llmx::method

#include "vjp/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <llmx/error.hpp>
#include <map>
#include <set>

#include "engine/model/blocks.hpp"
#include "engine/pass/attention.hpp"

namespace llmx::vjp {

namespace {

bool contains(std::span<const int> ids, int id) { return std::find(ids.begin(), ids.end(), id) != ids.end(); }

[[noreturn]] void refuse(const engine::TensorInfo& node, const std::string& why) {
    const int block = engine::block_of(node.name);
    throw Error(ErrorCode::unsupported,
                fmt::format("gradient: {}{}: {}; the attention method still works", describe(node),
                            block >= 0 ? fmt::format(" of block {}", block) : "", why));
}

const Rule& rule_for(const engine::TensorInfo& node) {
    const Rule* rule = find_rule(node.op);
    if (rule == nullptr)
        refuse(node, fmt::format("no rule for operation {}; known: {}", node.op, known_rules()));
    return *rule;
}

/// Marks of roots: does a gradient reach them from the inputs' side, from the outputs' side?
class Planner {
public:
    Planner(const engine::Graph& graph, std::span<const int> to, std::span<const int> watched)
        : graph_(graph), lineage_(graph), to_(to), watched_(watched), marked_(graph.tensors.size(), false) {}

    Plan run(std::span<const int> from) {
        forward();
        backward(from);
        join_attention();
        return finish();
    }

private:
    std::vector<bool>::reference mark(int tensor) {
        return marked_[static_cast<std::size_t>(graph_.at(tensor).root)];
    }

    /// Every node that depends on `to`, with the sources through which it does.
    void forward() {
        for (const int id : graph_.nodes) {
            const engine::TensorInfo& node = graph_.at(id);
            Step step{node.order, nullptr, 0, {}, nullptr};
            if (contains(to_, id)) {
                mark(id) = true;
                steps_.push_back(step);
                continue;
            }
            if (engine::is_window(node)) {
                if (contains(watched_, id)) steps_.push_back(step);
                continue;
            }
            for (std::size_t i = 0; i < node.sources.size(); ++i) {
                if (node.sources[i] >= 0 && mark(node.sources[i])) step.wanted |= 1U << i;
            }
            if (step.wanted == 0) continue;
            const Rule* rule = find_rule(node.op);
            if (rule != nullptr && rule->pull == nullptr) {
                // no gradient flows through it; in place it also overwrites what was there: a step without a
                // rule
                if (!node.is_root()) steps_.push_back({node.order, nullptr, 0, {}, nullptr});
                continue;
            }
            mark(id) = true;
            steps_.push_back(step);
        }
    }

    /// Drops the steps from which nothing reaches `from`; the rest must have rules.
    void backward(std::span<const int> from) {
        depends_ = marked_;
        std::fill(marked_.begin(), marked_.end(), false);
        for (const int id : from) mark(id) = true;
        for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
            const engine::TensorInfo& node = graph_.at(graph_.nodes[static_cast<std::size_t>(step->node)]);
            if (!mark(node.id)) {
                step->node = -1;
                continue;
            }
            if (step->wanted == 0) continue;
            step->rule = &rule_for(node);
            for (std::size_t i = 0; i < node.sources.size(); ++i) {
                if ((step->wanted >> i & 1U) != 0) mark(node.sources[i]) = true;
            }
        }
        std::erase_if(steps_, [](const Step& step) { return step.node < 0; });
    }

    /// One step in place of those of an attention, unless one of them is asked for.
    void join_attention() {
        std::map<int, engine::JoinedAttention> found;  // by order of the last node
        for (engine::JoinedAttention& attention : engine::find_long_attention(graph_))
            found.emplace(attention.node.order, std::move(attention));
        std::set<int> joined;
        for (Step& step : steps_) {
            const auto attention = found.find(step.node);
            if (step.rule == nullptr || attention == found.end() || !can_join(attention->second, step))
                continue;
            for (const int id : attention->second.inner) joined.insert(graph_.at(id).order);
            step.wanted = reached_by(attention->second.node);
            step.joined = std::make_shared<const engine::TensorInfo>(attention->second.node);
            step.rule = &rule_for(*step.joined);
        }
        std::erase_if(steps_, [&](const Step& step) { return joined.contains(step.node); });
    }

    bool can_join(const engine::JoinedAttention& attention, const Step& step) const {
        const bool is_asked = std::any_of(attention.inner.begin(), attention.inner.end(), [&](int id) {
            return contains(to_, id) || contains(watched_, id);
        });
        // what the product of keys and queries read must still be there when the last node runs
        const int product = graph_.at(attention.product).order;
        return !is_asked &&
               std::all_of(attention.node.sources.begin(), attention.node.sources.end(), [&](int id) {
                   return id < 0 || lineage_.read_by(id, product) == lineage_.read_by(id, step.node);
               });
    }

    /// Bit i: a gradient of source i is wanted by what comes before.
    std::uint32_t reached_by(const engine::TensorInfo& node) {
        std::uint32_t wanted = 0;
        for (std::size_t i = 0; i < node.sources.size(); ++i) {
            const int id = node.sources[i];
            if (id >= 0 && depends_[static_cast<std::size_t>(graph_.at(id).root)]) wanted |= 1U << i;
        }
        return wanted;
    }

    Plan finish() {
        for (Step& step : steps_) {
            if (step.rule == nullptr) continue;
            const engine::TensorInfo& info = step.info(graph_);
            const Node node{graph_, info, step.wanted};
            if (step.rule->refuses != nullptr) {
                if (const std::string why = step.rule->refuses(node); !why.empty()) refuse(info, why);
            }
            const SavedValues saved = step.rule->saved != nullptr ? step.rule->saved(node) : SavedValues{};
            if (saved.output) step.keeps.push_back(lineage_.written_by(step.node));
            for (std::size_t i = 0; i < info.sources.size(); ++i) {
                if ((saved.sources >> i & 1U) == 0) continue;
                const engine::TensorRole role = graph_.at(graph_.at(info.sources[i]).root).role;
                if (role == engine::TensorRole::weight || role == engine::TensorRole::input) continue;
                step.keeps.push_back(lineage_.read_by(info.sources[i], node.reader(static_cast<int>(i))));
            }
        }
        return {std::move(steps_)};
    }

    const engine::Graph& graph_;
    tape::Lineage lineage_;
    std::span<const int> to_;
    std::span<const int> watched_;
    std::vector<bool> marked_;   // by root
    std::vector<bool> depends_;  // by root: depends on `to`
    std::vector<Step> steps_;
};

}  // namespace

tape::Keeps Plan::keeps(std::size_t first, std::size_t last) const {
    tape::Keeps all;
    for (std::size_t i = first; i < last; ++i) all.insert(steps[i].keeps.begin(), steps[i].keeps.end());
    return all;
}

Plan plan(const engine::Graph& graph, std::span<const int> from, std::span<const int> to,
          std::span<const int> watched) {
    return Planner(graph, to, watched).run(from);
}

}  // namespace llmx::vjp

#include "method/game/tree.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

namespace llmx::method {

namespace {

using Units = std::vector<std::size_t>;

class Builder {
public:
    Builder(std::span<const std::vector<int>> levels, std::size_t most_children)
        : levels_(levels), most_children_(most_children) {}

    Tree build(Units units) {
        add(std::move(units), 0);
        return std::move(tree_);
    }

private:
    /// `level`: the first that may still divide the units.
    std::size_t add(Units units, std::size_t level) {
        const std::size_t node = tree_.nodes.size();
        tree_.nodes.push_back({std::move(units), {}});
        std::vector<Units> groups;
        for (; groups.size() < 2 && level <= levels_.size(); ++level) groups = divided(node, level);
        if (groups.size() < 2) return node;
        add_children(node, std::move(groups), level);
        return node;
    }

    /// By this level, or after the last one unit by unit.
    [[nodiscard]] std::vector<Units> divided(std::size_t node, std::size_t level) const {
        std::map<int, std::size_t> places;
        std::vector<Units> groups;
        for (const std::size_t unit : tree_.nodes[node].units) {
            const int group = level < levels_.size() ? levels_[level][unit] : static_cast<int>(unit);
            const auto [place, is_new] = places.try_emplace(group, groups.size());
            if (is_new) groups.emplace_back();
            groups[place->second].push_back(unit);
        }
        return groups;
    }

    void add_children(std::size_t node, std::vector<Units> groups, std::size_t level) {
        if (groups.size() <= most_children_) {
            for (Units& group : groups) {
                const std::size_t child = add(std::move(group), level);
                tree_.nodes[node].children.push_back(child);
            }
            return;
        }
        const auto count = static_cast<double>(groups.size());
        const auto bundles = std::min(most_children_, static_cast<std::size_t>(std::ceil(std::sqrt(count))));
        for (std::size_t b = 0; b < bundles; ++b) {
            const std::size_t first = b * groups.size() / bundles, last = (b + 1) * groups.size() / bundles;
            const std::size_t child = add_bundle({groups.begin() + static_cast<std::ptrdiff_t>(first),
                                                  groups.begin() + static_cast<std::ptrdiff_t>(last)},
                                                 level);
            tree_.nodes[node].children.push_back(child);
        }
    }

    /// Neighbouring groups under one node.
    std::size_t add_bundle(std::vector<Units> groups, std::size_t level) {
        if (groups.size() == 1) return add(std::move(groups.front()), level);
        const std::size_t node = tree_.nodes.size();
        tree_.nodes.emplace_back();
        for (const Units& group : groups)
            tree_.nodes[node].units.insert(tree_.nodes[node].units.end(), group.begin(), group.end());
        std::sort(tree_.nodes[node].units.begin(), tree_.nodes[node].units.end());
        add_children(node, std::move(groups), level);
        return node;
    }

    std::span<const std::vector<int>> levels_;
    std::size_t most_children_;
    Tree tree_;
};

}  // namespace

Tree tree_of(std::size_t units, std::span<const std::vector<int>> levels, std::size_t most_children) {
    Units all(units);
    std::iota(all.begin(), all.end(), 0);
    return Builder(levels, most_children).build(std::move(all));
}

}  // namespace llmx::method

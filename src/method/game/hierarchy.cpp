#include "method/game/hierarchy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <llmx/error.hpp>

namespace llmx::method {

namespace {

/// Where parts sum to less than this share of the whole, or more than its excess, they depend on each other.
constexpr double tolerance = 0.25;

/// A substitute gives alone at least this share of what it and its siblings give together.
constexpr double enough = 0.6;

class Walk {
public:
    Walk(Game& game, const Tree& tree, const HierarchyBounds& bounds)
        : game_(game), tree_(tree), bounds_(bounds) {}

    Hierarchy run() {
        const std::size_t units = game_.units();
        const std::size_t fewest = 2 + tree_.nodes.front().children.size();
        if (bounds_.runs < fewest)
            throw Error(ErrorCode::usage,
                        fmt::format("`{}`: {} texts; the prompt has {} parts to begin with; "
                                    "expected at least {}",
                                    bounds_.key, bounds_.runs, fewest - 2, fewest));
        const std::vector<Numbers> ends = values({Coalition(units, 1), Coalition(units, 0)});
        found_.all = ends[0];
        found_.none = ends[1];
        const Numbers worth = found_.all - found_.none;
        found_.parts.push_back({0, -1, {}, Coalition(units, 0), worth, worth, false});
        with_.push_back(found_.all);
        for (int part = 0; part >= 0; part = next()) open(part);
        return std::move(found_);
    }

private:
    [[nodiscard]] const Tree::Node& node_of(int part) const {
        return tree_.nodes[found_.parts[static_cast<std::size_t>(part)].node];
    }

    std::vector<Numbers> values(const std::vector<Coalition>& coalitions) {
        found_.runs += coalitions.size();
        std::vector<Numbers> found;
        for (const std::vector<double>& row : game_.values(coalitions))
            found.emplace_back(row.data(), row.size());
        return found;
    }

    /// The largest sum over the targets of a group.
    [[nodiscard]] double size(const Numbers& values) const {
        std::vector<double> sums;
        for (std::size_t t = 0; t < values.size(); ++t) {
            const int group = bounds_.groups[t];
            if (group < 0) continue;
            if (static_cast<std::size_t>(group) >= sums.size())
                sums.resize(static_cast<std::size_t>(group) + 1, 0.0);
            sums[static_cast<std::size_t>(group)] += values[t];
        }
        double most = 0;
        for (const double sum : sums) most = std::max(most, std::abs(sum));
        return most;
    }

    /// The closed part that matters most and can still be opened; -1: none.
    [[nodiscard]] int next() const {
        int best = -1;
        double most = bounds_.least;
        for (int p = 1; p < static_cast<int>(found_.parts.size()); ++p) {
            const TreePart& part = found_.parts[static_cast<std::size_t>(p)];
            const std::size_t children = node_of(p).children.size();
            if (!part.children.empty() || children == 0 || found_.runs + children > bounds_.runs) continue;
            if (const double matters = size(part.worth); matters > most) {
                most = matters;
                best = p;
            }
        }
        return best;
    }

    [[nodiscard]] Coalition changed(Coalition coalition, const std::vector<std::size_t>& units,
                                    std::uint8_t to) const {
        for (const std::size_t unit : units) coalition[unit] = to;
        return coalition;
    }

    void open(int p) {
        const std::vector<std::size_t>& nodes = node_of(p).children;
        if (nodes.empty()) return;
        const TreePart part = found_.parts[static_cast<std::size_t>(p)];
        const Numbers with = with_[static_cast<std::size_t>(p)];
        const Coalition whole = changed(part.context, node_of(p).units, 1);
        std::vector<Coalition> without;
        for (const std::size_t node : nodes) without.push_back(changed(whole, tree_.nodes[node].units, 0));
        const std::vector<Numbers> left = values(without);
        std::vector<TreePart> children;
        Numbers rest = part.worth;
        for (std::size_t c = 0; c < nodes.size(); ++c) {
            const Numbers worth = with - left[c];
            children.push_back({nodes[c], p, {}, without[c], worth, worth, false});
            rest -= worth;
        }
        std::vector<Numbers> with_children(nodes.size(), with);
        const bool depend = size(rest) > std::max(bounds_.least, tolerance * size(part.worth));
        if (depend && nodes.size() > 1 && found_.runs + nodes.size() <= bounds_.runs)
            put_back(part, with, children, with_children);
        give_shares(part, children);
        for (std::size_t c = 0; c < children.size(); ++c) {
            found_.parts[static_cast<std::size_t>(p)].children.push_back(
                static_cast<int>(found_.parts.size()));
            found_.parts.push_back(std::move(children[c]));
            with_.push_back(std::move(with_children[c]));
        }
    }

    /// Each child alone beside the part's context. The mean of what it is worth first and last is its share:
    /// of two children that is Shapley's.
    void put_back(const TreePart& part, const Numbers& with, std::vector<TreePart>& children,
                  std::vector<Numbers>& with_children) {
        std::vector<Coalition> alone;
        for (const TreePart& child : children)
            alone.push_back(changed(part.context, tree_.nodes[child.node].units, 1));
        const std::vector<Numbers> found = values(alone);
        const Numbers without = with - part.worth;
        for (std::size_t c = 0; c < children.size(); ++c) {
            TreePart& child = children[c];
            const Numbers first = found[c] - without;
            child.share = (child.worth + first) / 2.0;
            const bool says_most = size(first) >= enough * size(part.worth);
            if (!says_most || size(first) <= 2 * size(child.worth) || size(first) <= bounds_.least) continue;
            child.is_substitute = true;
            child.context = part.context;
            child.worth = first;
            with_children[c] = found[c];
        }
    }

    /// What is missing in their sum goes to each by the size of its share.
    void give_shares(const TreePart& part, std::vector<TreePart>& children) const {
        Numbers rest = part.share, sizes(rest.size());
        for (const TreePart& child : children) {
            rest -= child.share;
            sizes += std::abs(child.share);
        }
        for (TreePart& child : children) {
            for (std::size_t t = 0; t < rest.size(); ++t) {
                const double fraction = sizes[t] > 0 ? std::abs(child.share[t]) / sizes[t]
                                                     : 1.0 / static_cast<double>(children.size());
                child.share[t] += fraction * rest[t];
            }
        }
    }

    Game& game_;
    const Tree& tree_;
    const HierarchyBounds& bounds_;
    Hierarchy found_;
    std::vector<Numbers> with_;  ///< by part: v(its context and it)
};

}  // namespace

Hierarchy walk_down(Game& game, const Tree& tree, const HierarchyBounds& bounds) {
    return Walk(game, tree, bounds).run();
}

}  // namespace llmx::method

#include "method/game/hierarchy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <llmx/error.hpp>

namespace llmx::method {

namespace {

/// Where parts sum to less than this share of the whole, or more than its excess, they depend on each other.
constexpr double tolerance = 0.25;

/// Substitutes: none of them costs more than `little` of what all cost together; each gives alone at least
/// `same` of what the best one gives, which is `enough` of that.
constexpr double little = 0.35, enough = 0.6, same = 0.75;

class Walk {
public:
    Walk(Game& game, const Tree& tree, const HierarchyBounds& bounds)
        : game_(game), tree_(tree), bounds_(bounds) {
        for (const int group : bounds.groups)
            groups_ = std::max(groups_, static_cast<std::size_t>(std::max(group + 1, 0)));
    }

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
        found.reserve(coalitions.size());
        for (const std::vector<double>& row : game_.values(coalitions))
            found.emplace_back(row.data(), row.size());
        return found;
    }

    /// Over the targets of each group.
    [[nodiscard]] std::vector<double> sums(const Numbers& values) const {
        std::vector<double> sums(groups_, 0.0);
        for (std::size_t t = 0; t < values.size(); ++t) {
            if (bounds_.groups[t] >= 0) sums[static_cast<std::size_t>(bounds_.groups[t])] += values[t];
        }
        return sums;
    }
    /// The largest of these sums.
    [[nodiscard]] double size(const Numbers& values) const {
        double most = 0;
        for (const double sum : sums(values)) most = std::max(most, std::abs(sum));
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
        without.reserve(nodes.size());
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
        alone.reserve(children.size());
        for (const TreePart& child : children)
            alone.push_back(changed(part.context, tree_.nodes[child.node].units, 1));
        const Numbers without = with - part.worth;
        std::vector<Numbers> gains;
        for (const Numbers& value : values(alone)) gains.push_back(value - without);
        for (std::size_t c = 0; c < children.size(); ++c)
            children[c].share = (children[c].worth + gains[c]) / 2.0;
        const std::vector<bool> replaceable = lose_little(part, children);
        for (std::size_t g = 0; g < groups_; ++g) {
            if (replaceable[g]) take_without_each_other(part, g, with, gains, children, with_children);
        }
    }

    /// Children that give a group about the same, and most of it: each is measured without the others.
    void take_without_each_other(const TreePart& part, std::size_t g, const Numbers& with,
                                 const std::vector<Numbers>& gains, std::vector<TreePart>& children,
                                 std::vector<Numbers>& with_children) {
        std::vector<double> of_group;
        of_group.reserve(gains.size());
        for (const Numbers& gain : gains) of_group.push_back(sums(gain)[g]);
        const double most = *std::max_element(of_group.begin(), of_group.end());
        if (most < enough * sums(part.worth)[g]) return;
        std::vector<std::size_t> alike;
        for (std::size_t c = 0; c < children.size(); ++c) {
            if (of_group[c] >= same * most && !children[c].is_substitute) alike.push_back(c);
        }
        if (alike.size() < 2 || found_.runs + alike.size() + 1 > bounds_.runs) return;
        Coalition base = changed(part.context, tree_.nodes[part.node].units, 1);
        for (const std::size_t c : alike) base = changed(base, tree_.nodes[children[c].node].units, 0);
        std::vector<Coalition> asked = {base};
        for (const std::size_t c : alike)
            asked.push_back(changed(base, tree_.nodes[children[c].node].units, 1));
        const std::vector<Numbers> found = values(asked);
        const double lost = sums(with - found[0])[g];
        for (std::size_t i = 0; i < alike.size(); ++i) {
            const Numbers worth = found[i + 1] - found[0];
            TreePart& child = children[alike[i]];
            if (sums(worth)[g] < enough * lost || sums(worth)[g] < 2 * sums(child.worth)[g]) continue;
            child.is_substitute = true;
            child.context = base;
            for (std::size_t t = 0; t < worth.size(); ++t) {
                if (bounds_.groups[t] == static_cast<int>(g)) child.worth[t] = worth[t];
            }
            with_children[alike[i]] = found[i + 1];
        }
    }

    /// The groups that lose much without the part, and little without any one of its children.
    [[nodiscard]] std::vector<bool> lose_little(const TreePart& part,
                                                const std::vector<TreePart>& children) const {
        std::vector<double> largest(groups_, 0.0);
        for (const TreePart& child : children) {
            const std::vector<double> losses = sums(child.worth);
            for (std::size_t g = 0; g < groups_; ++g) largest[g] = std::max(largest[g], losses[g]);
        }
        const std::vector<double> together = sums(part.worth);
        std::vector<bool> found(groups_);
        for (std::size_t g = 0; g < groups_; ++g)
            found[g] = together[g] > bounds_.least && largest[g] < little * together[g];
        return found;
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
    std::size_t groups_ = 0;
    Hierarchy found_;
    std::vector<Numbers> with_;  ///< by part: v(its context and it)
};

}  // namespace

std::size_t usual_runs(std::size_t units) {
    return static_cast<std::size_t>(16 + 8 * std::log2(static_cast<double>(std::max<std::size_t>(units, 1))));
}

Hierarchy walk_down(Game& game, const Tree& tree, const HierarchyBounds& bounds) {
    return Walk(game, tree, bounds).run();
}

}  // namespace llmx::method

#pragma once
// A walk down a tree of units, from documents to sentences: a part is opened only where it matters, so that
// long texts take tens of runs (docs/definitions.md, section 4).

#include <cstddef>
#include <valarray>
#include <vector>

#include "method/game.hpp"
#include "method/game/tree.hpp"

namespace llmx::method {

/// One number a target.
using Numbers = std::valarray<double>;

/// A group of units that was taken away.
struct TreePart {
    std::size_t node = 0;        ///< of the tree
    int parent = -1;             ///< of the parts
    std::vector<int> children;   ///< none: not opened, or one unit
    Coalition context;           ///< the units beside it that are there, none of its own
    Numbers worth;               ///< v(context and it) - v(context)
    Numbers share;               ///< its part of v(all) - v(none); those of children sum to their parent's
    bool is_substitute = false;  ///< its context lacks its siblings, which would say the same
};

struct Hierarchy {
    std::vector<TreePart> parts;  ///< the first is all units
    Numbers all, none;            ///< v of them
    std::size_t runs = 0;         ///< coalitions
};

struct HierarchyBounds {
    const char* key = "";  ///< of `runs`, for messages
    std::size_t runs = 0;  ///< coalitions that may be run
    /// Targets whose sum matters, by number of the group (-1: none): parts are opened for the largest of
    /// these sums.
    std::vector<int> groups;
    double least = 0;  ///< nats; parts that matter less stay closed
};

/// More children are bundled with their neighbours.
inline constexpr std::size_t most_children = 8;

/// Runs that find a few units among many, some eight a level.
std::size_t usual_runs(std::size_t units);

/// Opens parts, the one that matters most first, while the runs last. A part's children are taken away one at
/// a time. Where what they are worth one by one does not sum to what they are worth together, each is also
/// put back alone: two that say the same are worth nothing one by one. Throws Error{usage} where the runs do
/// not last for the parts of the whole.
Hierarchy walk_down(Game& game, const Tree& tree, const HierarchyBounds& bounds);

}  // namespace llmx::method

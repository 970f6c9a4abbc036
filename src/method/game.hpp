#pragma once
// What perturbation methods see: a set function v(S) over units, with several targets.

#include <cstdint>
#include <llmx/tensor.hpp>
#include <span>
#include <string>
#include <vector>

namespace llmx::method {

/// Which units are there: one entry a unit, 1 kept, 0 taken away.
using Coalition = std::vector<std::uint8_t>;

class Game {
public:
    virtual ~Game() = default;
    [[nodiscard]] virtual std::size_t units() const = 0;
    [[nodiscard]] virtual std::size_t targets() const = 0;

    /// v of every coalition, [coalitions, targets], in double. Equal coalitions are run once; so give as many
    /// at a time as are known.
    virtual std::vector<std::vector<double>> values(std::span<const Coalition> coalitions) = 0;

    /// Groups of the units, coarsest first: for each unit the number of its group, in each level. None where
    /// all units are alike.
    [[nodiscard]] virtual std::vector<std::vector<int>> levels() const { return {}; }

    /// Where v of a target is the log-probability of an answer: of how many tokens; of other measures 0.
    [[nodiscard]] virtual int log_probability_tokens(std::size_t /*target*/) const { return 0; }
};

}  // namespace llmx::method

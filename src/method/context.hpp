#pragma once
// What is explained, whole: the texts that are run, what is read off them, which rows are sources.

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "engine/pass/pass.hpp"
#include "engine/scoring/scorer.hpp"
#include "llmx/explainer.hpp"
#include "objective/readout.hpp"
#include "replay/replay.hpp"
#include "tape/arena.hpp"

namespace llmx::method {

struct AttributionContext {
    engine::Session& session;  ///< big enough for every text
    /// The passes: of prompt and answer; with a contrast, a second one of the same prompt and the other
    /// answer.
    std::vector<engine::PassInput> texts;
    Tokens answer;             ///< what the outputs of texts[0] predict; empty for an encoder
    int prompt = 0;            ///< rows that all texts begin with (an encoder-decoder's source)
    int sources = 0;           ///< rows of texts[0] that take scores, from the first on: the prompt's, or all
    std::vector<bool> fixed;   ///< of the sources: stay as they are, take no score
    std::vector<int> context;  ///< rows of the context (UnitChoice::context), for methods that take it away
    std::vector<Tokens> references = {};  ///< texts to compare with, one token a source row; or none
    std::vector<Unit> units;              ///< what perturbations take away, of the sources that are not fixed
    std::function<std::vector<std::vector<int>>()> levels = {};  ///< Game::levels
    std::shared_ptr<const objective::Readout> readout;
    /// For methods that show rows of attention: places in texts[0].outputs of each target, [first, last).
    std::vector<std::pair<int, int>> target_rows;
    /// Outputs of texts[0] are from `prompt` on the rows of the answer: text = rows - prompt.
    std::shared_ptr<tape::Arena> arena;
    MatmulPrecision matmul_precision = MatmulPrecision::float32;
    std::size_t memory_budget = 0;
    int threads = 1;
    /// Told after each evaluation how many there were (of what `Definition::evaluations` planned); throws
    /// Error{cancelled} at the caller's wish.
    std::function<void(double evaluations)> tick;
    /// Made by the first method that perturbs, kept for the next one.
    std::shared_ptr<engine::Scorer> scorer = nullptr;
    /// The texts' passes, each made when first wanted and kept for the next method: see `replay_of`.
    std::vector<std::shared_ptr<replay::Replay>> replays = {};
};

/// The pass over one of the texts, as the text is. What several methods read of it is recorded once.
replay::Replay& replay_of(AttributionContext& scene, std::size_t text);

}  // namespace llmx::method

#pragma once
// What reads a text's own pass while it is recorded, and leaves its part of the result; and what the original
// toolbox's methods, which do, see.

#include <llmx/model.hpp>
#include <llmx/result.hpp>
#include <vector>

#include "original/attention.hpp"
#include "replay/gradient.hpp"

namespace llmx::method {

/// A text's pass, and what the original's arguments ask of it.
struct OriginalScene {
    replay::Replay& replay;
    const Model& model;
    int prompt = 0;                        ///< rows of the replay: the prompt, or an encoder-decoder's source
    int text = 0;                          ///< rows behind it: the answer, or the label
    original::AttentionOptions attention;  ///< layer_names and what else the original's attention is asked
    replay::Gradient::Seed seed;           ///< the objective's gradient with respect to the pass's results
    bool bfloat16 = false;                 ///< of the reverse pass's products with weights
};

class Reader {
public:
    virtual ~Reader() = default;
    /// What it reads of the pass.
    [[nodiscard]] virtual std::vector<replay::RequiredValue> needs() const = 0;
    /// Takes from a piece of the pass what is in it; called for every piece, while it is recorded.
    virtual void read(const tape::Tape& /*tape*/, int /*first*/, int /*last*/) {}
    /// After all pieces. One that makes reverse passes visits the replay itself, before others finish.
    virtual void finish(Explanation& result) = 0;
};

}  // namespace llmx::method

#pragma once
// A llama.cpp context that continues texts.

#include <span>
#include <vector>

#include "engine/generate/pulse.hpp"
#include "engine/generate/row_products.hpp"
#include "engine/model/model_impl.hpp"

namespace llmx::engine {

/// A token to be read: its position in the text of its sequence, and whether the logits after it are wanted.
struct Place {
    Token token = 0;
    int position = 0;
    int sequence = 0;
    bool output = false;
};

/// Reads tokens into the memory (KV cache, recurrent state) of a model, and answers with logits.
class Decoder {
public:
    struct Size {
        int tokens = 0;     ///< in memory, of all sequences together
        int batch = 0;      ///< tokens of one pass
        int outputs = 1;    ///< of them with logits
        int sequences = 1;  ///< texts that are continued side by side
        int source = 0;     ///< tokens of an encoder's text; 0: no encoder
    };
    /// Throws Error{model} where llama.cpp cannot make such a context and Error{unsupported} for a model
    /// that keeps no memory of a text.
    Decoder(const Model& model, const Size& size, Pulse& pulse);
    Decoder(const Decoder&) = delete;
    Decoder& operator=(const Decoder&) = delete;

    [[nodiscard]] const Model& model() const { return model_; }

    /// Reads an encoder-decoder's source, for all sequences.
    void encode(std::span<const Token> source);

    /// Runs one pass.
    void decode(std::span<const Place> places);

    /// Continues sequence 0 at `position`; the last `outputs` tokens give logits.
    void decode(std::span<const Token> ids, int position, int outputs);

    /// From now on, tokens of one pass get the logits, bit for bit, that they get in passes of one.
    void make_passes_exact() { products_.on = true; }

    /// Logits of the i-th output of the last pass, [vocabulary], valid until the next. Checked, because a
    /// sampler would turn them into anything: Error{model} where they are no numbers.
    std::span<const float> logits(int output);

    /// Forgets sequence 0 from `position` on. Throws Error{unsupported} for a memory that cannot.
    void truncate(int position);

    /// Sequence `to` becomes a copy of `from`, which shares its memory where the model allows it.
    void copy(int from, int to);
    void forget(int sequence);

private:
    void check(int status, const char* what);

    Model model_;
    Pulse& pulse_;
    RowProducts products_;
    int sequences_;
    std::vector<int> outputs_;   // their places in the last pass
    std::vector<float> scaled_;  // where the architecture's logits want a scale
    LlamaContextPtr context_;
};

}  // namespace llmx::engine

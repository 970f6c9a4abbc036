#pragma once
// A llama.cpp context that continues texts.

#include <span>
#include <vector>

#include "engine/generate/pulse.hpp"
#include "engine/generate/row_products.hpp"
#include "engine/model/model_impl.hpp"
#include "engine/pass/own_products.hpp"

namespace llmx::engine {

/// A token to read: its position in its sequence's text, and whether its logits are needed.
struct Place {
    Token token = 0;
    int position = 0;
    int sequence = 0;
    bool output = false;
};

/// Reads tokens into a model's memory (KV cache, recurrent state) and returns logits.
class Decoder {
public:
    struct Size {
        int tokens = 0;     ///< in memory, of all sequences together
        int batch = 0;      ///< tokens of one pass
        int outputs = 1;    ///< of them with logits
        int sequences = 1;  ///< texts that are continued side by side
        int source = 0;     ///< tokens of an encoder's text; 0: no encoder
    };
    /// Throws Error{model} if llama.cpp cannot create such a context, and Error{unsupported} for a model that
    /// keeps no memory of the text.
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

    /// From now on, tokens read together get the same logits, bit for bit, as tokens read one by one.
    void make_passes_exact() { row_products_.on = true; }

    /// Logits of the i-th output of the last pass, [vocabulary], valid until the next. Throws Error{model} if
    /// they are not numbers, which a sampler would not notice.
    std::span<const float> logits(int output);

    /// Forgets sequence 0 from `position` on. Throws Error{unsupported} for a memory that cannot.
    void truncate(int position);

    /// Sequence `to` becomes a copy of `from`, sharing its memory if the model allows it.
    void copy(int from, int to);
    void forget(int sequence);

private:
    bool on_node(ggml_tensor* node, bool ask);
    void check(int status, const char* what);

    Model model_;
    Pulse& pulse_;
    RowProducts row_products_;
    OwnProducts own_products_;
    int sequences_;
    std::vector<int> outputs_;   // their places in the last pass
    std::vector<float> scaled_;  // if the architecture scales its logits
    LlamaContextPtr context_;
};

}  // namespace llmx::engine

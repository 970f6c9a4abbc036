#pragma once
// How a PassInput is run: its llama.cpp passes, their batches, and what is written into them.

#include <string>

#include "engine/pass/batch.hpp"
#include "engine/pass/pass.hpp"

namespace llmx::engine {

/// A context of that size for an exact replay: attention as separate nodes, no rounding in the KV cache.
/// Throws Error{unsupported} if the model cannot be replayed this way.
llama_context_params exact_context(const Model& model, const SessionSize& size);

/// True if llama.cpp computes the result of every token even if fewer are requested: encoders, and cogvlm,
/// whose graph does not select rows (llama.cpp then takes its first rows for the requested ones).
bool gives_every_row(const Model& model);

/// Throws Error{input} for tokens or token types that the model does not have, Error{internal} for more
/// than the session holds.
void check_input(const Model& model, const SessionSize& size, const PassInput& input);

/// The passes in order: rows and outputs; the nodes are not known yet.
std::vector<SubPass> sub_passes(const Model& model, const SessionSize& size, const PassInput& input);

BatchPtr make_batch(const PassInput& input, const SubPass& part);

/// All rows of token_types.weight, [types, embedding]. Throws Error{input} if there are not exactly two.
Tensor token_type_rows(const Graph& graph);

/// Changes the token embeddings of a pass once they have been read from the table, and the residual stream
/// once a block has computed it.
class EmbeddingEdit {
public:
    EmbeddingEdit() = default;
    explicit EmbeddingEdit(const PassInput& input);
    /// llama.cpp adds row 0 of the types to every token: a token of another type takes the difference.
    void set_token_types(const Tensor& rows, const std::vector<int>& types);
    /// A sub-pass begins; its first token is this row of the input.
    void begin(int first_row) { first_row_ = first_row; }

    [[nodiscard]] bool applies_to(const ggml_tensor* node) const;
    void apply(ggml_tensor* node);

    /// Called after a pass. Throws Error{unsupported} if not every row of the residual stream has been
    /// replaced.
    void require_done() const;

private:
    void apply_residual(ggml_tensor* node);
    void apply_rows(float* values, std::int64_t rows, std::int64_t columns) const;

    const PassInput::Residual* residual_ = nullptr;
    std::string residual_name_;
    std::int64_t residual_done_ = 0;  ///< rows written
    const Tensor* embeddings_ = nullptr;
    const Tensor* type_rows_ = nullptr;
    const std::vector<int>* types_ = nullptr;
    int first_row_ = 0;
};

}  // namespace llmx::engine

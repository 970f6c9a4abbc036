#pragma once
// How a PassInput is run: which llama.cpp passes, which batches, what is written into them.

#include <string>

#include "engine/pass/batch.hpp"
#include "engine/pass/pass.hpp"

namespace llmx::engine {

/// Tokens that one llama.cpp pass of the session takes. Throws where the model cannot be replayed so.
int batch_size(const Model& model, const SessionSize& size);

/// llama.cpp computes the result of every token, however few are asked for: encoders, and cogvlm, whose
/// graph leaves the choice out (llama.cpp then takes the first rows for those that were asked for).
bool gives_every_row(const Model& model);

/// Throws Error{input} for tokens or token types that the model does not have, Error{internal} for more
/// than the session holds.
void check_input(const Model& model, const SessionSize& size, const PassInput& input);

/// The passes in order: rows and outputs; the nodes are not known yet.
std::vector<SubPass> sub_passes(const Model& model, const SessionSize& size, const PassInput& input);

BatchPtr make_batch(const PassInput& input, const SubPass& part);

/// All rows of token_types.weight, [types, embedding]. Throws Error{input} where there are not two.
Tensor token_type_rows(const Graph& graph);

/// Changes the token embeddings of a pass as they have been read from the table, and the residual stream
/// after a block as it has been computed.
class EmbeddingEdit {
public:
    EmbeddingEdit() = default;
    explicit EmbeddingEdit(const PassInput& input);
    /// llama.cpp adds row 0 of the types to every token: a token of another type takes the difference.
    void set_token_types(const Tensor& rows, const std::vector<int>& types);
    /// A sub-pass begins, whose first token is this row of the input.
    void begin(int first_row) { first_row_ = first_row; }

    [[nodiscard]] bool applies_to(const ggml_tensor* node) const;
    void apply(ggml_tensor* node);

    /// After a pass. Throws Error{unsupported} where it did not come by every row of the residual stream.
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

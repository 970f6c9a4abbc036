#include "engine/pass/pass_parts.hpp"

#include <fmt/format.h>
#include <ggml.h>

#include <algorithm>

#include "engine/model/model_impl.hpp"
#include "engine/model/requirements.hpp"
#include "engine/pass/graph_builder.hpp"
#include "engine/servers/remote.hpp"

namespace llmx::engine {

Tokens PassInput::tokens() const {
    Tokens all = source;
    all.insert(all.end(), ids.begin(), ids.end());
    return all;
}

Token decoder_start_token(const Model& model) {
    const llama_model* llama = impl_of(model).model.get();
    const Token start = llama_model_decoder_start_token(llama);
    return start >= 0 ? start : llama_vocab_bos(impl_of(model).vocab());
}

namespace {

void check_token_types(const PassInput& input) {
    if (!input.token_types.empty() && input.token_types.size() != input.ids.size()) {
        throw Error(ErrorCode::input, fmt::format("token types: got {} for {} tokens; expected one per token",
                                                  input.token_types.size(), input.ids.size()));
    }
}

void check_outputs(const PassInput& input) {
    int before = 0;
    for (const int position : input.outputs) {
        if (position < before || position >= static_cast<int>(input.ids.size())) {
            throw Error(ErrorCode::internal,
                        fmt::format("replay: output {} of {} tokens; expected ascending positions", position,
                                    input.ids.size()));
        }
        before = position;
    }
}

void check_hidden(const Model& model, const PassInput& input) {
    if (input.hidden.empty()) return;
    require_hidden_rows(model);
    for (const int row : input.hidden) {
        if (row >= 0 && row < input.rows()) continue;
        throw Error(ErrorCode::internal,
                    fmt::format("replay: hidden row {} of a text of {}", row, input.rows()));
    }
}

/// Number of tokens per llama.cpp pass.
int batch_size(const Model& model, const SessionSize& size) {
    require_replayable(model);
    const int batch = size.micro_batch > 0 ? std::min(size.micro_batch, size.tokens) : size.tokens;
    if (model.facts().kind == ModelKind::encoder && batch < size.tokens) {
        throw Error(ErrorCode::unsupported, fmt::format("`ubatch`: architecture \"{}\" reads a text all at "
                                                        "once; {} tokens do not fit into micro-batches of {}",
                                                        model.facts().architecture, size.tokens, batch));
    }
    return std::max(batch, size.source);
}

}  // namespace

void check_input(const Model& model, const SessionSize& size, const PassInput& input) {
    const bool has_source = model.facts().kind == ModelKind::encoder_decoder;
    if (input.ids.empty()) throw Error(ErrorCode::input, "replay: no tokens; expected at least one");
    if (has_source == input.source.empty()) {
        throw Error(ErrorCode::input, has_source
                                          ? "replay: no source tokens; an encoder-decoder needs at least one"
                                          : "replay: got source tokens; only an encoder-decoder takes them");
    }
    if (static_cast<int>(input.ids.size()) > size.tokens ||
        static_cast<int>(input.source.size()) > size.source ||
        static_cast<int>(input.outputs.size()) > size.outputs) {
        throw Error(
            ErrorCode::internal,
            fmt::format("replay: {} source tokens, {} tokens with {} outputs; the session holds {}, {} "
                        "and {}",
                        input.source.size(), input.ids.size(), input.outputs.size(), size.source, size.tokens,
                        size.outputs));
    }
    check_outputs(input);
    require_tokens(model, input.source);
    require_tokens(model, input.ids);
    check_token_types(input);
    check_hidden(model, input);
    if (!input.embeddings.values.empty() &&
        input.embeddings.shape != std::vector<std::int64_t>{input.rows(), model.facts().embedding}) {
        throw Error(ErrorCode::internal, "replay: the embeddings' shape is not [rows, embedding]");
    }
    const Tensor& residual = input.residual.rows;
    if (input.residual.block >= 0 && (residual.shape.size() != 2 || residual.shape[0] > input.rows()))
        throw Error(ErrorCode::internal, "replay: the residual stream's shape is not [rows, width]");
}

llama_context_params exact_context(const Model& model, const SessionSize& size) {
    const int batch = batch_size(model, size);
    llama_context_params params = llama_context_default_params();
    params.n_ctx = static_cast<std::uint32_t>(std::max(size.tokens, size.source));
    params.n_batch = params.n_ubatch = static_cast<std::uint32_t>(batch);
    params.n_outputs_max =
        static_cast<std::uint32_t>(gives_every_row(model) ? batch : std::min(size.outputs, batch));
    params.n_threads = params.n_threads_batch = model.threads();
    params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
    params.type_k = params.type_v = GGML_TYPE_F32;
    params.swa_full = true;  // no cell of the KV cache is used twice
    params.pooling_type = LLAMA_POOLING_TYPE_NONE;
    params.no_perf = true;
    return params;
}

bool gives_every_row(const Model& model) {
    return model.facts().kind == ModelKind::encoder || model.facts().architecture == "cogvlm";
}

std::vector<SubPass> sub_passes(const Model& model, const SessionSize& size, const PassInput& input) {
    std::vector<SubPass> parts;
    const auto all_rows = [](SubPass& part) {
        for (int i = 0; i < part.rows; ++i) part.outputs.push_back(part.first_row + i);
    };
    const auto source = static_cast<int>(input.source.size());
    if (source > 0) {
        SubPass& part = parts.emplace_back();
        part.encodes = true;
        part.rows = source;
        all_rows(part);
    }
    const auto tokens = static_cast<int>(input.ids.size());
    const int chunk = size.micro_batch > 0 ? size.micro_batch : tokens;
    for (int first = 0; first < tokens; first += chunk) {
        SubPass& part = parts.emplace_back();
        part.encodes = model.facts().kind == ModelKind::encoder;
        part.first_row = source + first;
        part.rows = std::min(chunk, tokens - first);
        if (gives_every_row(model)) {
            all_rows(part);
            continue;
        }
        for (const int position : input.outputs) {
            if (position >= first && position < first + part.rows) part.outputs.push_back(source + position);
        }
    }
    return parts;
}

BatchPtr make_batch(const PassInput& input, const SubPass& part) {
    const auto source = static_cast<int>(input.source.size());
    const bool of_source = part.first_row < source;
    const int first = of_source ? part.first_row : part.first_row - source;
    const Tokens& ids = of_source ? input.source : input.ids;
    BatchPtr batch = make_batch(part.rows, 1);
    for (int i = 0; i < part.rows; ++i) {
        const int position = first + i;
        set_token(*batch, i, ids[static_cast<std::size_t>(position)], position, false);
    }
    for (const int row : part.outputs) batch->logits[row - part.first_row] = 1;
    return batch;
}

Tensor token_type_rows(const Graph& graph) {
    const auto found = std::find_if(graph.tensors.begin(), graph.tensors.end(), [](const TensorInfo& t) {
        return t.role == TensorRole::weight && t.name == "token_types.weight";
    });
    if (found == graph.tensors.end() || found->shape[2] < 2) {
        throw Error(ErrorCode::input,
                    "token types: the model has none (no token_types.weight of two rows); leave them out");
    }
    Tensor rows{{found->shape[2], found->shape[3]}, {}};
    rows.values.resize(static_cast<std::size_t>(found->shape[2] * found->shape[3]));
    dequantize_rows(*found, 0, found->shape[2], rows.values.data());
    return rows;
}

EmbeddingEdit::EmbeddingEdit(const PassInput& input) : embeddings_(&input.embeddings) {
    if (input.residual.block < 0) return;
    residual_ = &input.residual;
    residual_name_ = fmt::format("l_out-{}", residual_->block);
}

void EmbeddingEdit::set_token_types(const Tensor& rows, const std::vector<int>& types) {
    for (const int type : types) {
        if (type >= 0 && type < rows.shape[0]) continue;
        throw Error(ErrorCode::input,
                    fmt::format("token types: got {}; the model has 0 to {}", type, rows.shape[0] - 1));
    }
    type_rows_ = &rows;
    types_ = types.empty() ? nullptr : &types;
}

bool EmbeddingEdit::applies_to(const ggml_tensor* node) const {
    if (residual_ != nullptr && residual_name_ == node->name) return true;
    const bool edits = types_ != nullptr || (embeddings_ != nullptr && !embeddings_->values.empty());
    return edits && reads_token_table(node);
}

void EmbeddingEdit::apply_residual(ggml_tensor* node) {
    const Tensor& rows = residual_->rows;
    const bool fits = node->type == GGML_TYPE_F32 && ggml_is_contiguous(node) && ggml_is_matrix(node) &&
                      node->ne[0] == rows.shape[1];
    if (!fits) return;
    change_bytes(node, [&](char* bytes) {
        for (std::int64_t r = 0; r < node->ne[1] && first_row_ + r < rows.shape[0]; ++r) {
            const auto from = rows.row(static_cast<std::size_t>(first_row_ + r));
            std::copy(from.begin(), from.end(), reinterpret_cast<float*>(bytes) + r * node->ne[0]);
            ++residual_done_;
        }
    });
}

void EmbeddingEdit::require_done() const {
    if (residual_ == nullptr || residual_done_ == residual_->rows.shape[0]) return;
    throw Error(ErrorCode::unsupported,
                fmt::format("layer {}: got {} rows for its residual stream (l_out); the pass has {}",
                            residual_->block, residual_->rows.shape[0], residual_done_));
}

void EmbeddingEdit::apply(ggml_tensor* node) {
    if (residual_ != nullptr && residual_name_ == node->name) return apply_residual(node);
    // GET_ROWS leaves dense float32 rows, as wide as the table
    change_bytes(node,
                 [&](char* bytes) { apply_rows(reinterpret_cast<float*>(bytes), node->ne[1], node->ne[0]); });
}

void EmbeddingEdit::apply_rows(float* values, std::int64_t rows, std::int64_t columns) const {
    const auto width = static_cast<std::size_t>(columns);
    for (std::int64_t r = 0; r < rows; ++r) {
        const auto row = static_cast<std::size_t>(first_row_ + r);
        float* out = values + static_cast<std::size_t>(r) * width;
        if (!embeddings_->values.empty()) std::copy_n(embeddings_->row(row).data(), width, out);
        if (types_ == nullptr) continue;
        const auto base = type_rows_->row(0);
        const auto type = type_rows_->row(static_cast<std::size_t>((*types_)[row]));
        for (std::size_t c = 0; c < width; ++c) out[c] += type[c] - base[c];
    }
}

}  // namespace llmx::engine

#pragma once
// Recorded data for views of attention and the residual stream, limited to a size budget:
// docs/definitions.md, section 8.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <llmx/export.hpp>
#include <llmx/model.hpp>
#include <llmx/tensor.hpp>

namespace llmx {

/// Softmax weights of some rows in 8 bits: a weight is its byte times its row's step.
struct AttentionMap {
    int block = 0;
    int head = -1;  ///< -1: mean over heads
    int first_row = 0;
    std::vector<float> steps;  ///< [rows]: the row's largest weight / 255
    /// [rows, keys], row by row: a nonzero byte is a weight; a 0 followed by a byte n stands for n weights of
    /// 0.
    std::vector<std::uint8_t> packed;
};

/// Decodes the weights, [rows, keys]. Throws Error{input} if `packed` contains more or fewer.
LLMX_API Tensor unpack(const AttentionMap& map, int keys);

/// One kind of attention. Rows are queries and columns are keys; both index the text (prompt and answer
/// without its last token), the source, or the decoder's inputs.
struct AttentionMaps {
    std::string kind;         ///< "self", "cross", "encoder"
    int rows = 0, keys = 0;   ///< number of rows and keys, including those not kept
    int answer_row = 0;       ///< first row that predicts the answer; 0: all rows are of one kind
    std::vector<int> blocks;  ///< blocks with this kind of attention
    std::vector<int> heads;   ///< number of heads of each block
    std::vector<AttentionMap> maps;
};

/// Queries and keys of the heads that share one key-value head, as read by the product of scores (after
/// rotary embedding). For query q and key k of head h, over visible keys only:
///     score = scale q·k, or softcap tanh(scale q·k / softcap), plus bias
///     weight = exp(score) / (Σ over visible keys of exp(score) + exp(sink))
struct NeuronGroup {
    std::string kind;  ///< as in AttentionMaps
    int block = 0;
    int first_head = 0;  ///< heads [first_head, first_head + queries.shape[0])
    int first_row = 0;
    float scale = 1;
    float softcap = 0;                         ///< 0: none
    std::vector<std::pair<int, int>> visible;  ///< [rows]: keys [first, last) that a row attends to
    Tensor queries;                            ///< [heads, rows, size]
    Tensor keys;                               ///< [keys, size]
    Tensor bias = {};                          ///< [heads, rows, keys], or empty
    std::vector<float> sinks = {};             ///< [heads], or empty
};

/// The model's own final norm and output head applied to the residual stream after every block, at the
/// positions that predict the answer's tokens.
struct LogitLens {
    int top = 0;  ///< number of tokens kept per block and position
    std::vector<int> blocks;
    std::vector<Token> ids;             ///< [blocks, answer, top], most probable first
    Tensor probabilities;               ///< [blocks, answer, top], of `ids`
    Tensor answer_probabilities;        ///< [blocks, answer], of the answer's token
    std::vector<int> answer_ranks;      ///< [blocks, answer], of the answer's token, from 1
    std::map<Token, std::string> text;  ///< text of every token in `ids`
};

/// The data recorded for views.
struct ViewData {
    std::size_t budget = 0;  ///< Request::views.budget
    std::vector<AttentionMaps> attention;
    std::vector<NeuronGroup> neuron;
    std::optional<LogitLens> logit_lens;
    std::vector<std::string> left_out;  ///< what did not fit or cannot be shown, in words
};

}  // namespace llmx

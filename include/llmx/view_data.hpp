#pragma once
// What pictures of attention and of the residual stream are drawn from, thinned to a size:
// docs/definitions.md, section 8.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <llmx/model.hpp>
#include <llmx/tensor.hpp>

namespace llmx {

/// Softmax weights of some rows at 8 bits: a weight is its byte times its row's step.
struct AttentionMap {
    int block = 0;
    int head = -1;  ///< -1: the mean over heads
    int first_row = 0;
    std::vector<float> steps;  ///< [rows]: the row's largest weight / 255
    /// [rows, keys], row by row: a byte that is not 0 is a weight; a 0 and the byte n after it are n weights
    /// of 0.
    std::vector<std::uint8_t> packed;
};

/// The weights, [rows, keys]. Throws Error{input} where `packed` holds more or fewer.
Tensor unpack(const AttentionMap& map, int keys);

/// One kind of attention. Rows are queries and columns keys, counted in what they belong to: the text (prompt
/// and answer, without its last token), the source, or the decoder's inputs.
struct AttentionMaps {
    std::string kind;         ///< "self", "cross", "encoder"
    int rows = 0, keys = 0;   ///< that there are
    int answer_row = 0;       ///< the rows from here on predict the answer; 0: all of one kind
    std::vector<int> blocks;  ///< that have this attention
    std::vector<int> heads;   ///< of each
    std::vector<AttentionMap> maps;
};

/// Queries and keys of the heads that share one key-value head, as the product of scores has read them (after
/// rotary embedding). For query q and key k of head h, visible keys only:
///     score = scale q·k, or softcap tanh(scale q·k / softcap), plus bias
///     weight = exp(score) / (Σ over visible keys of exp(score) + exp(sink))
struct NeuronGroup {
    std::string kind;  ///< as AttentionMaps
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

/// What the model's own final norm and output head make of the residual stream after every block, at the
/// places that predict the answer's tokens.
struct LogitLens {
    int top = 0;
    std::vector<int> blocks;
    std::vector<Token> ids;             ///< [blocks, answer, top], the most probable first
    Tensor probabilities;               ///< of these
    Tensor answer_probabilities;        ///< [blocks, answer]: of the answer's own token
    std::vector<int> answer_ranks;      ///< [blocks, answer], from 1
    std::map<Token, std::string> text;  ///< of every id
};

struct ViewData {
    std::size_t budget = 0;
    std::vector<AttentionMaps> attention;
    std::vector<NeuronGroup> neuron;
    std::optional<LogitLens> logit_lens;
    std::vector<std::string> left_out;  ///< what did not fit or cannot be shown, in words
};

}  // namespace llmx

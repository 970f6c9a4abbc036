#pragma once
// The checks of one model file: its replay, its gradient, its attention.

#include <string>
#include <vector>

#include "probe.hpp"

namespace llmx::test {

struct Verdict {
    std::string file;  ///< without ".gguf"
    std::string architecture;
    std::string failure;  ///< empty: verified

    double replay = 0;                ///< relative L2 of the replay's logits from a plain pass's
    double gradient = 0;              ///< relative L2 of 8 directional derivatives from central differences
    double worst = 0;                 ///< largest relative error of a derivative that is sharp by itself
    double uncertain = 0;             ///< of the central differences, by their own estimate: relative L2
    int sharp = 0;                    ///< how many are
    int flips = 0;                    ///< steps left out because a choice (experts, sparse keys) changed
    double strength = 0;              ///< |gradient| |embeddings|: what a change of all embeddings would do
    std::vector<std::string> traits;  ///< of attention and memory, from the graph
};

/// The bounds of the checks.
constexpr double replay_bound = 1e-6;
constexpr double gradient_bound = 2e-2;
constexpr double row_bound = 1e-5;

/// The gradient with the text run in micro-batches of 16 tokens, which meet in memory (KV cache, recurrent
/// state), against that of the text run at once: relative L2.
double micro_batch_difference(const Model& model);
constexpr double micro_batch_bound = 1e-4;

/// Attention computed strip by strip, as for long texts, against ggml's matrices: relative L2 of the results,
/// of the gradient and of the attention's weights, which are made from queries and keys.
struct StripDifference {
    bool has_attention = false;  ///< a softmax over keys
    int joined = 0;              ///< attention nodes that are computed so
    double results = 0;
    double gradient = 0;
    double weights = 0;
};
StripDifference strip_difference(const Model& model);
/// Measured: at most 4.3e-5 in the architectures that read GELU from ggml's float16 table, and 4.9e-6
/// elsewhere; weights 1.7e-6.
double strip_bound(const std::string& architecture);
constexpr double strip_weights_bound = 5e-6;

/// Products with weights by oneDNN instead of ggml: relative L2 of the results and of the gradient.
struct ProductDifference {
    double results = 0;
    double gradient = 0;
};
ProductDifference product_difference(const Model& model);
/// Measured: at most 3.2e-5 in those architectures, and 9.1e-6 elsewhere.
double product_bound(const std::string& architecture);

/// Why the method value_norm does not explain the model's answer to a text; empty if it does.
std::string value_norm_failure(const Model& model);

/// Never throws for what a model does: the failure says it.
Verdict verify(const std::string& path);

}  // namespace llmx::test

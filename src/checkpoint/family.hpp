#pragma once
// What a family file states: hyperparameters, tensor names, transforms. Everything else is common.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checkpoint/json.hpp"
#include "checkpoint/transforms.hpp"
#include "engine/gguf/content.hpp"

namespace llmx::checkpoint {

/// What a family reads out of config.json.
struct Hyperparameters {
    std::string architecture;  ///< GGUF's name; a family may change it
    Dims dims;
    std::uint32_t blocks = 0;          ///< of the decoder-only or encoder stack
    std::uint32_t decoder_blocks = 0;  ///< of an encoder-decoder's second stack
    std::uint32_t experts = 0;
    std::uint32_t vocabulary = 0;
    bool tied = false;  ///< the output matrix is the token embeddings: rows named "output" are left out
    /// Of a tied model: llama.cpp needs an output matrix all the same. It gets the file's own if there is
    /// one, else the embeddings twice.
    bool output_needed = false;
    std::vector<std::string_view> absent;  ///< `hf` of rows that a model of this config does not have
    std::vector<std::pair<std::string, engine::ContentValue>> values;
    std::vector<engine::ContentTensor> tensors;  ///< computed ones: rotary factors

    /// GGUF's key `architecture.key`, in the order of calls.
    void set(std::string_view key, engine::ContentValue value) {
        values.emplace_back(architecture + "." + std::string(key), std::move(value));
    }
};

enum class Presence { required, optional };

/// One module of the checkpoint and its place in GGUF. Its weight must be there (unless `optional`),
/// its bias is taken where it is there. Matrices keep their type, vectors become float32.
struct Row {
    /// "attn_q": behind it come ".weight" and ".bias"; a name that ends in one of these is one tensor.
    std::string_view gguf;
    /// Behind the model's and the block's prefix; "/lm_head" has no prefix; "experts.*.w1" is one
    /// module per expert, stacked.
    std::string_view hf;
    Transform transform = nullptr;
    Presence presence = Presence::required;
    bool float32 = false;                   ///< where ggml wants float32 even of a matrix
    std::uint32_t Dims::*copies = nullptr;  ///< how many modules "*" stands for, where it is not experts
};

/// A stack of equal blocks.
struct Part {
    std::string_view gguf;  ///< "blk.": the block's number follows
    std::string_view hf;    ///< "layers.": behind the model's prefix
    std::span<const Row> rows;
    std::uint32_t Hyperparameters::*count = &Hyperparameters::blocks;
};

struct Family {
    std::span<const std::string_view> model_types;  ///< config.json's `model_type`
    std::string_view architecture;                  ///< GGUF's name
    void (*hyperparameters)(const Object& config, Hyperparameters& h);
    std::span<const Row> rows;  ///< outside the blocks; the first one is required: it tells the prefix
    std::span<const Part> parts;
    /// What the names of the base model may begin with: "model." with a head, "" without.
    std::span<const std::string_view> prefixes;
    /// Tensors whose name contains one of these are not needed: heads of other tasks, buffers.
    std::span<const std::string_view> ignored = {};
};

/// The family of a config's `model_type`. Throws Error{unsupported} naming the known ones.
const Family& find_family(const Object& config);
/// All model types, in the order of families.def.
std::vector<std::string> known_model_types();

}  // namespace llmx::checkpoint

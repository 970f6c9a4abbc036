#pragma once
// A language model loaded from a GGUF file or a Hugging Face directory: properties, tokens, chat template,
// generation, modules.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <llmx/export.hpp>
#include <llmx/progress.hpp>
#include <llmx/tensor.hpp>

namespace llmx {

/// The id of a token in the model's vocabulary.
using Token = std::int32_t;
/// A sequence of token ids.
using Tokens = std::vector<Token>;

/// A message of a chat.
struct Message {
    std::string role;  ///< "system", "user", "assistant", or another role of the chat template
    std::string content;
};

/// How a model reads text: left to right, generating its continuation (llama, gpt2, ...); all at once, in
/// both directions (bert, ...); or a source all at once, then another text left to right (t5).
enum class ModelKind { decoder, encoder, encoder_decoder };

/// Properties of a model, read from its file.
struct ModelFacts {
    std::string path;          ///< as given to Model::load
    std::string name;          ///< general.name; may be empty
    std::string architecture;  ///< "llama", "qwen2", ...
    ModelKind kind = ModelKind::decoder;
    std::string type;  ///< main type of the weights: "Q4_1", "F32", ...
    std::uint64_t parameters = 0;
    std::uint64_t bytes = 0;  ///< of the weights
    int blocks = 0;
    int heads = 0;       ///< query heads of the first block
    int kv_heads = 0;    ///< key-value heads of the first block
    int head_size = 0;   ///< size of a query head
    int embedding = 0;   ///< width of a token's embedding
    int vocabulary = 0;  ///< number of tokens
    int context = 0;     ///< number of tokens the model was trained on
    bool has_chat_template = false;
    bool has_qa_head = false;  ///< has a head for extractive question answering: `Model::qa_head`
    /// Prefixes of a task's source text, by the checkpoint's names for tasks: "summarization" ->
    /// "summarize: ". Only directories contain them.
    std::map<std::string, std::string> prefixes;
};

/// A head for extractive question answering: logits = hidden · weightᵀ + bias.
struct QaHead {
    Tensor weight;  ///< [2, embedding]: start, end
    Tensor bias;    ///< [2]
};

/// A module with weights: one row of `llmx modules`.
struct Module {
    std::string hf_name;              ///< "model.layers.0.self_attn.q_proj"; empty if unknown
    std::string gguf_name;            ///< "blk.0.attn_q"
    std::string kind;                 ///< "linear", "embedding", "norm", "experts", ...
    std::vector<std::int64_t> shape;  ///< [out, in], or [n] for a norm
    std::string type;                 ///< "F32", "Q4_1", ...
    int block = -1;                   ///< -1 outside the blocks
};

/// A low-rank adapter (LoRA), a GGUF file. It changes weights to W + scale * alpha / rank * B A.
struct Lora {
    std::filesystem::path path;
    float scale = 1.0F;
};

/// Options of Model::load.
struct LoadOptions {
    int threads = 0;       ///< 0: one per core
    bool use_mmap = true;  ///< memory-map a GGUF file instead of reading it
    /// Leave the weights of a mapped file in its layout. llama.cpp otherwise keeps a second copy of the types
    /// that it multiplies faster in another order (Q4_0, IQ4_NL ..., depending on the processor).
    bool no_repack = false;
    /// Jinja source of a chat template that replaces the model's own; empty: the model's own.
    std::string chat_template = {};
    /// A safetensors file with `qa_outputs.weight` and `qa_outputs.bias`, for the GGUF file of an encoder.
    std::filesystem::path qa_head = {};
    std::vector<Lora> lora = {};  ///< adapters, all applied together
    /// llama.cpp RPC servers, as "HOST:PORT", that hold and compute the model's layers (docs/rpc.md); empty:
    /// run locally. Loading throws Error{usage} for a malformed address, Error{input} for a server that does
    /// not respond. If a server disappears later, llama.cpp aborts the process.
    std::vector<std::string> rpc = {};
    /// Shuffles the values of each weight tensor in the last N blocks, for the randomisation check of maps
    /// (docs/definitions.md, section 5). 0: none.
    int randomized_blocks = 0;
    std::uint32_t randomization_seed = 0;
    Progress progress = {};  ///< stage "load"
};

class Model;

/// When beam search stops, as in Hugging Face's `early_stopping`.
enum class EarlyStopping {
    no,     ///< no running beam, at its current length, could replace a finished one
    yes,    ///< as many answers are finished as there are beams
    never,  ///< like `no`, but for a beam of the maximum length
};

/// Options of Model::generate.
struct GenerateOptions {
    int max_new_tokens = 100;
    float temperature = 0.0F;  ///< 0: greedy
    int top_k = 0;             ///< 0: all tokens
    float top_p = 1.0F;
    float min_p = 0.0F;  ///< only tokens at least this times as probable as the most probable one
    float repetition_penalty = 1.0F;  ///< 1: none
    std::uint32_t seed = 0;
    int context = 0;  ///< maximum number of prompt and answer tokens; 0: the model's training context

    // Speculative decoding (Leviathan et al. 2023): a draft of the next tokens is verified in one pass. It
    // does not change the distribution of answers; greedy answers are identical.
    const Model* assistant = nullptr;  ///< writes the drafts; same vocabulary; must outlive the call
    bool prompt_lookup = false;        ///< draft what followed the last tokens earlier in the text
    int draft_tokens = 5;              ///< maximum length of a draft

    // Beam search, for temperature 0: the answer with the highest Σ log p / length^length_penalty found.
    int num_beams = 1;  ///< 1: none
    float length_penalty = 1.0F;
    EarlyStopping early_stopping = EarlyStopping::no;

    bool keep_logits = false;  ///< fill Generation::logits
    /// Called with each new token and its text (complete UTF-8 characters only; a split character arrives
    /// with its last token). Return false to stop generation and keep the answer so far. Beam search calls it
    /// once the answer is chosen.
    std::function<bool(Token, std::string_view)> on_token = {};
    Progress progress = {};  ///< stage "generate"
};

/// A generated answer.
struct Generation {
    Tokens ids = {};                  ///< answer tokens, including a final end-of-generation token, if any
    std::string text = {};            ///< without special tokens; incomplete UTF-8 is replaced
    bool ended = false;               ///< the model generated an end token
    Tensor logits = {};               ///< [answer, vocabulary], if kept
    std::vector<int> n_drafted = {};  ///< speculative decoding: drafted tokens in each round
    std::vector<int> n_matches = {};  ///< ... and how many of them were accepted
    double score = 0;                 ///< beam search: Σ log p / length^length_penalty
    std::vector<std::string> warnings = {};
};

class Model;
class ModelImpl;
namespace engine {  // internal access to a Model's implementation
const ModelImpl& impl_of(const Model& model);
Model model_of(std::shared_ptr<const ModelImpl> impl);
}  // namespace engine

/// A loaded model: a handle to shared, immutable state. Copies are cheap, and const member functions may run
/// concurrently.
class LLMX_API Model {
public:
    /// Loads a GGUF file or a Hugging Face directory (config.json, safetensors, tokenizer files). Throws
    /// Error{model} for missing, truncated or corrupt files, an architecture that llama.cpp cannot run, or an
    /// adapter of another model; Error{unsupported} for a directory of an unknown model family.
    static Model load(const std::filesystem::path& path, const LoadOptions& options = {});

    /// Properties of the model.
    [[nodiscard]] const ModelFacts& facts() const;
    /// The number of threads that the model runs with.
    [[nodiscard]] int threads() const;
    /// All modules with weights.
    [[nodiscard]] std::vector<Module> modules() const;

    /// The head for extractive question answering, or nullptr.
    [[nodiscard]] const QaHead* qa_head() const;

    /// First 16 hex digits of the SHA-256 of the file, or of a directory's weight files, concatenated in the
    /// order of their names. Computed once, on the first call.
    [[nodiscard]] std::string sha256_16() const;

    /// Tokenises text. `add_special` adds BOS and EOS as the model expects them; `parse_special` turns markup
    /// such as "<|im_start|>" into one token. Throws Error{input} for invalid UTF-8.
    [[nodiscard]] Tokens tokenize(std::string_view text, bool add_special = false,
                                  bool parse_special = false) const;
    /// Tokenises a prompt: with the model's own first and last tokens (BOS, EOS) once, whether the text
    /// spells them or not. `parse_special`: control tokens that the text spells become those tokens. Where a
    /// tokenizer puts a space behind one, a space of the text is not doubled.
    [[nodiscard]] Tokens tokenize_prompt(std::string_view text, bool parse_special = true) const;
    /// Converts tokens to text, with special tokens written out if `special` is set. Throws Error{input} for
    /// ids outside the vocabulary.
    [[nodiscard]] std::string detokenize(std::span<const Token> ids, bool special = true) const;
    /// The bytes of one token, which may be incomplete UTF-8.
    [[nodiscard]] std::string token_bytes(Token id, bool special = true) const;

    /// Renders messages with the model's chat template. Throws Error{model} if it has none, Error{input} if
    /// the template rejects the messages.
    [[nodiscard]] std::string render_chat(const std::vector<Message>& messages,
                                          bool add_generation_prompt = true) const;
    /// Renders messages with the model's chat template and tokenises the result. Throws like `render_chat`.
    [[nodiscard]] Tokens apply_chat_template(const std::vector<Message>& messages,
                                             bool add_generation_prompt = true) const;

    /// Generates an answer to `prompt`. For an encoder-decoder, the prompt is the source text, and the answer
    /// excludes the decoder's start token. Deterministic for a given seed and number of threads. Throws
    /// Error{unsupported} for a model that cannot generate text, Error{context_overflow} for a text that is
    /// too long, Error{input} for an assistant with a different vocabulary, Error{cancelled} if `progress`
    /// returns false.
    [[nodiscard]] Generation generate(std::span<const Token> prompt,
                                      const GenerateOptions& options = {}) const;

private:
    explicit Model(std::shared_ptr<const ModelImpl> impl) : impl_(std::move(impl)) {}
    friend const ModelImpl& engine::impl_of(const Model&);
    friend Model engine::model_of(std::shared_ptr<const ModelImpl>);

    std::shared_ptr<const ModelImpl> impl_;
};

/// Writes a copy of a GGUF file with its weights converted to another type ("F32", "F16", "BF16", "Q8_0",
/// "Q4_K_M", ...) by llama.cpp's quantiser. The output file appears under its name only when it is complete.
LLMX_API void quantize(const std::filesystem::path& input, const std::filesystem::path& output,
                       std::string_view type, int threads = 0);

/// The types that `quantize` accepts.
LLMX_API std::vector<std::string> quantize_types();

}  // namespace llmx

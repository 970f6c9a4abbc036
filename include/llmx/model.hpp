#pragma once
// A language model loaded from a GGUF file or a Hugging Face directory: facts, tokens, chat template,
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

#include <llmx/progress.hpp>
#include <llmx/tensor.hpp>

namespace llmx {

using Token = std::int32_t;
using Tokens = std::vector<Token>;

struct Message {
    std::string role;  ///< "system", "user", "assistant": what the model's template knows
    std::string content;
};

/// How a model reads a text: from left to right, writing it on (llama, gpt2, ...); all at once, in both
/// directions (bert, ...); or a source all at once, and then another text from left to right (t5).
enum class ModelKind { decoder, encoder, encoder_decoder };

/// What a model file says of itself.
struct ModelFacts {
    std::string path;          ///< as given
    std::string name;          ///< general.name, may be empty
    std::string architecture;  ///< "llama", "qwen2", ...
    ModelKind kind = ModelKind::decoder;
    std::string type;  ///< "Q4_1", "F32", ...: the weights' main type
    std::uint64_t parameters = 0;
    std::uint64_t bytes = 0;  ///< of the weights
    int blocks = 0;
    int heads = 0;     ///< query heads of the first block
    int kv_heads = 0;  ///< key-value heads of the first block
    int head_size = 0;
    int embedding = 0;   ///< width of a token's embedding
    int vocabulary = 0;  ///< number of tokens
    int context = 0;     ///< tokens the model was trained on
    bool has_chat_template = false;
    bool has_qa_head = false;  ///< start and end of an answer can be read off its encoder: `Model::qa_head`
    /// What stands before the source text of a task, by the checkpoint's names for tasks:
    /// "summarization" -> "summarize: ". Only directories say so.
    std::map<std::string, std::string> prefixes;
};

/// The head of extractive question answering: logits = hidden · weightᵀ + bias.
struct QaHead {
    Tensor weight;  ///< [2, embedding]: start, end
    Tensor bias;    ///< [2]
};

/// A weight matrix that computes something: one row of `llmx modules`.
struct Module {
    std::string hf_name;              ///< "model.layers.0.self_attn.q_proj"; empty where none is known
    std::string gguf_name;            ///< "blk.0.attn_q"
    std::string kind;                 ///< "linear", "embedding", "norm", "experts", ...
    std::vector<std::int64_t> shape;  ///< [out, in], or [n] for a norm
    std::string type;                 ///< "F32", "Q4_1", ...
    int block = -1;                   ///< -1 outside the blocks
};

/// A low-rank adapter (LoRA): a GGUF file of changes to a model's weights, W + scale * alpha / rank * B A.
struct Lora {
    std::filesystem::path path;
    float scale = 1.0F;
};

struct LoadOptions {
    int threads = 0;       ///< 0: the machine's cores
    bool use_mmap = true;  ///< map a GGUF file instead of reading it
    /// Jinja source that takes the place of the model's own chat template; empty: the model's own.
    std::string chat_template = {};
    /// A safetensors file with `qa_outputs.weight` and `qa_outputs.bias`, for the GGUF of an encoder.
    std::filesystem::path qa_head = {};
    std::vector<Lora> lora = {};  ///< applied together wherever the model runs
    /// Servers of llama.cpp's RPC, "HOST:PORT" each, that take the model's layers into their memory and
    /// compute them (docs/rpc.md); empty: this machine does. Throws Error{usage} for another form,
    /// Error{input} for a server that is not there. llama.cpp ends the process where one goes away later.
    std::vector<std::string> rpc = {};
    /// The values of every weight of the last so many blocks are put in a random order: a model that has
    /// forgotten what it learned there, for the randomisation check of maps (definitions 5).
    int redrawn_blocks = 0;
    std::uint32_t redraw_seed = 0;
    Progress progress = {};  ///< stage "load"
};

class Model;

/// When beam search ends, as in Hugging Face's `early_stopping`.
enum class EarlyStopping {
    no,     ///< no running beam, as long as it is now, could replace a finished one
    yes,    ///< as many answers are finished as there are beams
    never,  ///< as `no`, for a beam of the greatest length
};

struct GenerateOptions {
    int max_new_tokens = 100;
    float temperature = 0.0F;  ///< 0: greedy
    int top_k = 0;             ///< 0: all tokens
    float top_p = 1.0F;
    float repetition_penalty = 1.0F;  ///< 1: none
    std::uint32_t seed = 0;
    int context = 0;  ///< tokens that prompt and answer may take; 0: what the model was trained on

    // Speculative decoding (Leviathan et al. 2023): a draft of the next tokens is verified in one pass.
    // The answer has the distribution that it has without: greedy, it is the same.
    const Model* assistant = nullptr;  ///< writes the drafts; same vocabulary; must outlive the call
    bool prompt_lookup = false;        ///< drafts are what followed the last tokens earlier in the text
    int draft_tokens = 5;              ///< longest draft

    // Beam search, for temperature 0: the answer with the greatest Σ log p / length^length_penalty found.
    int num_beams = 1;  ///< 1: none
    float length_penalty = 1.0F;
    EarlyStopping early_stopping = EarlyStopping::no;

    bool keep_logits = false;  ///< fills Generation::logits
    /// Called with each new token and its text (complete UTF-8 characters only; a split character
    /// comes with its last token). Returning false stops generation; what there is, is returned. Beam
    /// search calls it when the answer is chosen.
    std::function<bool(Token, std::string_view)> on_token = {};
    Progress progress = {};  ///< stage "generate"
};

struct Generation {
    Tokens ids = {};                  ///< answer tokens; an end-of-generation token, if one came, is the last
    std::string text = {};            ///< special tokens left out; incomplete UTF-8 replaced
    bool ended = false;               ///< the model ended the text by itself
    Tensor logits = {};               ///< [answer tokens, vocabulary], if kept
    std::vector<int> n_drafted = {};  ///< speculative decoding: drafted tokens in each round
    std::vector<int> n_matches = {};  ///< of which the model accepted
    double score = 0;                 ///< beam search: Σ log p / length^length_penalty
    std::vector<std::string> warnings = {};
};

class Model;
class ModelImpl;
namespace engine {  // the library's own way to what a Model holds
const ModelImpl& impl_of(const Model& model);
Model model_of(std::shared_ptr<const ModelImpl> impl);
}  // namespace engine

/// A loaded model. Movable handle to shared, immutable state: copies are cheap, const calls may run
/// concurrently.
class Model {
public:
    /// Loads a GGUF file, or a Hugging Face directory: config.json, safetensors, tokenizer files. Throws
    /// Error{model} for what is missing, truncated or corrupt, for an architecture that llama.cpp cannot
    /// run and for an adapter of another model, Error{unsupported} for a directory of a family that is not
    /// known here.
    static Model load(const std::filesystem::path& path, const LoadOptions& options = {});

    [[nodiscard]] const ModelFacts& facts() const;
    [[nodiscard]] int threads() const;
    [[nodiscard]] std::vector<Module> modules() const;

    /// The head for extractive question answering, or nullptr.
    [[nodiscard]] const QaHead* qa_head() const;

    /// First 16 hex digits of the SHA-256 of the file, or of a directory's weight files one after another
    /// in the order of their names; computed once, on first call.
    [[nodiscard]] std::string sha256_16() const;

    /// Text to tokens. `add_special`: the model's own BOS/EOS habit; `parse_special`: markup such as
    /// "<|im_start|>" becomes one token. Throws Error{input} for invalid UTF-8.
    [[nodiscard]] Tokens tokenize(std::string_view text, bool add_special = false,
                                  bool parse_special = false) const;
    /// A raw prompt to tokens: special tokens added as the model wants, markup parsed.
    [[nodiscard]] Tokens tokenize_prompt(std::string_view text) const;
    /// Tokens to text; special tokens are written out when `special`. Ids must be in the vocabulary.
    [[nodiscard]] std::string detokenize(std::span<const Token> ids, bool special = true) const;
    /// The bytes of one token (not always complete UTF-8).
    [[nodiscard]] std::string token_bytes(Token id, bool special = true) const;

    /// Renders messages by the model's own Jinja template. Throws Error{model} where it has none and
    /// Error{input} where the template refuses the messages.
    [[nodiscard]] std::string render_chat(const std::vector<Message>& messages,
                                          bool add_generation_prompt = true) const;
    [[nodiscard]] Tokens apply_chat_template(const std::vector<Message>& messages,
                                             bool add_generation_prompt = true) const;

    /// Writes an answer to `prompt`; an encoder-decoder's prompt is the source text, and its answer
    /// comes without the decoder's start token. Deterministic for a given seed and thread count. Throws
    /// Error{unsupported} for a model that writes no text, Error{context_overflow} for too long a text,
    /// Error{input} for an assistant whose vocabulary differs, Error{cancelled} by `progress`.
    [[nodiscard]] Generation generate(std::span<const Token> prompt,
                                      const GenerateOptions& options = {}) const;

private:
    explicit Model(std::shared_ptr<const ModelImpl> impl) : impl_(std::move(impl)) {}
    friend const ModelImpl& engine::impl_of(const Model&);
    friend Model engine::model_of(std::shared_ptr<const ModelImpl>);

    std::shared_ptr<const ModelImpl> impl_;
};

/// Writes a copy of a GGUF file with its weights in another type ("F32", "F16", "BF16", "Q8_0",
/// "Q4_K_M", ...) by llama.cpp's own quantiser. The output appears under its name only when complete.
void quantize(const std::filesystem::path& input, const std::filesystem::path& output, std::string_view type,
              int threads = 0);

/// The types that `quantize` takes.
std::vector<std::string> quantize_types();

}  // namespace llmx

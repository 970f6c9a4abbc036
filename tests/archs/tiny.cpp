#include "tiny.hpp"

#include <fmt/format.h>
#include <ggml.h>
#include <gguf.h>
#include <llama.h>

#include <cmath>
#include <functional>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <variant>

namespace llmx::test {

namespace {

using Value = std::variant<std::uint32_t, float, bool, std::string>;

/// What a file says of a model besides its weights. Keys begin with the architecture where they begin
/// with a dot.
struct Family {
    std::string name;  ///< of the architecture
    std::vector<std::pair<std::string, Value>> keys;
    std::string left_out = {};  ///< weights that may be missing and are, by a part of their names
};

const std::vector<std::pair<std::string, Value>>& common_keys() {
    static const std::vector<std::pair<std::string, Value>> keys{
        {".context_length", 128U},
        {".embedding_length", 128U},
        {".block_count", 2U},
        {".feed_forward_length", 96U},
        {".attention.head_count", 4U},
        {".attention.layer_norm_epsilon", 1e-5F},
        {".attention.layer_norm_rms_epsilon", 1e-5F},
        {"tokenizer.ggml.model", std::string("test")},
        {"tokenizer.ggml.token_type_count", 2U},
    };
    return keys;
}

/// RWKV 6 and 7 have small inner widths of their own, ARWKV and RWKV6Qwen2 shift tokens once a block. Heads
/// of 64: ggml's RWKV 7 writes past the end of others that are no multiple of its vectors.
const std::vector<Family>& families() {
    static const std::vector<Family> all{
        {"rwkv6",
         {{".wkv.head_size", 64U},
          {".time_mix_extra_dim", 8U},
          {".time_decay_extra_dim", 12U},
          {".rescale_every_n_layers", 1U},
          {".attention.head_count", 0U}}},
        {"rwkv6qwen2",
         {{".wkv.head_size", 64U},
          {".time_mix_extra_dim", 8U},
          {".time_decay_extra_dim", 12U},
          {".token_shift_count", 1U},
          {".attention.head_count_kv", 1U}},
         "time_mix_first"},
        {"rwkv7",
         {{".wkv.head_size", 64U},
          {".attention.decay_lora_rank", 8U},
          {".attention.iclr_lora_rank", 8U},
          {".attention.value_residual_mix_lora_rank", 8U},
          {".attention.gate_lora_rank", 8U},
          {".attention.head_count", 0U}}},
        {"arwkv7",
         {{".wkv.head_size", 64U},
          {".attention.decay_lora_rank", 8U},
          {".attention.iclr_lora_rank", 8U},
          {".attention.value_residual_mix_lora_rank", 8U},
          {".attention.gate_lora_rank", 8U},
          {".token_shift_count", 1U},
          {".attention.head_count", 0U}}},
    };
    return all;
}

struct FreeFile {
    void operator()(gguf_context* file) const { gguf_free(file); }
    void operator()(ggml_context* data) const { ggml_free(data); }
};
using File = std::unique_ptr<gguf_context, FreeFile>;
using Data = std::unique_ptr<ggml_context, FreeFile>;

void set(gguf_context* file, const std::string& key, const Value& value) {
    const char* k = key.c_str();
    if (const auto* u = std::get_if<std::uint32_t>(&value)) gguf_set_val_u32(file, k, *u);
    if (const auto* f = std::get_if<float>(&value)) gguf_set_val_f32(file, k, *f);
    if (const auto* b = std::get_if<bool>(&value)) gguf_set_val_bool(file, k, *b);
    if (const auto* s = std::get_if<std::string>(&value)) gguf_set_val_str(file, k, s->c_str());
}

File make_keys(const Family& family) {
    File file(gguf_init_empty());
    const auto set_all = [&](const std::vector<std::pair<std::string, Value>>& keys) {
        for (const auto& [key, value] : keys) {
            set(file.get(), key.starts_with('.') ? family.name + key : key, value);
        }
    };
    set(file.get(), "general.architecture", family.name);
    set_all(common_keys());
    set_all(family.keys);
    std::vector<std::string> tokens;
    for (int i = 0; i < 96; ++i) tokens.push_back(fmt::format("t{}", i));
    std::vector<const char*> texts;
    for (const std::string& token : tokens) texts.push_back(token.c_str());
    const std::vector<float> scores(tokens.size(), 0.0F);
    gguf_set_arr_str(file.get(), "tokenizer.ggml.tokens", texts.data(), texts.size());
    gguf_set_arr_data(file.get(), "tokenizer.ggml.scores", GGUF_TYPE_FLOAT32, scores.data(), scores.size());
    return file;
}

/// Collects the tensors that llama.cpp's loader asks for: their shapes are its knowledge, not ours.
struct Weights {
    Data data;
    std::mt19937_64 draw{3};

    Weights()
        : data(ggml_init({.mem_size = std::size_t{64} << 20, .mem_buffer = nullptr, .no_alloc = false})) {}

    static void fill(ggml_tensor* asked, void* self) { static_cast<Weights*>(self)->fill(asked); }

    /// Uniform, of the size that keeps activations near one; norms near one.
    void fill(ggml_tensor* asked) {
        ggml_tensor* made = ggml_new_tensor(data.get(), GGML_TYPE_F32, GGML_MAX_DIMS, asked->ne);
        ggml_set_name(made, asked->name);
        const std::string name = asked->name;
        const bool norm = name.find("norm") != std::string::npos && name.ends_with("weight");
        const double size = ggml_n_dims(asked) > 1 ? 2 / std::sqrt(static_cast<double>(asked->ne[0])) : 0.4;
        auto* values = static_cast<float*>(made->data);
        for (std::int64_t i = 0; i < ggml_nelements(made); ++i) {
            const double uniform = static_cast<double>(draw() >> 11U) * 0x1p-52 - 1;
            values[i] = static_cast<float>((norm ? 1 : 0) + size * uniform);
        }
        if (asked->type == GGML_TYPE_F32) ggml_backend_tensor_set(asked, made->data, 0, ggml_nbytes(made));
    }
};

void write(const Family& family, const std::filesystem::path& path) {
    const File keys = make_keys(family);
    Weights weights;
    llama_model_params params = llama_model_default_params();
    params.use_extra_bufts = false;
    llama_model* model = llama_model_init_from_user(keys.get(), &Weights::fill, &weights, params);
    if (model == nullptr) throw std::runtime_error("llama.cpp cannot make a " + family.name);
    llama_model_free(model);
    for (ggml_tensor* t = ggml_get_first_tensor(weights.data.get()); t != nullptr;
         t = ggml_get_next_tensor(weights.data.get(), t)) {
        const bool left_out =
            !family.left_out.empty() && std::string(t->name).find(family.left_out) != std::string::npos;
        if (!left_out) gguf_add_tensor(keys.get(), t);
    }
    if (!gguf_write_to_file(keys.get(), path.c_str(), false)) {
        throw std::runtime_error("cannot write " + path.string());
    }
}

}  // namespace

void write_tiny_models(const std::filesystem::path& directory) {
    llama_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
    for (const Family& family : families()) write(family, directory / (family.name + "-tiny.gguf"));
}

}  // namespace llmx::test

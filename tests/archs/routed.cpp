#include "routed.hpp"

#include <ggml.h>
#include <gguf.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace llmx::test {

namespace {

struct Free {
    void operator()(gguf_context* file) const { gguf_free(file); }
    void operator()(ggml_context* data) const { ggml_free(data); }
};
using File = std::unique_ptr<gguf_context, Free>;

/// Sets the key of this ending where there is one and its number is larger.
bool lower(gguf_context* file, const std::string& ending, std::uint32_t value) {
    for (std::int64_t i = 0; i < gguf_get_n_kv(file); ++i) {
        const std::string key = gguf_get_key(file, i);
        if (!key.ends_with(ending) || gguf_get_kv_type(file, i) != GGUF_TYPE_UINT32) continue;
        if (gguf_get_val_u32(file, i) <= value) return false;
        gguf_set_val_u32(file, key.c_str(), value);
        return true;
    }
    return false;
}

}  // namespace

void write_routed(const std::filesystem::path& from, const std::filesystem::path& to) {
    ggml_context* made = nullptr;
    const File source(gguf_init_from_file(from.c_str(), {.no_alloc = false, .ctx = &made}));
    const std::unique_ptr<ggml_context, Free> data(made);
    if (!source) throw std::runtime_error("cannot read " + from.string());
    const File copy(gguf_init_empty());
    gguf_set_kv(copy.get(), source.get());
    const bool experts = lower(copy.get(), ".expert_used_count", 1);
    const bool keys = lower(copy.get(), ".attention.indexer.top_k", 8);
    if (!experts && !keys) throw std::runtime_error(from.string() + " chooses nothing");
    for (std::int64_t i = 0; i < gguf_get_n_tensors(source.get()); ++i) {
        gguf_add_tensor(copy.get(), ggml_get_tensor(data.get(), gguf_get_tensor_name(source.get(), i)));
    }
    if (!gguf_write_to_file(copy.get(), to.c_str(), false))
        throw std::runtime_error("cannot write " + to.string());
}

}  // namespace llmx::test

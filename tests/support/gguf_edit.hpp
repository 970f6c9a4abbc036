#pragma once
// GGUF files taken apart, changed and written again: tiny models, adapters and shards for tests.

#include <ggml.h>
#include <gguf.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

namespace llmx::test {

class GgufEdit {
public:
    struct Entry {
        std::string name;
        ggml_type type = GGML_TYPE_F32;
        std::vector<std::int64_t> shape;  // row-major
        std::vector<char> bytes;
    };

    GgufEdit() : keys_(gguf_init_empty()) {}
    explicit GgufEdit(const std::filesystem::path& path) : GgufEdit() {
        ggml_context* data = nullptr;
        const std::unique_ptr<gguf_context, Free> file(
            gguf_init_from_file(path.c_str(), {.no_alloc = false, .ctx = &data}));
        if (!file) throw std::runtime_error("cannot read " + path.string());
        const std::unique_ptr<ggml_context, Free> owned(data);
        gguf_set_kv(keys(), file.get());
        for (ggml_tensor* t = ggml_get_first_tensor(data); t != nullptr; t = ggml_get_next_tensor(data, t)) {
            if (gguf_find_tensor(file.get(), t->name) < 0) continue;  // the block of all data
            Entry entry{t->name, t->type, {}, {}};
            for (int d = ggml_n_dims(t) - 1; d >= 0; --d) entry.shape.push_back(t->ne[d]);
            const auto* bytes = static_cast<const char*>(t->data);
            entry.bytes.assign(bytes, bytes + ggml_nbytes(t));
            tensors.push_back(std::move(entry));
        }
    }

    [[nodiscard]] gguf_context* keys() { return keys_.get(); }
    std::vector<Entry> tensors;

    [[nodiscard]] Entry& at(const std::string& name) {
        const auto found =
            std::find_if(tensors.begin(), tensors.end(), [&](const Entry& t) { return t.name == name; });
        if (found == tensors.end()) throw std::runtime_error("no tensor " + name);
        return *found;
    }
    [[nodiscard]] std::vector<float> floats(const std::string& name) {
        const Entry& entry = at(name);
        std::vector<float> values(entry.bytes.size() / sizeof(float));
        std::memcpy(values.data(), entry.bytes.data(), entry.bytes.size());
        return values;
    }
    /// Adds or replaces a float32 tensor.
    void set(const std::string& name, const std::vector<std::int64_t>& shape,
             const std::vector<float>& values) {
        std::erase_if(tensors, [&](const Entry& t) { return t.name == name; });
        const auto* bytes = reinterpret_cast<const char*>(values.data());
        tensors.push_back({name, GGML_TYPE_F32, shape, {bytes, bytes + values.size() * sizeof(float)}});
    }

    void write(const std::filesystem::path& path) const {
        const std::unique_ptr<ggml_context, Free> context(
            ggml_init({(tensors.size() + 1) * ggml_tensor_overhead(), nullptr, true}));
        const std::unique_ptr<gguf_context, Free> file(gguf_init_empty());
        gguf_set_kv(file.get(), keys_.get());
        for (const Entry& entry : tensors) {
            std::vector<std::int64_t> extents(entry.shape.rbegin(), entry.shape.rend());
            ggml_tensor* t =
                ggml_new_tensor(context.get(), entry.type, static_cast<int>(extents.size()), extents.data());
            if (ggml_nbytes(t) != entry.bytes.size()) throw std::runtime_error("wrong size of " + entry.name);
            ggml_set_name(t, entry.name.c_str());
            gguf_add_tensor(file.get(), t);
            gguf_set_tensor_data(file.get(), entry.name.c_str(), entry.bytes.data());
        }
        if (!gguf_write_to_file(file.get(), path.c_str(), false))
            throw std::runtime_error("cannot write " + path.string());
    }

    /// Leaves the first `count` tokens and no tokenizer.
    void cut_vocabulary(const std::string& architecture, std::int64_t count) {
        for (std::int64_t i = gguf_get_n_kv(keys()); i-- > 0;) {
            const std::string key = gguf_get_key(keys(), i);
            if (key.starts_with("tokenizer.")) gguf_remove_key(keys(), key.c_str());
        }
        gguf_set_val_str(keys(), "tokenizer.ggml.model", "none");
        gguf_set_val_u32(keys(), (architecture + ".vocab_size").c_str(), static_cast<std::uint32_t>(count));
        for (Entry& entry : tensors) {
            if (entry.name != "token_embd.weight" && entry.name != "output.weight") continue;
            entry.bytes.resize(entry.bytes.size() / static_cast<std::size_t>(entry.shape[0]) *
                               static_cast<std::size_t>(count));
            entry.shape[0] = count;
        }
    }

private:
    struct Free {
        void operator()(gguf_context* context) const { gguf_free(context); }
        void operator()(ggml_context* context) const { ggml_free(context); }
    };
    std::unique_ptr<gguf_context, Free> keys_;
};

}  // namespace llmx::test

#pragma once
// Reference values from a GGUF file: tensors as flat vectors, string keys as text.

#include <ggml.h>
#include <gguf.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace llmx::test {

constexpr int prompt_size = 18;  ///< tokens of the prompt in the golden files of decoders

class GoldenFile {
public:
    explicit GoldenFile(const std::string& path) {
        ggml_context* data = nullptr;
        file_.reset(gguf_init_from_file(path.c_str(), {.no_alloc = false, .ctx = &data}));
        data_.reset(data);
        if (!file_) throw std::runtime_error("golden file: cannot read " + path);
    }

    [[nodiscard]] std::vector<float> floats(const std::string& name) const {
        return values<float>(name, GGML_TYPE_F32);
    }
    [[nodiscard]] std::vector<std::int32_t> ids(const std::string& name) const {
        return values<std::int32_t>(name, GGML_TYPE_I32);
    }
    [[nodiscard]] bool has(const std::string& name) const {
        return ggml_get_tensor(data_.get(), name.c_str()) != nullptr;
    }
    [[nodiscard]] std::size_t tensors() const {
        return static_cast<std::size_t>(gguf_get_n_tensors(file_.get()));
    }
    [[nodiscard]] std::string text(const std::string& key) const {
        const auto id = gguf_find_key(file_.get(), key.c_str());
        if (id < 0) throw std::runtime_error("golden file: no key " + key);
        return gguf_get_val_str(file_.get(), id);
    }
    [[nodiscard]] double number(const std::string& key) const {
        const auto id = gguf_find_key(file_.get(), key.c_str());
        if (id < 0) throw std::runtime_error("golden file: no key " + key);
        switch (gguf_get_kv_type(file_.get(), id)) {
            case GGUF_TYPE_UINT32:
                return gguf_get_val_u32(file_.get(), id);
            case GGUF_TYPE_INT32:
                return gguf_get_val_i32(file_.get(), id);
            case GGUF_TYPE_FLOAT32:
                return gguf_get_val_f32(file_.get(), id);
            case GGUF_TYPE_STRING:
                return std::stod(gguf_get_val_str(file_.get(), id));
            default:
                throw std::runtime_error("golden file: no number in " + key);
        }
    }

private:
    template <class T>
    [[nodiscard]] std::vector<T> values(const std::string& name, ggml_type type) const {
        const ggml_tensor* tensor = ggml_get_tensor(data_.get(), name.c_str());
        if (tensor == nullptr || tensor->type != type)
            throw std::runtime_error("golden file: no tensor " + name);
        const auto* first = static_cast<const T*>(tensor->data);
        return {first, first + ggml_nelements(tensor)};
    }

    struct Free {
        void operator()(gguf_context* file) const { gguf_free(file); }
        void operator()(ggml_context* data) const { ggml_free(data); }
    };
    std::unique_ptr<gguf_context, Free> file_;
    std::unique_ptr<ggml_context, Free> data_;
};

}  // namespace llmx::test

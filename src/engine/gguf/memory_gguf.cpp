#include "engine/gguf/memory_gguf.hpp"

#include <fmt/format.h>
#include <ggml.h>
#include <gguf.h>
#include <llama.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <llmx/error.hpp>
#include <map>
#include <set>

#include "engine/llama_guard.hpp"

namespace llmx::engine {
namespace {

struct GgufFree {
    void operator()(gguf_context* context) const { gguf_free(context); }
};
using GgufPtr = std::unique_ptr<gguf_context, GgufFree>;

template <class T>
void set_array(gguf_context* gguf, const char* key, gguf_type type, const std::vector<T>& values) {
    gguf_set_arr_data(gguf, key, type, values.data(), values.size());
}

struct SetValue {
    gguf_context* gguf;
    const char* key;

    void operator()(bool value) const { gguf_set_val_bool(gguf, key, value); }
    void operator()(std::uint32_t value) const { gguf_set_val_u32(gguf, key, value); }
    void operator()(float value) const { gguf_set_val_f32(gguf, key, value); }
    void operator()(const std::string& value) const { gguf_set_val_str(gguf, key, value.c_str()); }
    void operator()(const std::vector<std::string>& values) const {
        std::vector<const char*> texts;
        texts.reserve(values.size());
        for (const std::string& value : values) texts.push_back(value.c_str());
        gguf_set_arr_str(gguf, key, texts.data(), texts.size());
    }
    void operator()(const std::vector<std::int32_t>& v) const { set_array(gguf, key, GGUF_TYPE_INT32, v); }
    void operator()(const std::vector<float>& v) const { set_array(gguf, key, GGUF_TYPE_FLOAT32, v); }
    void operator()(const std::vector<std::uint8_t>& v) const { set_array(gguf, key, GGUF_TYPE_UINT8, v); }
    void operator()(const std::vector<bool>& values) const {
        set_array(gguf, key, GGUF_TYPE_BOOL, std::vector<std::int8_t>(values.begin(), values.end()));
    }
};

ggml_type type_of(const std::string& type) {
    if (type == "F32") return GGML_TYPE_F32;
    return type == "F16" ? GGML_TYPE_F16 : GGML_TYPE_BF16;
}

// What most of the bytes are: llama.cpp would guess by the number of tensors, and call a half-precision
// model float32 for its many norms and biases.
llama_ftype main_type(const Content& content) {
    std::map<std::string, std::int64_t> counts;
    for (const ContentTensor& tensor : content.tensors) {
        std::int64_t count = 1;
        for (const std::int64_t extent : tensor.shape) count *= extent;
        counts[tensor.type] += count;
    }
    const auto most = std::max_element(counts.begin(), counts.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    if (most == counts.end() || most->first == "F32") return LLAMA_FTYPE_ALL_F32;
    return most->first == "F16" ? LLAMA_FTYPE_MOSTLY_F16 : LLAMA_FTYPE_MOSTLY_BF16;
}

void add_tensor(gguf_context* gguf, const ContentTensor& tensor) {
    ggml_tensor t{};
    t.type = type_of(tensor.type);
    std::fill(std::begin(t.ne), std::end(t.ne), 1);
    const std::size_t dims = tensor.shape.size();
    for (std::size_t d = 0; d < dims; ++d) t.ne[d] = tensor.shape[dims - 1 - d];
    t.nb[0] = ggml_type_size(t.type);
    for (std::size_t d = 1; d < GGML_MAX_DIMS; ++d)
        t.nb[d] = t.nb[d - 1] * static_cast<std::size_t>(t.ne[d - 1]);
    ggml_set_name(&t, tensor.name.c_str());
    gguf_add_tensor(gguf, &t);
}

[[noreturn]] void fail(const std::string& what, const std::string& reason) {
    throw Error(ErrorCode::model, fmt::format("model {}: {}", what, reason));
}

// ggml ends the process in the middle of a pass where such a number is negative.
void check_epsilons(const std::string& what, const Content& content) {
    for (const auto& [key, value] : content.values) {
        const float* number = std::get_if<float>(&value);
        if (number == nullptr || !key.ends_with("epsilon") || *number >= 0.0F) continue;
        fail(what, fmt::format("{} is {}; expected a small positive number", key, *number));
    }
}

void check_tensors(const std::string& what, const Content& content) {
    std::set<std::string> names;
    for (const ContentTensor& tensor : content.tensors) {
        double elements = 1;
        bool good = !tensor.shape.empty() && tensor.shape.size() <= GGML_MAX_DIMS;
        for (const std::int64_t extent : tensor.shape) {
            good = good && extent >= 1;
            elements *= static_cast<double>(extent);
        }
        if (!good || elements > 1e12)
            fail(what, fmt::format("{} has a shape that no model has", tensor.origin));
        if (!names.insert(tensor.name).second) {
            fail(what, fmt::format("{} would be the second tensor {}", tensor.origin, tensor.name));
        }
    }
}

}  // namespace

MemoryGguf::MemoryGguf(const Content& content, const std::string& what) : what_(what) {
    check_epsilons(what, content);
    check_tensors(what, content);
    const LlamaGuard guard;
    const GgufPtr gguf(gguf_init_empty());
    std::vector<char> header;
    try {
        for (const auto& [key, value] : content.values) std::visit(SetValue{gguf.get(), key.c_str()}, value);
        gguf_set_val_u32(gguf.get(), "general.file_type", static_cast<std::uint32_t>(main_type(content)));
        for (const ContentTensor& tensor : content.tensors) add_tensor(gguf.get(), tensor);
        header.resize(gguf_get_meta_size(gguf.get()));
        gguf_get_meta_data(gguf.get(), header.data());
    } catch (const LlamaAbort& e) {
        fail(what, e.what());
    }
    data_ = header.size();
    std::size_t end = data_;
    for (std::int64_t i = 0; i < gguf_get_n_tensors(gguf.get()); ++i) {
        offsets_.push_back(gguf_get_tensor_offset(gguf.get(), i));
        end = data_ + offsets_.back() + gguf_get_tensor_size(gguf.get(), i);
    }
    const std::size_t alignment = gguf_get_alignment(gguf.get());
    end = (end + alignment - 1) / alignment * alignment;

    const int descriptor = memfd_create("llmx-model", MFD_CLOEXEC);
    if (descriptor >= 0) file_ = fdopen(descriptor, "r+b");
    if (file_ == nullptr) {
        const int reason = errno;
        if (descriptor >= 0) close(descriptor);
        fail(what, fmt::format("no memory for the weights: {}", std::strerror(reason)));
    }
    if (ftruncate(descriptor, static_cast<off_t>(end)) != 0 ||
        pwrite(descriptor, header.data(), header.size(), 0) != static_cast<ssize_t>(header.size())) {
        const int reason = errno;
        std::fclose(file_);
        fail(what, fmt::format("no memory for {} bytes of weights: {}", end, std::strerror(reason)));
    }
}

MemoryGguf::~MemoryGguf() { std::fclose(file_); }

bool MemoryGguf::fill(const Content& content, const std::function<bool(double done)>& progress) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    std::size_t total = 0;
    std::size_t done = 0;
    const auto bytes_of = [](const ContentTensor& tensor) {
        std::size_t bytes = element_size(tensor.type);
        for (const std::int64_t extent : tensor.shape) bytes *= static_cast<std::size_t>(extent);
        return bytes;
    };
    for (const ContentTensor& tensor : content.tensors) total += bytes_of(tensor);
    for (std::size_t i = 0; i < content.tensors.size(); ++i) {
        if (!progress(static_cast<double>(done) / static_cast<double>(total))) return false;
        // One window at a time: mapped twice as a whole, the weights would count twice.
        const ContentTensor& tensor = content.tensors[i];
        const std::size_t bytes = bytes_of(tensor);
        const std::size_t first = data_ + offsets_[i];
        const std::size_t from = first / page * page;
        const std::size_t length = first - from + bytes;
        void* window = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(file_),
                            static_cast<off_t>(from));
        if (window == MAP_FAILED) {
            fail(what_, fmt::format("no memory for {}: {}", tensor.origin, std::strerror(errno)));
        }
        const std::unique_ptr<void, std::function<void(void*)>> unmap(
            window, [length](void* address) { munmap(address, length); });
        tensor.fill(std::span(static_cast<std::byte*>(window) + (first - from), bytes));
        done += bytes;
    }
    return progress(1.0);
}

}  // namespace llmx::engine

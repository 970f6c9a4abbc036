#include "engine/model/mapped_weights.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <ggml-backend.h>
#include <ggml.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <llmx/error.hpp>

#include "engine/servers/remote.hpp"

namespace llmx::engine {
namespace {

[[noreturn]] void fail(const std::filesystem::path& part, const std::string& reason) {
    throw Error(ErrorCode::model, fmt::format("model {}: cannot be mapped: {}", part.string(), reason));
}

struct Mapping {
    std::shared_ptr<const char> data;
    std::uint64_t bytes = 0;
};

Mapping map(const std::filesystem::path& part) {
    const int descriptor = open(part.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) fail(part, std::strerror(errno));
    struct stat facts {};
    const bool known = fstat(descriptor, &facts) == 0;
    const auto size = static_cast<std::size_t>(facts.st_size);
    void* memory = known ? mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor, 0) : MAP_FAILED;
    const int reason = errno;
    close(descriptor);
    if (memory == MAP_FAILED) fail(part, std::strerror(reason));
    const auto* data = static_cast<const char*>(memory);
    return {{data, [memory, size](const char*) { munmap(memory, size); }}, size};
}

/// Not a server's, but in another layout.
bool is_on_cpu(const ggml_tensor* root) {
    ggml_backend_dev_t device = ggml_backend_buft_get_device(ggml_backend_buffer_get_type(root->buffer));
    return device != nullptr && ggml_backend_dev_type(device) == GGML_BACKEND_DEVICE_TYPE_CPU;
}

}  // namespace

MappedWeights::MappedWeights(const GgufContent& content) {
    std::vector<std::uint64_t> sizes;
    for (const std::filesystem::path& part : content.parts) {
        Mapping mapping = map(part);
        files_.push_back(std::move(mapping.data));
        sizes.push_back(mapping.bytes);
    }
    for (const GgufTensor& tensor : content.tensors) {
        const std::uint64_t size = sizes[tensor.part];
        if (tensor.offset > size || tensor.bytes > size - tensor.offset)
            fail(content.parts[tensor.part], "it has been truncated meanwhile");
        places_[tensor.name] = {files_[tensor.part].get() + tensor.offset, tensor.bytes, tensor.type};
    }
}

const char* MappedWeights::find(const ggml_tensor* weight) const {
    const auto found = places_.find(std::string_view(weight->name));
    const bool same = found != places_.end() &&
                      strcasecmp(found->second.type.c_str(), ggml_type_name(weight->type)) == 0 &&
                      found->second.bytes == ggml_nbytes(weight);
    return same ? found->second.data : nullptr;
}

const void* weight_data(const ggml_tensor* weight, const MappedWeights* mapped) {
    if (!is_remote(weight)) return weight->data;
    const ggml_tensor* root = weight->view_src != nullptr ? weight->view_src : weight;
    const char* data = mapped != nullptr ? mapped->find(root) : nullptr;
    if (data != nullptr) return data + weight->view_offs;
    if (is_on_cpu(root)) {
        throw Error(ErrorCode::unsupported,
                    fmt::format("weight {}: llama.cpp has re-ordered it, and it is not in the model's file; "
                                "load the model with `no_repack`",
                                root->name));
    }
    return nullptr;
}

}  // namespace llmx::engine

#include "engine/servers/local_weights.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <ggml.h>
#include <gguf.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <llmx/error.hpp>

#include "engine/servers/remote.hpp"

namespace llmx::engine {
namespace {

struct GgufFree {
    void operator()(gguf_context* context) const { gguf_free(context); }
};

[[noreturn]] void fail(const std::filesystem::path& part, const std::string& reason) {
    throw Error(ErrorCode::model, fmt::format("model {}: cannot be mapped: {}", part.string(), reason));
}

}  // namespace

LocalWeights::LocalWeights(const std::vector<std::filesystem::path>& parts) {
    for (const std::filesystem::path& part : parts) map(part);
}

void LocalWeights::map(const std::filesystem::path& part) {
    const std::unique_ptr<gguf_context, GgufFree> gguf(
        gguf_init_from_file(part.c_str(), {/*no_alloc=*/true, /*ctx=*/nullptr}));
    if (!gguf) fail(part, "no GGUF header");
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
    files_.emplace_back(data, [memory, size](const char*) { munmap(memory, size); });
    for (std::int64_t i = 0; i < gguf_get_n_tensors(gguf.get()); ++i) {
        const std::size_t from = gguf_get_data_offset(gguf.get()) + gguf_get_tensor_offset(gguf.get(), i);
        const std::size_t bytes = gguf_get_tensor_size(gguf.get(), i);
        if (from > size || bytes > size - from) fail(part, "it was cut short meanwhile");
        places_[gguf_get_tensor_name(gguf.get(), i)] = {data + from, bytes,
                                                        gguf_get_tensor_type(gguf.get(), i)};
    }
}

const char* LocalWeights::find(const ggml_tensor* weight) const {
    const auto found = places_.find(std::string_view(weight->name));
    const bool same = found != places_.end() && found->second.type == weight->type &&
                      found->second.bytes == ggml_nbytes(weight);
    return same ? found->second.data : nullptr;
}

const void* weight_data(const ggml_tensor* weight, const LocalWeights* local) {
    if (!is_remote(weight)) return weight->data;
    if (local == nullptr) return nullptr;
    const char* root = local->find(weight->view_src != nullptr ? weight->view_src : weight);
    return root != nullptr ? root + weight->view_offs : nullptr;
}

}  // namespace llmx::engine

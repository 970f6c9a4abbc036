#include "engine/gguf/gguf_file.hpp"

#include <fmt/format.h>
#include <ggml.h>
#include <gguf.h>
#include <llama.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <fstream>
#include <llmx/error.hpp>
#include <memory>

#include "engine/llama_guard.hpp"

namespace llmx::engine {
namespace {

namespace fs = std::filesystem;

struct GgufFree {
    void operator()(gguf_context* context) const { gguf_free(context); }
};
using GgufPtr = std::unique_ptr<gguf_context, GgufFree>;

[[noreturn]] void fail(const fs::path& path, const std::string& reason) {
    throw Error(ErrorCode::model, fmt::format("model {}: {}", path.string(), reason));
}

std::uint64_t checked_size(const fs::path& path) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (status.type() == fs::file_type::not_found) fail(path, "no such file; expected a GGUF model");
    if (error) fail(path, error.message() + "; expected a readable GGUF model");
    if (status.type() == fs::file_type::directory) {
        fail(path, "is a directory; expected a GGUF file, such as one inside it");
    }
    if (status.type() != fs::file_type::regular) fail(path, "is not a regular file; expected a GGUF file");
    const std::uint64_t size = fs::file_size(path, error);
    if (error) fail(path, error.message());
    if (size == 0) fail(path, "is empty; expected a GGUF model");
    return size;
}

void check_magic(const fs::path& path) {
    std::array<char, 4> magic{};
    std::ifstream file(path, std::ios::binary);
    if (!file) fail(path, "cannot be opened; expected a readable GGUF model");
    file.read(magic.data(), magic.size());
    const std::string begin(magic.data(), static_cast<std::size_t>(file.gcount()));
    if (begin == "GGUF") return;
    std::string shown;
    for (const char c : begin) {
        shown += std::isprint(static_cast<unsigned char>(c)) != 0
                     ? std::string(1, c)
                     : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
    fail(path, fmt::format("not a GGUF file: it begins with \"{}\"; expected \"GGUF\"", shown));
}

GgufPtr read_header(const fs::path& path) {
    const LlamaGuard guard;
    GgufPtr gguf;
    try {
        gguf.reset(gguf_init_from_file(path.c_str(), {/*no_alloc=*/true, /*ctx=*/nullptr}));
    } catch (const std::exception& e) {  // also LlamaAbort
        fail(path,
             fmt::format("truncated or corrupt header: {}; download the file again", one_line(e.what())));
    }
    if (gguf == nullptr) {
        fail(path, fmt::format("truncated or corrupt header: {}; download the file again",
                               guard.reason("it ends early")));
    }
    return gguf;
}

std::string upper(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
    return text;
}

void add_tensors(std::size_t part, const gguf_context* gguf, std::uint64_t size, GgufContent& content) {
    const std::uint64_t data = gguf_get_data_offset(gguf);
    for (std::int64_t i = 0; i < gguf_get_n_tensors(gguf); ++i) {
        const std::uint64_t offset = gguf_get_tensor_offset(gguf, i);
        const std::uint64_t bytes = gguf_get_tensor_size(gguf, i);
        const char* name = gguf_get_tensor_name(gguf, i);
        if (data > size || offset > size - data || bytes > size - data - offset) {
            fail(content.parts[part],
                 fmt::format(
                     "truncated: tensor {} ends at byte {} of a file of {} bytes; download the file again",
                     one_line(name), data + offset + bytes, size));
        }
        const std::int64_t* extents = gguf_get_tensor_ne(gguf, i);
        int dims = GGML_MAX_DIMS;
        while (dims > 1 && extents[dims - 1] == 1) --dims;
        GgufTensor tensor{name, upper(ggml_type_name(gguf_get_tensor_type(gguf, i))), {}, part, data + offset,
                          bytes};
        for (int d = dims - 1; d >= 0; --d) tensor.shape.push_back(extents[d]);
        content.tensors.push_back(std::move(tensor));
    }
}

// A negative number here would make ggml end the process in the middle of a pass.
void check_epsilons(const fs::path& path, const gguf_context* gguf) {
    for (std::int64_t i = 0; i < gguf_get_n_kv(gguf); ++i) {
        const std::string_view key = gguf_get_key(gguf, i);
        if (!key.ends_with("epsilon") || gguf_get_kv_type(gguf, i) != GGUF_TYPE_FLOAT32) continue;
        const float value = gguf_get_val_f32(gguf, i);
        if (value >= 0.0F && std::isfinite(value)) continue;
        fail(path, fmt::format("corrupt: {} is {}; expected a small positive number", key, value));
    }
}

/// A number of the split, or `otherwise` if the file has none.
int split_number(const gguf_context* gguf, const char* name, int otherwise) {
    const std::int64_t key = gguf_find_key(gguf, name);
    if (key < 0 || gguf_get_kv_type(gguf, key) != GGUF_TYPE_UINT16) return otherwise;
    return gguf_get_val_u16(gguf, key);
}

/// The names of all parts, from the first one's.
std::vector<fs::path> split_paths(const fs::path& first, int parts) {
    std::vector<char> prefix(first.string().size() + 1), part(first.string().size() + 64);
    if (llama_split_prefix(prefix.data(), prefix.size(), first.c_str(), 0, parts) <= 0) {
        fail(first, fmt::format("one of {} files of a split model; expected the first, named "
                                "NAME-00001-of-{:05}.gguf",
                                parts, parts));
    }
    std::vector<fs::path> paths;
    for (int i = 0; i < parts; ++i) {
        llama_split_path(part.data(), part.size(), prefix.data(), i, parts);
        paths.emplace_back(part.data());
    }
    return paths;
}

}  // namespace

GgufContent check_gguf(const fs::path& path) {
    GgufContent content{{}, {path}};
    for (std::size_t i = 0; i < content.parts.size(); ++i) {
        const fs::path part = content.parts[i];
        const std::uint64_t size = checked_size(part);
        check_magic(part);
        const GgufPtr gguf = read_header(part);
        if (i == 0) {
            check_epsilons(part, gguf.get());
            const int parts = split_number(gguf.get(), "split.count", 1);
            if (parts > 1) content.parts = split_paths(path, parts);
        }
        const auto count = static_cast<int>(content.parts.size());
        const int number = split_number(gguf.get(), "split.no", 0);
        const int of = split_number(gguf.get(), "split.count", 1);
        if (count > 1 && (number != static_cast<int>(i) || of != count)) {
            fail(part, fmt::format("is part {} of {}; expected part {} of {}, as its name says", number + 1,
                                   of, i + 1, count));
        }
        add_tensors(i, gguf.get(), size, content);
    }
    return content;
}

}  // namespace llmx::engine

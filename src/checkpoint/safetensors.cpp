#include "checkpoint/safetensors.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <llmx/error.hpp>
#include <set>

#include "checkpoint/json.hpp"

namespace llmx::checkpoint {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t longest_header = 100'000'000;  // safetensors' own limit

[[noreturn]] void fail(const fs::path& path, const std::string& what) {
    throw Error(ErrorCode::model, fmt::format("model {}: {}", path.string(), what));
}

/// Bits of an element of a safetensors type; 0 if unknown.
int type_bits(std::string_view type) {
    if (type == "F64" || type == "I64" || type == "U64") return 64;
    if (type == "F32" || type == "I32" || type == "U32") return 32;
    if (type == "F16" || type == "BF16" || type == "I16" || type == "U16") return 16;
    if (type == "I8" || type == "U8" || type == "BOOL" || type.starts_with("F8_")) return 8;
    return 0;
}

// A duplicate key makes a header ambiguous: the parser would silently use the last one.
Json parse_header(const fs::path& path, const std::string& text) {
    std::vector<std::set<std::string>> keys;
    const auto unique = [&](int depth, Json::parse_event_t event, Json& parsed) {
        if (depth > 16) fail(path, "header: nested too deeply");
        if (event == Json::parse_event_t::object_start) keys.emplace_back();
        if (event == Json::parse_event_t::object_end) keys.pop_back();
        if (event == Json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second) {
            fail(path, fmt::format("header: two entries named {}", shown(parsed)));
        }
        return true;
    };
    try {
        Json header = Json::parse(text, unique);
        if (!header.is_object()) fail(path, fmt::format("header is {}; expected an object", shown(header)));
        return header;
    } catch (const Json::exception&) {
        fail(path, "header is not JSON; expected a safetensors file");
    }
}

std::uint64_t offset_at(const fs::path& path, const std::string& name, const Json& entry, std::size_t i) {
    const auto offsets = entry.find("data_offsets");
    if (offsets == entry.end() || !offsets->is_array() || offsets->size() != 2 ||
        !(*offsets)[i].is_number_unsigned()) {
        fail(path, fmt::format("tensor {}: data_offsets are {}; expected [begin, end]", name,
                               offsets == entry.end() ? "missing" : shown(*offsets)));
    }
    return (*offsets)[i].get<std::uint64_t>();
}

std::vector<std::int64_t> shape_of(const fs::path& path, const std::string& name, const Json& entry) {
    std::vector<std::int64_t> shape;
    const auto json = entry.find("shape");
    bool good = json != entry.end() && json->is_array() && json->size() <= 8;
    if (good) {
        for (const Json& extent : *json) {
            good = good && extent.is_number_unsigned() && extent.get<std::uint64_t>() <= (1ULL << 40U);
            if (good) shape.push_back(extent.get<std::int64_t>());
        }
    }
    if (!good) {
        fail(path, fmt::format("tensor {}: shape is {}; expected an array of extents", name,
                               json == entry.end() ? "missing" : shown(*json)));
    }
    return shape;
}

Weight weight_of(const std::shared_ptr<const SafetensorsFile>& file, const std::string& name,
                 const Json& entry, std::uint64_t data) {
    const fs::path& path = file->path();
    if (!entry.is_object()) fail(path, fmt::format("tensor {}: {}; expected an object", name, shown(entry)));
    Weight weight{name, "", shape_of(path, name, entry), 0, 0, file};
    const auto type = entry.find("dtype");
    if (type != entry.end() && type->is_string()) weight.type = type->get<std::string>();
    const int bits = type_bits(weight.type);
    if (bits == 0) {
        fail(path, fmt::format("tensor {}: dtype is {}; expected F32, F16 or BF16", name,
                               type == entry.end() ? "missing" : shown(*type)));
    }
    const std::uint64_t begin = offset_at(path, name, entry, 0);
    const std::uint64_t end = offset_at(path, name, entry, 1);
    if (begin > end || end > file->size() - data) {
        fail(path,
             fmt::format("tensor {}: bytes {} to {} of {} bytes of data; the file is truncated or corrupt",
                         name, begin, end, file->size() - data));
    }
    // 2^40 a side and 8 sides overflow; more elements than bits in the file are wrong anyhow.
    long double elements = 1;
    for (const std::int64_t extent : weight.shape) elements *= static_cast<long double>(extent);
    if (elements * bits != static_cast<long double>(end - begin) * 8) {
        fail(path, fmt::format("tensor {}: {} bytes; expected {:.0f} for its shape and dtype {}", name,
                               end - begin, static_cast<double>(elements * bits / 8), weight.type));
    }
    weight.offset = data + begin;
    weight.bytes = end - begin;
    return weight;
}

// Data has no gaps: safetensors' readers reject anything else, and so do we.
void check_layout(const fs::path& path, const Weights& weights, std::uint64_t data, std::uint64_t size) {
    std::vector<const Weight*> order;
    for (const auto& [name, weight] : weights.by_name) order.push_back(&weight);
    std::sort(order.begin(), order.end(), [](const Weight* a, const Weight* b) {
        return std::pair(a->offset, a->bytes) < std::pair(b->offset, b->bytes);
    });
    std::uint64_t end = data;
    const Weight* before = nullptr;
    for (const Weight* weight : order) {
        if (weight->offset < end) {
            fail(path, fmt::format("tensors {} and {} overlap", before->name, weight->name));
        }
        if (weight->offset > end) {
            fail(path, fmt::format("tensor {}: {} bytes before it belong to no tensor", weight->name,
                                   weight->offset - end));
        }
        end = weight->offset + weight->bytes;
        before = weight;
    }
    if (end != size) fail(path, fmt::format("{} bytes at its end belong to no tensor", size - end));
}

}  // namespace

std::int64_t Weight::elements() const {
    std::int64_t count = 1;
    for (const std::int64_t extent : shape) count *= extent;
    return count;
}

std::string Weight::origin() const {
    return fmt::format("{} of {}", name, source->path().filename().string());
}

void Weight::read(std::uint64_t from, std::span<std::byte> out) const { source->read(offset + from, out); }

SafetensorsFile::SafetensorsFile(const fs::path& path) : WeightSource(path) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (!fs::exists(status)) fail(path, "no such file");
    if (!fs::is_regular_file(status)) fail(path, "is not a regular file; expected safetensors");
    descriptor_ = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat facts {};
    if (descriptor_ < 0 || fstat(descriptor_, &facts) != 0) {
        const int reason = errno;
        if (descriptor_ >= 0) close(descriptor_);
        fail(path, fmt::format("cannot be opened: {}", std::strerror(reason)));
    }
    size_ = static_cast<std::uint64_t>(facts.st_size);
}

SafetensorsFile::~SafetensorsFile() { close(descriptor_); }

void SafetensorsFile::read(std::uint64_t from, std::span<std::byte> out) const {
    while (!out.empty()) {
        const ssize_t got = pread(descriptor_, out.data(), out.size(), static_cast<off_t>(from));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) fail(path(), fmt::format("cannot be read: {}", std::strerror(errno)));
        if (got == 0) fail(path(), "shrank while it was being read");
        from += static_cast<std::uint64_t>(got);
        out = out.subspan(static_cast<std::size_t>(got));
    }
}

const Weight* Weights::find(const std::string& name) const {
    const auto found = by_name.find(name);
    return found == by_name.end() ? nullptr : &found->second;
}

Weights read_safetensors(const fs::path& path) {
    const auto file = std::make_shared<const SafetensorsFile>(path);
    std::array<std::uint8_t, 8> prefix{};
    if (file->size() < prefix.size()) {
        fail(path, fmt::format("truncated: {} bytes; expected a safetensors file", file->size()));
    }
    file->read(0, std::as_writable_bytes(std::span(prefix)));
    std::uint64_t length = 0;
    for (std::size_t i = 0; i < prefix.size(); ++i) length |= std::uint64_t{prefix[i]} << (8 * i);
    if (length > longest_header || length > file->size() - prefix.size()) {
        fail(path, fmt::format("header of {} bytes in a file of {}; truncated, or not a safetensors file",
                               length, file->size()));
    }
    std::string text(length, '\0');
    file->read(prefix.size(), std::as_writable_bytes(std::span(text)));
    const std::uint64_t data = prefix.size() + length;
    const Json header = parse_header(path, text);
    Weights weights;
    for (const auto& [name, entry] : header.items()) {
        if (name != "__metadata__") weights.by_name.emplace(name, weight_of(file, name, entry, data));
    }
    check_layout(path, weights, data, file->size());
    weights.files.push_back(fs::absolute(path));
    return weights;
}

namespace {

Weights read_shards(const fs::path& directory, const fs::path& index_path) {
    const Object index = Object::read(index_path);
    const Object map = index.object({"weight_map"});
    if (map.json().empty()) index.fail("no weight_map; expected tensor names and their files");
    std::set<std::string> files;
    for (const auto& [name, file] : map.json().items()) {
        if (!file.is_string()) map.fail(fmt::format("{} is in {}; expected a file name", name, shown(file)));
        const auto text = file.get<std::string>();
        if (text.empty() || text.find('/') != std::string::npos || text == "..") {
            map.fail(fmt::format("{} is in {}; expected a file in the same directory", name, shown(file)));
        }
        files.insert(text);
    }
    Weights all;
    for (const std::string& file : files) {
        if (!fs::exists(directory / file)) {
            fail(directory / file, fmt::format("no such file; {} lists it as one of {} shards",
                                               index_path.filename().string(), files.size()));
        }
        Weights shard = read_safetensors(directory / file);
        for (auto& [name, weight] : shard.by_name) {
            const auto listed = map.json().find(name);
            if (listed == map.json().end() || *listed != file) {
                fail(directory / file, fmt::format("tensor {} is not where {} says", name, index.name()));
            }
            all.by_name.emplace(name, std::move(weight));
        }
        all.files.push_back(shard.files.front());
    }
    for (const auto& [name, file] : map.json().items()) {
        if (all.find(name) == nullptr) {
            fail(directory / file.get<std::string>(),
                 fmt::format("no tensor {}, which {} says is in it", name, index.name()));
        }
    }
    return all;
}

}  // namespace

Weights read_directory_weights(const fs::path& directory) {
    const fs::path single = directory / "model.safetensors";
    const fs::path index = directory / "model.safetensors.index.json";
    if (fs::exists(single)) return read_safetensors(single);
    if (fs::exists(index)) return read_shards(directory, index);
    if (fs::exists(directory / "pytorch_model.bin") ||
        fs::exists(directory / "pytorch_model.bin.index.json")) {
        fail(directory,
             "its weights are PyTorch pickles; expected model.safetensors (save_pretrained of transformers "
             "writes one)");
    }
    fail(directory, "no model.safetensors and no model.safetensors.index.json; expected one of them");
}

}  // namespace llmx::checkpoint

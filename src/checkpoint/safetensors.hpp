#pragma once
// Weights in safetensors files: <https://github.com/huggingface/safetensors>. The header is checked as a
// whole before anything is read; data is read straight into its destination.

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace llmx::checkpoint {

/// What weights are read from.
class WeightSource {
public:
    explicit WeightSource(std::filesystem::path path) : path_(std::move(path)) {}
    virtual ~WeightSource() = default;
    WeightSource(const WeightSource&) = delete;
    WeightSource& operator=(const WeightSource&) = delete;

    /// A file, or a name for memory in messages.
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    /// Throws Error{model}.
    virtual void read(std::uint64_t from, std::span<std::byte> out) const = 0;

private:
    std::filesystem::path path_;
};

/// One tensor of a checkpoint.
struct Weight {
    std::string name;  ///< "model.norm.weight"
    std::string type;  ///< "F32", "F16", "BF16"; others keep safetensors' name and cannot be read
    std::vector<std::int64_t> shape;  ///< row-major; empty for a scalar
    std::uint64_t offset = 0;         ///< of the data in its source
    std::uint64_t bytes = 0;
    std::shared_ptr<const WeightSource> source;

    [[nodiscard]] std::int64_t elements() const;
    /// "model.norm.weight of model.safetensors": for messages.
    [[nodiscard]] std::string origin() const;
    /// Reads `out.size()` bytes from byte `from` of the data. Throws Error{model}.
    void read(std::uint64_t from, std::span<std::byte> out) const;
};

/// An open file of weights.
class SafetensorsFile final : public WeightSource {
public:
    explicit SafetensorsFile(const std::filesystem::path& path);
    ~SafetensorsFile() override;

    [[nodiscard]] std::uint64_t size() const { return size_; }
    void read(std::uint64_t from, std::span<std::byte> out) const override;

private:
    std::uint64_t size_ = 0;
    int descriptor_ = -1;
};

/// The weights of one file, of all shards, or of a caller, by name.
struct Weights {
    std::map<std::string, Weight> by_name;
    std::vector<std::filesystem::path> files;  ///< absolute, in the order of their names

    [[nodiscard]] const Weight* find(const std::string& name) const;
};

/// Throws Error{model} for a file that is missing or truncated, or has an invalid header.
Weights read_safetensors(const std::filesystem::path& file);

/// model.safetensors of a directory, or the shards that model.safetensors.index.json lists. Throws
/// Error{model} naming the file and tensor that are missing or wrong.
Weights read_directory_weights(const std::filesystem::path& directory);

}  // namespace llmx::checkpoint

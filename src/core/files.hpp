#pragma once
// Reads whole files, and writes files that appear under their name only once they are complete.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace llmx {

/// The file's bytes. Throws Error{input} if it is missing, not a regular file (a pipe or a device such as
/// /dev/stdin is read to its end), or unreadable; `what` starts the message.
std::string read_file(const std::filesystem::path& path, std::string_view what = "file");

/// Throws Error{output} unless the directory that `path` would be written into exists and `path` is
/// not itself a directory. To be called before long work whose result goes there.
void require_writable_place(const std::filesystem::path& path);

/// A file being written under a temporary name beside `path`. `commit` flushes it to the disk and
/// renames it; without a commit the destructor removes it and `path` stays as it was. A device or a pipe
/// (/dev/stdout) is written to directly.
class AtomicFile {
public:
    /// Creates the temporary file. Throws Error{output}.
    explicit AtomicFile(std::filesystem::path path);
    ~AtomicFile();
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;

    /// Throws Error{output}, for example if the disk is full.
    void write(std::string_view bytes);
    void write(const void* bytes, std::size_t count);
    void commit();

    /// For writers that open the file themselves by its name; call `commit` afterwards. Empty for a
    /// device or a pipe.
    [[nodiscard]] const std::filesystem::path& temporary() const { return temporary_; }

private:
    std::filesystem::path path_, temporary_;
    int descriptor_ = -1;
};

/// AtomicFile in one call.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

}  // namespace llmx

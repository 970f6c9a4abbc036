#include "core/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <llmx/error.hpp>
#include <system_error>
#include <utility>

namespace llmx {
namespace {

namespace fs = std::filesystem;

std::string why(int error) { return std::generic_category().message(error); }

[[noreturn]] void fail_output(const fs::path& path, std::string_view doing, int error) {
    const std::string_view advice =
        error == ENOSPC || error == EDQUOT ? "; free some space and try again" : "";
    throw Error(ErrorCode::output,
                fmt::format("{}: {}: {}; nothing was changed{}", path.string(), doing, why(error), advice));
}

fs::path directory_of(const fs::path& path) {
    const fs::path parent = path.parent_path();
    return parent.empty() ? fs::path(".") : parent;
}

}  // namespace

std::string read_file(const fs::path& path, std::string_view what) {
    const auto fail = [&](const std::string& reason) {
        throw Error(ErrorCode::input,
                    fmt::format("{} {}: {}; expected a readable file", what, path.string(), reason));
    };
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) fail(why(errno));
    struct Close {
        int descriptor;
        ~Close() { ::close(descriptor); }
    } close{descriptor};

    struct stat status {};
    if (::fstat(descriptor, &status) != 0) fail(why(errno));
    if (S_ISDIR(status.st_mode)) fail("is a directory");

    std::string bytes;
    if (S_ISREG(status.st_mode)) bytes.reserve(static_cast<std::size_t>(status.st_size));
    std::array<char, 1 << 16> buffer;
    for (;;) {
        const ssize_t got = ::read(descriptor, buffer.data(), buffer.size());
        if (got > 0) bytes.append(buffer.data(), static_cast<std::size_t>(got));
        if (got == 0) return bytes;
        if (got < 0 && errno != EINTR) fail(why(errno));
    }
}

void require_writable_place(const fs::path& path) {
    if (path.empty()) throw Error(ErrorCode::output, "output file: the name is empty; expected a file name");
    std::error_code error;
    const fs::path directory = directory_of(path);
    const fs::file_status status = fs::status(directory, error);
    if (status.type() == fs::file_type::not_found) {
        throw Error(ErrorCode::output, fmt::format("{}: directory {} does not exist; create it first",
                                                   path.string(), directory.string()));
    }
    if (status.type() != fs::file_type::directory) {
        const std::string reason = error ? error.message() : "not a directory";
        throw Error(ErrorCode::output, fmt::format("{}: {}: {}; expected a directory", path.string(),
                                                   directory.string(), reason));
    }
    if (fs::is_directory(path, error)) {
        throw Error(ErrorCode::output,
                    fmt::format("{}: is a directory; expected a file name", path.string()));
    }
    // Devices and pipes are written to directly, so the directory's permissions do not matter.
    if (fs::exists(path, error) && !fs::is_regular_file(path, error)) {
        if (::access(path.c_str(), W_OK) != 0) fail_output(path, "cannot open", errno);
        return;
    }
    if (::access(directory.c_str(), W_OK) != 0) {
        throw Error(ErrorCode::output,
                    fmt::format("{}: directory {}: {}; expected one that can be written to", path.string(),
                                directory.string(), why(errno)));
    }
}

AtomicFile::AtomicFile(fs::path path) : path_(std::move(path)) {
    require_writable_place(path_);
    std::error_code error;
    // Follow a link, so that its target is replaced.
    if (fs::is_symlink(path_, error)) {
        const fs::path target = fs::weakly_canonical(path_, error);
        if (!error) path_ = target;
    }
    struct stat old {};
    const bool exists = ::stat(path_.c_str(), &old) == 0;
    if (exists && !S_ISREG(old.st_mode)) {  // a device or a pipe is written to, not replaced
        descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
        if (descriptor_ < 0) fail_output(path_, "cannot open", errno);
        return;
    }
    for (int i = 0; descriptor_ < 0; ++i) {
        temporary_ = fmt::format("{}.{}-{}.tmp", path_.string(), ::getpid(), i);
        descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor_ < 0 && (errno != EEXIST || i == 1000)) {
            const int reason = errno;
            temporary_.clear();
            fail_output(path_, "cannot create a temporary file beside it", reason);
        }
    }
    if (exists) ::fchmod(descriptor_, old.st_mode & 07777);
}

AtomicFile::~AtomicFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::string_view bytes) { write(bytes.data(), bytes.size()); }

void AtomicFile::write(const void* bytes, std::size_t count) {
    const char* at = static_cast<const char*>(bytes);
    while (count > 0) {
        const ssize_t put = ::write(descriptor_, at, count);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) fail_output(path_, "cannot write", errno);
        at += put;
        count -= static_cast<std::size_t>(put);
    }
}

void AtomicFile::commit() {
    // Errors of delayed writes show up here, before the old file is replaced.
    if (!temporary_.empty() && ::fsync(descriptor_) != 0) fail_output(path_, "cannot write", errno);
    if (::close(std::exchange(descriptor_, -1)) != 0) fail_output(path_, "cannot write", errno);
    if (temporary_.empty()) return;
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
        fail_output(path_, "cannot rename to this name", errno);
    }
    temporary_.clear();
}

void write_file_atomically(const fs::path& path, std::string_view bytes) {
    AtomicFile file(path);
    file.write(bytes);
    file.commit();
}

}  // namespace llmx

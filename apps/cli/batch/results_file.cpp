// Results in one file: a journal in the order in which they are done, and the file in the requests' order.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <llmx/error.hpp>
#include <map>
#include <system_error>

#include "batch/results.hpp"
#include "core/files.hpp"

namespace llmx::cli {
namespace {

namespace fs = std::filesystem;

/// A result's line in one of the two files.
struct Entry {
    bool in_journal = false;
    std::uint64_t offset = 0, length = 0;  ///< without the newline
    ResultLine line;
};

class ResultsFile : public BatchResults {
public:
    explicit ResultsFile(const std::string& path)
        : path_(path), journal_path_(path + ".partial"), lock_(open_journal(), journal_path_) {
        try {
            remove_temporaries(fs::absolute(path_).parent_path(), {fs::path(path_).filename().string()});
            if (fs::exists(path_)) read(path_, /*in_journal=*/false);
            end_ = read(journal_path_, /*in_journal=*/true);
            if (end_ < fs::file_size(journal_path_)) cut();
        } catch (...) {
            remove_if_empty();
            throw;
        }
    }

    ~ResultsFile() override { remove_if_empty(); }

    [[nodiscard]] std::optional<Kept> kept(const BatchRequest& request) const override {
        const auto found = entries_.find(request.name);
        if (found == entries_.end()) return std::nullopt;
        return found->second.line.kept;
    }

    void add(const BatchRequest& request, const std::string& body) override {
        const std::string head = result_head(request.id, request.line.number, request.digest);
        const std::string text = head + body + "}";
        append(text + "\n");
        Entry entry{.in_journal = true, .offset = end_, .length = text.size(), .line = {}};
        entry.line.body = head.size();
        entry.line.name = request.name;
        entry.line.kept.digest = request.digest;
        entries_[request.name] = entry;
        end_ += text.size() + 1;
    }

    void finish(const std::vector<BatchRequest>& requests) override {
        if (end_ == 0 && is_final(requests, /*journal=*/false)) return;
        if (is_final(requests, /*journal=*/true)) {
            if (::rename(journal_path_.c_str(), path_.c_str()) != 0) fail("cannot rename", errno);
        } else {
            assemble(requests);
            std::error_code ignored;
            fs::remove(journal_path_, ignored);
        }
    }

    void each(const std::vector<BatchRequest>& requests,
              const std::function<void(const BatchRequest&, const std::string&)>& visit) const override {
        std::ifstream file(path_, std::ios::binary);
        std::string line;
        for (const BatchRequest& request : requests) {
            if (!std::getline(file, line))
                throw Error(ErrorCode::internal,
                            path_ + ": cannot be read again; did something else change it?");
            visit(request, line);
        }
    }

    [[nodiscard]] std::string unfinished() const override { return journal_path_; }

private:
    [[noreturn]] void fail(const char* doing, int error) const {
        throw Error(ErrorCode::output,
                    fmt::format("{}: {}: {}; its contents are kept{}", journal_path_, doing,
                                std::generic_category().message(error),
                                error == ENOSPC || error == EDQUOT || error == EFBIG
                                    ? "; free some space and run the same command again to continue"
                                    : ""));
    }

    void remove_if_empty() const {
        std::error_code error;
        if (fs::file_size(journal_path_, error) == 0 && !error) fs::remove(journal_path_, error);
    }
    void cut() const {
        if (::ftruncate(lock_.descriptor(), static_cast<off_t>(end_)) != 0) fail("cannot cut", errno);
    }

    [[nodiscard]] int open_journal() const {
        require_writable_place(path_);
        if (fs::exists(path_) && !fs::is_regular_file(path_))
            throw Error(ErrorCode::output, path_ + ": not a regular file; expected one, or a directory");
        return ::open(journal_path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    }

    /// Notes the lines of a file; later ones go before. Returns where its last whole line ends.
    std::uint64_t read(const std::string& path, bool in_journal) {
        std::ifstream file(path, std::ios::binary);
        std::string text;
        std::uint64_t offset = 0;
        for (int number = 1; std::getline(file, text); ++number) {
            const bool torn = file.eof();  // no newline
            auto line = read_result_line(text);
            if (torn && text.starts_with(R"({"id":)")) {
                notices_.push_back(path + ": its last line is incomplete; that request is run again");
                return offset;
            }
            if (!line) {
                throw Error(ErrorCode::input, fmt::format("{}: line {} is not a result of llmx batch; "
                                                          "expected a file that it wrote, or another --out",
                                                          path, number));
            }
            const std::string name = line->name;
            entries_[name] = {in_journal, offset, text.size(), std::move(*line)};
            offset += text.size() + 1;
        }
        return offset;
    }

    /// All of it, or nothing.
    void append(const std::string& text) {
        const char* at = text.data();
        std::size_t left = text.size();
        int error = 0;
        while (left > 0 && error == 0) {
            const ssize_t put = ::write(lock_.descriptor(), at, left);
            if (put < 0 && errno != EINTR) error = errno;
            if (put < 0) continue;
            at += put;
            left -= static_cast<std::size_t>(put);
        }
        if (error == 0 && ::fdatasync(lock_.descriptor()) != 0) error = errno;
        if (error == 0) return;
        // A line that is not whole would be cut by the next run anyway.
        if (::ftruncate(lock_.descriptor(), static_cast<off_t>(end_)) != 0) error = errno;
        fail("cannot write", error);
    }

    /// Whether a file is byte for byte what the requests' results in their order are.
    [[nodiscard]] bool is_final(const std::vector<BatchRequest>& requests, bool journal) const {
        const std::string& path = journal ? journal_path_ : path_;
        std::ifstream file(path, std::ios::binary);
        std::uint64_t offset = 0;
        for (const BatchRequest& request : requests) {
            const Entry& entry = entries_.at(request.name);
            const std::string head = result_head(request.id, request.line.number, request.digest);
            if (entry.in_journal != journal || entry.offset != offset || entry.line.body != head.size())
                return false;
            std::string there(head.size(), '\0');
            file.seekg(static_cast<std::streamoff>(offset));
            file.read(there.data(), static_cast<std::streamsize>(there.size()));
            if (there != head) return false;
            offset += entry.length + 1;
        }
        std::error_code error;
        return offset == fs::file_size(path, error) && !error;
    }

    void assemble(const std::vector<BatchRequest>& requests) {
        AtomicFile target(path_);
        std::ifstream journal(journal_path_, std::ios::binary);
        std::ifstream before(path_, std::ios::binary);
        for (const BatchRequest& request : requests) {
            const Entry& entry = entries_.at(request.name);
            std::ifstream& source = entry.in_journal ? journal : before;
            std::string body(entry.length - entry.line.body, '\0');
            source.seekg(static_cast<std::streamoff>(entry.offset + entry.line.body));
            if (!source.read(body.data(), static_cast<std::streamsize>(body.size()))) {
                throw Error(ErrorCode::internal,
                            fmt::format("{}: cannot be read again; did something else change it?",
                                        entry.in_journal ? journal_path_ : path_));
            }
            target.write(result_head(request.id, request.line.number, request.digest));
            target.write(body);
            target.write("\n");
        }
        target.commit();
    }

    std::string path_, journal_path_;
    Lock lock_;
    std::uint64_t end_ = 0;  ///< of the journal's whole lines
    std::map<std::string, Entry> entries_;
};

}  // namespace

std::unique_ptr<BatchResults> results_in_file(const std::string& path) {
    return std::make_unique<ResultsFile>(path);
}

}  // namespace llmx::cli

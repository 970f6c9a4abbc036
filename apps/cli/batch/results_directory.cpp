// Results in a directory: one file a request, each there only when it is whole.

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <llmx/error.hpp>
#include <map>
#include <set>

#include "batch/results.hpp"
#include "core/files.hpp"

namespace llmx::cli {
namespace {

namespace fs = std::filesystem;

class ResultsDirectory : public BatchResults {
public:
    ResultsDirectory(const std::string& path, const std::vector<BatchRequest>& requests)
        : path_(path), lock_(open_directory(), path) {
        std::set<std::string> files;
        for (const BatchRequest& request : requests) files.insert(request.name + ".json");
        remove_temporaries(path_, files);
        for (const BatchRequest& request : requests) {
            const std::string& name = request.name;
            const fs::path file = file_of(name);
            if (!fs::exists(file)) continue;
            std::string text = read_file(file, "--out");
            if (text.ends_with('\n')) text.pop_back();
            auto line = read_result_line(text);
            if (!line || line->name != name) {
                throw Error(ErrorCode::input, fmt::format("{}: not a result of llmx batch for \"{}\"; "
                                                          "expected a file that it wrote, or another --out",
                                                          file.string(), name));
            }
            found_.emplace(name, std::move(*line));
        }
    }

    [[nodiscard]] std::optional<Kept> kept(const BatchRequest& request) const override {
        const auto line = found_.find(request.name);
        if (line == found_.end()) return std::nullopt;
        return line->second.kept;
    }

    void add(const BatchRequest& request, const std::string& body) override {
        const std::string head = result_head(request.id, request.line.number, request.digest);
        write_file_atomically(file_of(request.name), head + body + "}\n");
        found_.erase(request.name);
    }

    /// A request may stand in another line than before.
    void finish(const std::vector<BatchRequest>& requests) override {
        for (const BatchRequest& request : requests) {
            const auto line = found_.find(request.name);
            if (line == found_.end()) continue;
            const std::string text = read_file(file_of(request.name), "--out");
            if (text.starts_with(result_head(request.id, request.line.number, request.digest))) continue;
            const std::size_t end = text.rfind('}');
            add(request, text.substr(line->second.body, end - line->second.body));
        }
    }

    void each(const std::vector<BatchRequest>& requests,
              const std::function<void(const BatchRequest&, const std::string&)>& visit) const override {
        for (const BatchRequest& request : requests)
            visit(request, read_file(file_of(request.name), "--out"));
    }

    [[nodiscard]] std::string unfinished() const override { return path_; }

private:
    [[nodiscard]] fs::path file_of(const std::string& name) const {
        return fs::path(path_) / (name + ".json");
    }

    [[nodiscard]] int open_directory() const {
        std::error_code error;
        if (!fs::exists(path_, error)) {
            fs::create_directory(path_, error);
            if (error) {
                throw Error(ErrorCode::output,
                            fmt::format("{}: cannot create the directory: {}", path_, error.message()));
            }
        }
        require_writable_place(fs::path(path_) / "result.json");
        return ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }

    std::string path_;
    Lock lock_;
    std::map<std::string, ResultLine> found_;  ///< from an earlier run
};

}  // namespace

std::unique_ptr<BatchResults> results_in_directory(const std::string& path,
                                                   const std::vector<BatchRequest>& requests) {
    return std::make_unique<ResultsDirectory>(path, requests);
}

}  // namespace llmx::cli

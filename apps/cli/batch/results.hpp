#pragma once
// Where the results of a batch are kept, so that an interrupted one can go on.

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "batch/requests.hpp"

namespace llmx::cli {

/// What is there of a request from an earlier run.
struct Kept {
    std::string digest;  ///< BatchRequest::digest
    bool failed = false;
    std::string model_sha256;  ///< of the model that it was computed with; empty where it failed
};

/// A result is one line of JSON: {"id", "line", "request": digest, then the keys of a result or "error"}.
class BatchResults {
public:
    virtual ~BatchResults() = default;

    /// What is there under this request's name, if anything.
    [[nodiscard]] virtual std::optional<Kept> kept(const BatchRequest& request) const = 0;
    /// Keeps a result. `body`: its keys but the first three, without the braces. It is on the disk
    /// afterwards. Throws Error{output}; what was there is then as it was.
    virtual void add(const BatchRequest& request, const std::string& body) = 0;
    /// All requests have a result: puts them in their order.
    virtual void finish(const std::vector<BatchRequest>& requests) = 0;
    /// Calls `visit` with the line of each finished request, in their order.
    virtual void each(
        const std::vector<BatchRequest>& requests,
        const std::function<void(const BatchRequest&, const std::string& line)>& visit) const = 0;
    /// Where the results of a batch that was not finished are.
    [[nodiscard]] virtual std::string unfinished() const = 0;
    /// What was found that could not be used, for the user.
    [[nodiscard]] const std::vector<std::string>& notices() const { return notices_; }

protected:
    std::vector<std::string> notices_;
};

/// One file of lines in the requests' order. Until all are there they are in `path`.partial, one after
/// another as they were done. Throws Error{output} where it cannot be written, or another batch writes to it;
/// Error{input} where it is there and holds anything else.
std::unique_ptr<BatchResults> results_in_file(const std::string& path);

/// One file for each request in a directory, which is created; errors as above.
std::unique_ptr<BatchResults> results_in_directory(const std::string& path,
                                                   const std::vector<BatchRequest>& requests);

// For the two of them:

/// The beginning of a result's line, up to its digest's comma.
std::string result_head(const nlohmann::ordered_json& id, int line, const std::string& digest);

/// A line that was read: what it is, and where its body begins.
struct ResultLine {
    Kept kept;
    std::string name;  ///< as in BatchRequest
    std::size_t body = 0;
};
/// Nothing where the text is no whole result.
std::optional<ResultLine> read_result_line(const std::string& text);

/// Removes what a program that was killed left half written of these files: FILE.PROCESS-N.tmp.
void remove_temporaries(const std::filesystem::path& directory, const std::set<std::string>& files);

/// An open file or directory that no other batch has, for as long as this lives.
class Lock {
public:
    /// `descriptor`: taken over. Throws Error{output} where another process holds it.
    Lock(int descriptor, const std::string& path);
    ~Lock();
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
    [[nodiscard]] int descriptor() const { return descriptor_; }

private:
    int descriptor_;
};

}  // namespace llmx::cli

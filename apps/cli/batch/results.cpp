#include "batch/results.hpp"

#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <llmx/error.hpp>
#include <regex>
#include <system_error>

namespace llmx::cli {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

std::string result_head(const Json& id, int line, const std::string& digest) {
    return fmt::format(R"({{"id":{},"line":{},"request":"{}",)", id.dump(), line, digest);
}

std::optional<ResultLine> read_result_line(const std::string& text) {
    // The whole line is parsed, so that it is known to be whole; of it only these keys are kept.
    const auto wanted = [](int depth, Json::parse_event_t event, Json& parsed) {
        if (event != Json::parse_event_t::key) return true;
        const std::string key = parsed.get<std::string>();
        if (depth == 1) {
            return key == "id" || key == "line" || key == "request" || key == "error" || key == "schema" ||
                   key == "model";
        }
        return key == "sha256_16";
    };
    const Json json = Json::parse(text, wanted, /*allow_exceptions=*/false);
    if (!json.is_object() || !json.contains("id") || !json.contains("line") || !json.contains("request"))
        return std::nullopt;
    const Json& id = json["id"];
    if (!json["line"].is_number_integer() || !json["request"].is_string()) return std::nullopt;
    const auto line = json["line"].get<int>();
    ResultLine found;
    found.kept.digest = json["request"].get<std::string>();
    found.kept.failed = json.contains("error");
    if (!found.kept.failed && (!json.contains("schema") || !json.contains("model"))) return std::nullopt;
    if (!found.kept.failed && json["model"].contains("sha256_16"))
        found.kept.model_sha256 = json["model"]["sha256_16"].get<std::string>();
    found.name = id.is_null()     ? fmt::format("{:06}", line)
                 : id.is_string() ? id.get<std::string>()
                                  : id.dump();
    const std::string head = result_head(id, line, found.kept.digest);
    if (!text.starts_with(head)) return std::nullopt;
    found.body = head.size();
    return found;
}

void remove_temporaries(const fs::path& directory, const std::set<std::string>& files) {
    static const std::regex form(R"((.*)\.[0-9]+-[0-9]+\.tmp)");
    std::vector<fs::path> left;
    for (const auto& entry : fs::directory_iterator(directory)) {
        std::smatch match;
        const std::string file = entry.path().filename().string();
        if (std::regex_match(file, match, form) && files.contains(match[1])) left.push_back(entry.path());
    }
    std::error_code ignored;
    for (const fs::path& file : left) fs::remove(file, ignored);
}

Lock::Lock(int descriptor, const std::string& path) : descriptor_(descriptor) {
    if (descriptor_ < 0) {
        throw Error(ErrorCode::output, fmt::format("{}: cannot open: {}; nothing was changed", path,
                                                   std::generic_category().message(errno)));
    }
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return;
    ::close(descriptor_);
    throw Error(
        ErrorCode::output,
        fmt::format("{}: another llmx batch is writing to it; wait for it, or choose another --out", path));
}

Lock::~Lock() { ::close(descriptor_); }

}  // namespace llmx::cli

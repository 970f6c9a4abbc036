// The order of the folders, read from the sources: nobody includes upwards, llama.cpp stays behind
// engine/, oneDNN behind gemm/, ICU behind unit/, and files stay short.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

constexpr int apps_rank = 11;
constexpr int longest_file = 400;  // lines

const std::map<std::string, int> ranks = {
    {"core", 0},         {"gemm", 1},      {"engine", 1},  {"checkpoint", 2}, {"tape", 3},
    {"vjp", 4},          {"objective", 5}, {"compare", 6}, {"method", 6},     {"unit", 7},
    {"faithfulness", 7}, {"task", 8},      {"view", 9},    {"explain", 10},   {"apps", apps_rank},
};

bool is_llama_cpp(const std::string& include) {
    static const std::regex names(R"((ggml[a-z0-9-]*|gguf|llama|llama-cpp|chat|common|sampling)\.h)");
    return std::regex_match(include, names);
}

bool is_onednn(const std::string& include) {
    static const std::regex names(R"((oneapi/dnnl/)?(dnnl|mkldnn)[a-z0-9_]*\.(h|hpp))");
    return std::regex_match(include, names);
}

bool is_icu(const std::string& include) { return include.starts_with("unicode/"); }

/// What is wrong with a file of `folder` including `include`; empty: nothing.
std::string offence(const std::string& folder, const std::string& include) {
    if (is_llama_cpp(include) && folder != "engine") return "llama.cpp's headers belong to engine/ alone";
    if (is_onednn(include) && folder != "gemm") return "oneDNN's headers belong to gemm/ alone";
    if (is_icu(include) && folder != "unit") return "ICU's headers belong to unit/ alone";
    const auto target = ranks.find(include.substr(0, include.find('/')));
    if (include.find('/') == std::string::npos || target == ranks.end() || target->first == folder) return {};
    if (!ranks.contains(folder)) return "folder '" + folder + "' has no rank";
    const int own = ranks.at(folder);
    if (target->second < own) return {};
    return folder + "/ has rank " + std::to_string(own) + ", " + target->first + "/ has rank " +
           std::to_string(target->second) + "; expected a lower one";
}

/// "name:line: #include ...: offence" for every wrong include of a text.
std::vector<std::string> offences(const std::string& name, const std::string& folder, std::istream& text) {
    static const std::regex form(R"(^\s*#\s*include\s*[<"]([^>"]+)[>"])");
    std::vector<std::string> found;
    std::string line;
    for (int number = 1; std::getline(text, line); ++number) {
        std::smatch match;
        if (!std::regex_search(line, match, form)) continue;
        const auto what = offence(folder, match[1]);
        if (!what.empty()) found.push_back(name + ":" + std::to_string(number) + ": " + line + ": " + what);
    }
    return found;
}

std::vector<fs::path> sources(const std::vector<std::string>& folders) {
    std::vector<fs::path> found;
    for (const auto& folder : folders) {
        const fs::path top = fs::path(LLMX_SOURCE_DIR) / folder;
        if (!fs::is_directory(top)) continue;
        for (const auto& entry : fs::recursive_directory_iterator(top)) {
            const auto extension = entry.path().extension();
            if (entry.is_regular_file() &&
                (extension == ".cpp" || extension == ".hpp" || extension == ".def"))
                found.push_back(entry.path());
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

std::string relative_name(const fs::path& path) {
    return fs::relative(path, LLMX_SOURCE_DIR).generic_string();
}

/// "engine" for src/engine/x.cpp, "apps" for everything in apps/, "include" for the public headers.
std::string folder_of(const fs::path& path) {
    const fs::path name = relative_name(path);
    const auto part = name.begin();
    return *part == "src" ? std::next(part)->string() : part->string();
}

std::vector<std::string> offences_in(const std::string& folder, const std::string& text) {
    std::istringstream stream(text);
    return offences("file.cpp", folder, stream);
}

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Ranks, LowerFolderIsAllowed) {
    EXPECT_THAT(
        offences_in("vjp", "#include <cmath>\n#include \"tape/tape.hpp\"\n#include \"vjp/rule.hpp\"\n"),
        IsEmpty());
    EXPECT_THAT(offences_in("apps", "#include \"explain/explain.hpp\"\n#include <llmx/llmx.hpp>\n"),
                IsEmpty());
    EXPECT_THAT(offences_in("engine", "#include <llama.h>\n#include \"ggml-backend.h\"\n"), IsEmpty());
    EXPECT_THAT(offences_in("gemm", "#include <dnnl.hpp>\n"), IsEmpty());
}

TEST(Ranks, OffencesAreNamedWithFileAndLine) {
    EXPECT_THAT(offences_in("tape", "\n#include \"vjp/rule.hpp\"\n"),
                ElementsAre("file.cpp:2: #include \"vjp/rule.hpp\": tape/ has rank 3, vjp/ has rank 4; "
                            "expected a lower one"));
    EXPECT_EQ(offences_in("gemm", "#include \"engine/pass.hpp\"\n").size(), 1U);
    EXPECT_EQ(offences_in("vjp", "  # include <ggml.h>\n").size(), 1U);
    EXPECT_EQ(offences_in("apps", "#include \"llama.h\"\n#include <gguf.h>\n#include <ggml-cpu.h>\n").size(),
              3U);
    EXPECT_EQ(offences_in("vjp", "#include <dnnl.hpp>\n").size(), 1U);
    EXPECT_EQ(offences_in("engine", "#include <oneapi/dnnl/dnnl.hpp>\n").size(), 1U);
    EXPECT_EQ(offences_in("task", "#include <unicode/brkiter.h>\n").size(), 1U);
    EXPECT_EQ(offences_in("include", "#include <llama.h>\n").size(), 1U);
    EXPECT_EQ(offences_in("novelty", "#include \"core/files.hpp\"\n").size(), 1U);
}

TEST(Ranks, SourcesFollowThem) {
    const auto files = sources({"src", "apps", "include"});
    ASSERT_GT(files.size(), 20U) << "sources of " << LLMX_SOURCE_DIR << " not found";
    std::vector<std::string> found;
    for (const auto& file : files) {
        std::ifstream text(file);
        const auto here = offences(relative_name(file), folder_of(file), text);
        found.insert(found.end(), here.begin(), here.end());
    }
    EXPECT_THAT(found, IsEmpty());
}

TEST(Files, AreShort) {
    std::vector<std::string> found;
    for (const auto& file : sources({"src", "apps", "include", "tests", "bench", "examples"})) {
        std::ifstream text(file);
        const auto lines = std::count(std::istreambuf_iterator<char>(text), {}, '\n');
        if (lines > longest_file)
            found.push_back(relative_name(file) + ": " + std::to_string(lines) + " lines; expected at most " +
                            std::to_string(longest_file));
    }
    EXPECT_THAT(found, IsEmpty());
}

}  // namespace

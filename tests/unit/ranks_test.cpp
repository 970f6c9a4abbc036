// The order of the folders (src/folders.txt) against the sources: nobody includes upwards, llama.cpp stays
// behind engine/, oneDNN behind gemm/, ICU behind text/ and unit/, CLI11 behind apps/cli/, and files stay
// short.

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

constexpr int longest_file = 400;  // lines

std::string trimmed(const std::string& text) {
    const std::size_t first = text.find_first_not_of(' ');
    return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

/// A line of src/folders.txt.
struct Folder {
    std::string name;
    std::vector<std::string> lower;  ///< that it may include
    std::string text;
};

std::vector<Folder> listed_folders() {
    std::ifstream list(fs::path(LLMX_SOURCE_DIR) / "src/folders.txt");
    std::vector<Folder> folders;
    for (std::string line; std::getline(list, line);) {
        const std::size_t first = line.find('|');
        if (line.starts_with('#') || first == std::string::npos) continue;
        const std::size_t second = line.find('|', first + 1);
        std::istringstream lower(line.substr(first + 1, second - first - 1));
        folders.push_back({trimmed(line.substr(0, first)),
                           {std::istream_iterator<std::string>(lower), {}},
                           trimmed(line.substr(second + 1))});
    }
    return folders;
}

const std::vector<Folder>& folders() {
    static const std::vector<Folder> all = listed_folders();
    return all;
}

bool is_below(const std::string& path, const std::string& folder) { return path.starts_with(folder + "/"); }

/// The listed folder that holds a path such as "engine/pass/pass.hpp": the longest that fits, or null.
const Folder* folder_holding(const std::string& path) {
    const Folder* found = nullptr;
    for (const Folder& folder : folders()) {
        if (is_below(path, folder.name) && (found == nullptr || is_below(folder.name, found->name)))
            found = &folder;
    }
    return found;
}

bool may_include(const Folder& own, const std::string& target) {
    if (target == own.name || is_below(own.name, target)) return true;
    return std::any_of(own.lower.begin(), own.lower.end(),
                       [&](const std::string& lower) { return target == lower || is_below(target, lower); });
}

bool is_src(const std::string& file) { return file.starts_with("src/"); }

bool is_llama_cpp(const std::string& include) {
    static const std::regex names(R"((ggml[a-z0-9-]*|gguf|llama|llama-cpp|chat|common|sampling)\.h)");
    return std::regex_match(include, names);
}

bool is_onednn(const std::string& include) {
    static const std::regex names(R"((oneapi/dnnl/)?(dnnl|mkldnn)[a-z0-9_]*\.(h|hpp))");
    return std::regex_match(include, names);
}

bool is_icu(const std::string& include) { return include.starts_with("unicode/"); }
bool is_cli11(const std::string& include) { return include.starts_with("CLI/"); }

/// What is wrong with a file ("src/vjp/plan.cpp") including `include`; empty: nothing.
std::string offence(const std::string& file, const std::string& include) {
    if (is_llama_cpp(include) && !file.starts_with("src/engine/"))
        return "llama.cpp's headers belong to engine/ alone";
    if (is_onednn(include) && !file.starts_with("src/gemm/")) return "oneDNN's headers belong to gemm/ alone";
    if (is_icu(include) && !file.starts_with("src/unit/") && !file.starts_with("src/text/"))
        return "ICU's headers belong to text/ and unit/ alone";
    if (is_cli11(include) && !file.starts_with("apps/cli/"))
        return "CLI11's headers belong to apps/cli/ alone";
    const Folder* const target = folder_holding(include);
    if (target == nullptr || file.starts_with("apps/") || file.starts_with("python/")) return {};
    const Folder* const own = is_src(file) ? folder_holding(file.substr(4)) : nullptr;
    if (own == nullptr) return file + ": its folder is not in src/folders.txt";
    if (may_include(*own, target->name)) return {};
    return fmt::format("{}/ may not include {}/; expected one of {}", own->name, target->name,
                       fmt::join(own->lower, ", "));
}

/// "name:line: #include ...: offence" for every wrong include of a text.
std::vector<std::string> offences(const std::string& name, std::istream& text) {
    static const std::regex form(R"(^\s*#\s*include\s*[<"]([^>"]+)[>"])");
    std::vector<std::string> found;
    std::string line;
    for (int number = 1; std::getline(text, line); ++number) {
        std::smatch match;
        if (!std::regex_search(line, match, form)) continue;
        const auto what = offence(name, match[1]);
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

std::vector<std::string> offences_in(const std::string& folder, const std::string& text) {
    std::istringstream stream(text);
    return offences(folder + "/file.cpp", stream);
}

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Ranks, LowerFolderIsAllowed) {
    EXPECT_THAT(offences_in("src/vjp",
                            "#include <cmath>\n#include \"tape/tape.hpp\"\n"
                            "#include \"vjp/rule.hpp\"\n#include \"engine/pass/graph.hpp\"\n"),
                IsEmpty());
    EXPECT_THAT(offences_in("apps/cli", "#include \"explain/explain.hpp\"\n#include <llmx/llmx.hpp>\n"),
                IsEmpty());
    EXPECT_THAT(offences_in("src/engine/pass",
                            "#include <llama.h>\n#include \"ggml-backend.h\"\n"
                            "#include \"engine/llama_guard.hpp\"\n"),
                IsEmpty());
    EXPECT_THAT(offences_in("src/gemm", "#include <dnnl.hpp>\n"), IsEmpty());
}

TEST(Ranks, OffencesAreNamedWithFileAndLine) {
    EXPECT_THAT(offences_in("src/tape", "\n#include \"vjp/rule.hpp\"\n"),
                ElementsAre("src/tape/file.cpp:2: #include \"vjp/rule.hpp\": tape/ may not include vjp/; "
                            "expected one of core, engine"));
    EXPECT_EQ(offences_in("src/gemm", "#include \"engine/pass/pass.hpp\"\n").size(), 1U);
    EXPECT_EQ(offences_in("src/engine/model", "#include \"engine/pass/pass.hpp\"\n").size(), 1U);
    EXPECT_EQ(offences_in("src/method", "#include \"method/game/coalitions.hpp\"\n").size(), 1U);
    EXPECT_EQ(offences_in("src/vjp", "  # include <ggml.h>\n").size(), 1U);
    EXPECT_EQ(
        offences_in("apps/cli", "#include \"llama.h\"\n#include <gguf.h>\n#include <ggml-cpu.h>\n").size(),
        3U);
    EXPECT_EQ(offences_in("src/vjp", "#include <dnnl.hpp>\n").size(), 1U);
    EXPECT_EQ(offences_in("src/engine", "#include <oneapi/dnnl/dnnl.hpp>\n").size(), 1U);
    EXPECT_EQ(offences_in("src/task", "#include <unicode/brkiter.h>\n").size(), 1U);
    EXPECT_EQ(offences_in("apps/serve", "#include <CLI/CLI.hpp>\n").size(), 1U);
    EXPECT_EQ(offences_in("python/src", "#include <CLI/CLI.hpp>\n").size(), 1U);
    EXPECT_EQ(offences_in("include/llmx", "#include <llama.h>\n").size(), 1U);
    EXPECT_EQ(offences_in("include/llmx", "#include \"core/files.hpp\"\n").size(), 1U);
    EXPECT_EQ(offences_in("src/novelty", "#include \"core/files.hpp\"\n").size(), 1U);
}

TEST(Ranks, EveryFolderIsListedBelowWhatItIncludes) {
    ASSERT_GT(folders().size(), 10U);
    std::vector<std::string> before;
    for (const Folder& folder : folders()) {
        for (const std::string& lower : folder.lower)
            EXPECT_THAT(before, testing::Contains(lower)) << folder.name << " comes before it";
        before.push_back(folder.name);
    }
}

TEST(Ranks, ArchitectureShowsTheList) {
    std::ifstream file(fs::path(LLMX_SOURCE_DIR) / "ARCHITECTURE.md");
    const std::string page((std::istreambuf_iterator<char>(file)), {});
    std::string rows;
    for (const Folder& folder : folders())
        rows += fmt::format("| `src/{}/` | {} |\n", folder.name, folder.text);
    EXPECT_NE(page.find(rows), std::string::npos) << "the table of folders in ARCHITECTURE.md should be\n"
                                                  << rows;
}

TEST(Ranks, SourcesFollowThem) {
    const auto files = sources({"src", "apps", "python", "include"});
    ASSERT_GT(files.size(), 20U) << "sources of " << LLMX_SOURCE_DIR << " not found";
    std::vector<std::string> found;
    for (const auto& file : files) {
        std::ifstream text(file);
        const auto here = offences(relative_name(file), text);
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

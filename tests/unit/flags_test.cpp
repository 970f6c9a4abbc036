// The library names keys of a request, as JSON and Python have them; flags are the command line's. So no
// string of src/ and include/ has a flag in it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;

/// The string literals of C++ or JavaScript. Only what tells them from comments and characters is read.
class Literals {
public:
    Literals(std::string_view source, bool javascript) : source_(source), javascript_(javascript) {}

    std::vector<std::string_view> read() {
        while (at_ < source_.size()) {
            const std::string_view rest = source_.substr(at_);
            if (rest.starts_with("//")) {
                at_ = after("\n", at_);
            } else if (rest.starts_with("/*")) {
                at_ = after("*/", at_ + 2);
            } else if (!javascript_ && rest.starts_with("R\"")) {
                raw();
            } else if (opens(rest.front())) {
                quoted(rest.front());
            } else {
                ++at_;
            }
        }
        return std::move(found_);
    }

private:
    [[nodiscard]] std::size_t after(std::string_view what, std::size_t from) const {
        const std::size_t at = source_.find(what, from);
        return at == std::string_view::npos ? source_.size() : at + what.size();
    }

    /// In C++ a single quote opens a character or separates the digits of a number.
    [[nodiscard]] bool opens(char c) const {
        if (c == '"' || (javascript_ && c == '`')) return true;
        return c == '\'' && (at_ == 0 || std::isalnum(static_cast<unsigned char>(source_[at_ - 1])) == 0);
    }

    void raw() {
        const std::size_t open = source_.find('(', at_);
        const std::string end = ")" + std::string(source_.substr(at_ + 2, open - at_ - 2)) + "\"";
        add(open + 1, source_.find(end, open));
        at_ = after(end, open);
    }

    void quoted(char quote) {
        std::size_t end = at_ + 1;
        while (end < source_.size() && source_[end] != quote && (source_[end] != '\n' || quote == '`'))
            end += source_[end] == '\\' ? 2U : 1U;
        add(at_ + 1, end);
        at_ = end + 1;
    }

    void add(std::size_t first, std::size_t last) { found_.push_back(source_.substr(first, last - first)); }

    std::string_view source_;
    bool javascript_;
    std::size_t at_ = 0;
    std::vector<std::string_view> found_;
};

/// Has a flag such as --top-k; custom properties of CSS, var(--ink), look alike.
bool has_flag(std::string_view text) {
    for (std::size_t at = text.find("--"); at != std::string_view::npos; at = text.find("--", at + 1)) {
        const bool begins = at == 0 || (text[at - 1] != '-' && !text.substr(0, at).ends_with("var("));
        if (begins && at + 2 < text.size() && std::islower(static_cast<unsigned char>(text[at + 2])) != 0)
            return true;
    }
    return false;
}

/// "name:line: literal" for each literal with a flag.
std::vector<std::string> flags_in(const std::string& name, std::string_view source) {
    std::vector<std::string> found;
    for (const std::string_view literal : Literals(source, name.ends_with(".js")).read()) {
        if (!has_flag(literal)) continue;
        const auto line = 1 + std::count(source.data(), literal.data(), '\n');
        found.push_back(name + ":" + std::to_string(line) + ": " + std::string(literal));
    }
    return found;
}

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Flags, AreFoundInLiterals) {
    EXPECT_THAT(flags_in("a.cpp", "f(\"first\");\nf(\"try --top-k 5\");"),
                ElementsAre("a.cpp:2: try --top-k 5"));
    EXPECT_THAT(flags_in("a.cpp", "f(R\"x(\"--top-k)x\");"), ElementsAre("a.cpp:1: \"--top-k"));
    EXPECT_THAT(flags_in("a.cpp", "f('\"', 1'000, \"(--top-k)\");"), ElementsAre("a.cpp:1: (--top-k)"));
    EXPECT_THAT(flags_in("a.js", "f(`a\n\"--top-k`);"), ElementsAre("a.js:1: a\n\"--top-k"));
}

TEST(Flags, CodeCommentsAndColoursHaveNone) {
    EXPECT_THAT(flags_in("a.cpp", "--i; // \"--top-k\"\n/* \"--top-k\" */ f(\"`top_k`: a -- b, ---x\");"),
                IsEmpty());
    EXPECT_THAT(flags_in("a.js", "--i; f(\"var(--ink)\"); --j; f('');"), IsEmpty());
}

TEST(Flags, TheLibraryNamesKeys) {
    std::vector<std::string> found;
    int files = 0;
    for (const char* folder : {"src", "include"}) {
        for (const auto& entry : fs::recursive_directory_iterator(fs::path(LLMX_SOURCE_DIR) / folder)) {
            const std::string extension = entry.path().extension();
            if (extension != ".cpp" && extension != ".hpp" && extension != ".js") continue;
            ++files;
            std::ifstream stream(entry.path());
            const std::string source(std::istreambuf_iterator<char>(stream), {});
            const auto here = flags_in(fs::relative(entry.path(), LLMX_SOURCE_DIR).generic_string(), source);
            found.insert(found.end(), here.begin(), here.end());
        }
    }
    EXPECT_GT(files, 200);
    EXPECT_THAT(found, IsEmpty());
}

}  // namespace

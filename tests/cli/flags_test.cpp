// Every key of a request (docs/options.md, which a test of its own keeps current) is a flag.

#include <gtest/gtest.h>

#include <fstream>
#include <regex>

#include "program.hpp"
#include "support/temporary.hpp"

namespace llmx::test {
namespace {

struct Key {
    std::string flag;
    bool has_file = false;
};

std::vector<Key> keys() {
    std::ifstream page(std::string(LLMX_SOURCE_DIR) + "/docs/options.md");
    const std::regex row(R"(^\| `(\w+)` \|.*)");
    std::vector<Key> all;
    for (std::string line; std::getline(page, line);) {
        std::smatch match;
        if (!std::regex_match(line, match, row)) continue;
        std::string flag = "--" + match[1].str();
        std::replace(flag.begin(), flag.end(), '_', '-');
        all.push_back({flag, line.find("*file*") != std::string::npos});
    }
    return all;
}

TEST(Flags, EveryKeyIsOne) {
    ASSERT_GT(keys().size(), 80U);
    for (const char* command : {"explain", "evaluate", "drift", "batch"}) {
        const Outcome help = llmx({command, "--help"});
        EXPECT_EQ(help.code, 0) << help.err;
        for (const auto& [key, has_file] : keys()) {
            const std::string flag = key == "--documents" ? "--document" : key;  // one file each
            const std::regex listed("\n +" + flag + "[ \n]");
            EXPECT_TRUE(std::regex_search(help.out, listed)) << command << " has no " << flag;
            const std::regex file("\n +" + flag + "-file FILE");
            EXPECT_EQ(std::regex_search(help.out, file), has_file) << command << " " << flag << "-file";
        }
    }
}

TEST(Flags, AMessagesKeysAreFlags) {
    const Outcome run = llmx({"explain", "--model", golden("llama-tiny.gguf"), "--prompt-ids", "5,6,7",
                              "--answer-ids", "8", "--method", "saliency", "--steps", "3"});
    expect_failure(run, 2, {"--steps: no method of the request has it"});
    EXPECT_EQ(run.err.find('`'), std::string::npos) << run.err;
}

TEST(Flags, ALinesFalseOverridesAFlag) {
    const TemporaryDirectory directory;
    spill(directory / "r.jsonl", R"({"prompt_ids": [5, 6], "answer_ids": [7]})"
                                 "\n"
                                 R"({"prompt_ids": [5, 6], "answer_ids": [7], "per_token": false})");
    const Outcome run =
        llmx({"batch", directory / "r.jsonl", "--model", golden("llama-tiny.gguf"), "--per-token", "--method",
              "saliency", "--out", directory / "o.jsonl", "--quiet"});
    ASSERT_EQ(run.code, 0) << run.err;
    std::ifstream lines(directory / "o.jsonl");
    std::string first, second;
    std::getline(lines, first);
    std::getline(lines, second);
    EXPECT_EQ(nlohmann::json::parse(first)["command"]["per_token"], true);
    EXPECT_EQ(nlohmann::json::parse(second)["command"]["per_token"], false);
}

}  // namespace
}  // namespace llmx::test

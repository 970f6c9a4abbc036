// A tokenizer that a directory describes in several files: each of them alone gives the same ids.

#include <gtest/gtest.h>

#include <fstream>
#include <llmx/model.hpp>
#include <nlohmann/json.hpp>

#include "support/data.hpp"
#include "support/temporary.hpp"

namespace llmx {
namespace {

namespace fs = std::filesystem;

struct Alternative {
    const char* family;
    const char* without;  ///< the file that is taken away
};
void PrintTo(const Alternative& alternative, std::ostream* out) {
    *out << alternative.family << " without " << alternative.without;
}

class TokenizerFile : public testing::TestWithParam<Alternative> {};

TEST_P(TokenizerFile, AloneGivesTheSameIds) {
    const fs::path good = test::data_file(GetParam().family, "-tiny");
    const test::TemporaryDirectory dir;
    for (const auto& entry : fs::directory_iterator(good)) {
        fs::copy_file(entry.path(), dir / entry.path().filename().string());
    }
    ASSERT_TRUE(fs::remove(dir / GetParam().without));
    const Model model = Model::load(dir.path()), whole = Model::load(good);
    std::ifstream file(good / "tokenization.json");
    const nlohmann::json rows = nlohmann::json::parse(file).at("rows");
    ASSERT_FALSE(rows.empty());
    for (const auto& row : rows) {
        const std::string text = row.at("text");
        const Tokens ids = row.at("ids");
        EXPECT_EQ(model.tokenize(text, false, true), ids) << text;
        EXPECT_EQ(model.tokenize_prompt(text), whole.tokenize_prompt(text)) << text;
        EXPECT_EQ(model.detokenize(ids), whole.detokenize(ids)) << text;
    }
}

INSTANTIATE_TEST_SUITE_P(
    Files, TokenizerFile,
    testing::Values(Alternative{"gemma2", "tokenizer.model"}, Alternative{"phi3", "tokenizer.model"},
                    Alternative{"t5gated", "spiece.model"}, Alternative{"t5gated", "tokenizer.json"},
                    Alternative{"bertqa", "tokenizer.json"}, Alternative{"bertqa", "vocab.txt"},
                    Alternative{"distilbertqa", "tokenizer.json"}));

}  // namespace
}  // namespace llmx

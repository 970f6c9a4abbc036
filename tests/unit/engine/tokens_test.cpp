#include <gtest/gtest.h>

#include <fstream>
#include <llmx/model.hpp>
#include <nlohmann/json.hpp>

#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "text/utf8.hpp"

namespace llmx {
namespace {

using test::expect_error;

std::string without_spaces(std::string text) {
    std::erase(text, ' ');
    return text;
}

class Tokenization : public testing::TestWithParam<const char*> {};

// Ids and text of ten rows as the Hugging Face tokenizer of the same checkpoint gives them.
TEST_P(Tokenization, AgreesWithHuggingFace) {
    const std::string family = GetParam();
    const Model model = Model::load(test::data_file(family, "-tiny.gguf"));
    std::ifstream file(test::data_file(family, "-tiny/tokenization.json"));
    const nlohmann::json rows = nlohmann::json::parse(file).at("rows");
    ASSERT_EQ(rows.size(), 10u);
    for (const auto& row : rows) {
        const std::string text = row.at("text");
        const Tokens ids = row.at("ids"), with_special = row.at("ids_with_special");
        EXPECT_EQ(model.tokenize(text), ids) << text;
        EXPECT_EQ(model.tokenize(text, /*add_special=*/true), with_special) << text;
        EXPECT_EQ(model.tokenize_prompt(text), with_special) << text;
        const std::string decoded = row.at("decoded");
        if (family == "bertqa") {  // llama.cpp sets spaces around punctuation otherwise
            EXPECT_EQ(without_spaces(model.detokenize(ids)), without_spaces(decoded)) << text;
        } else {
            EXPECT_EQ(model.detokenize(ids), decoded) << text;
        }
    }
}
INSTANTIATE_TEST_SUITE_P(Families, Tokenization,
                         testing::Values("llama", "qwen2", "qwen3", "gemma3", "gpt2", "mixtral", "bertqa",
                                         "t5"));

TEST(Tokens, PiecesJoinToTheText) {
    const Model model = Model::load(test::data_file("llama-tiny.gguf"));
    const std::string text = "naïve 价格 🚀 x";
    std::string joined;
    bool split = false;
    for (const Token id : model.tokenize(text)) {
        const std::string bytes = model.token_bytes(id);
        split = split || !utf8::is_valid(bytes);
        joined += bytes;
    }
    EXPECT_EQ(joined, text);
    EXPECT_TRUE(split) << "the text was meant to have characters of several tokens";
}

TEST(Tokens, IncompleteCharactersAreReplaced) {
    const Model model = Model::load(test::data_file("llama-tiny.gguf"));
    Tokens ids = model.tokenize("ab🚀");
    ids.pop_back();
    EXPECT_EQ(model.detokenize(ids), "ab\xEF\xBF\xBD");
    EXPECT_EQ(model.detokenize({}), "");
}

TEST(Tokens, BadInput) {
    const Model model = Model::load(test::data_file("llama-tiny.gguf"));
    expect_error(ErrorCode::input, {"UTF-8", "offset 1"}, [&] { (void)model.tokenize("a\xFF"); });
    const Tokens ids = {1, 384};
    expect_error(ErrorCode::input, {"384", "position 1", "0 to 383"}, [&] { (void)model.detokenize(ids); });
    expect_error(ErrorCode::input, {"-1", "0 to 383"}, [&] { (void)model.token_bytes(-1); });
}

TEST(Tokens, NulAndLongTexts) {
    const Model model = Model::load(test::data_file("llama-tiny.gguf"));
    EXPECT_EQ(model.detokenize(model.tokenize(std::string("a\0b", 3))).size(), 3u);
    const std::string text(300000, 'x');
    EXPECT_EQ(model.detokenize(model.tokenize(text)), text);
}

}  // namespace
}  // namespace llmx

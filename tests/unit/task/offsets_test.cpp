// From tokens to characters.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/golden_file.hpp"
#include "task/extractive/offsets.hpp"
#include "task/extractive/windows.hpp"

namespace llmx::task {
namespace {

/// The texts that the tokens of `text` stand for.
std::vector<std::string> parts(const Model& model, const std::string& text) {
    std::vector<std::string> cuts;
    const AlignedText aligned = align(text, tokenizer_of(model));
    EXPECT_EQ(aligned.ids, model.tokenize(text));
    for (const Characters& c : aligned.characters) {
        cuts.push_back(c.first == c.last ? "" : part(text, c, "text"));  // a token that is a space only
    }
    return cuts;
}

using testing::ElementsAre;

TEST(Offsets, OfTheGoldenPair) {
    const Model model = Model::load(test::data_file("bertqa-tiny.gguf"));
    const test::GoldenFile golden(test::data_file("bertqa-tiny.golden.gguf"));
    const auto expected = golden.ids("offsets");
    const Tokenizer tokenizer = tokenizer_of(model);
    const AlignedText question = align(golden.text("golden.question"), tokenizer);
    const AlignedText context = align(golden.text("golden.context"), tokenizer);
    const Pair pair =
        make_pair(pair_format(model), question.ids, context.ids, {0, static_cast<int>(context.ids.size())});
    EXPECT_EQ(pair.ids, golden.ids("ids"));
    EXPECT_EQ(pair.types, golden.ids("token_type_ids"));

    std::vector<Characters> all(pair.ids.size());
    std::copy(question.characters.begin(), question.characters.end(), all.begin() + pair.question);
    std::copy(context.characters.begin(), context.characters.end(), all.begin() + pair.context);
    for (std::size_t i = 0; i < all.size(); ++i) {
        EXPECT_EQ(all[i].first, expected[2 * i]) << i;
        EXPECT_EQ(all[i].last, expected[2 * i + 1]) << i;
    }
}

TEST(Offsets, WordPieceLosesCaseAndAccents) {
    const Model model = Model::load(test::data_file("bertqa-tiny.gguf"));
    // "é" as one character and as "e" with a combining accent
    EXPECT_THAT(parts(model, "The CAFÉ"), ElementsAre("The", "C", "A", "F", "É"));
    EXPECT_THAT(parts(model, "cafe\xCC\x81 the"), ElementsAre("c", "a", "f", "e", "the"));
    EXPECT_THAT(parts(model, "the, \xE2\x80\x94 the"), ElementsAre("the", ",", "\xE2\x80\x94", "the"));
    // unknown as a whole: the emoji, and a word that ends with one
    EXPECT_THAT(parts(model, "the \xF0\x9F\x9A\x80 the"), ElementsAre("the", "\xF0\x9F\x9A\x80", "the"));
    EXPECT_THAT(parts(model, "the the\xF0\x9F\x9A\x80"), ElementsAre("the", "the\xF0\x9F\x9A\x80"));
    EXPECT_THAT(parts(model, " \t the\n"), ElementsAre("the"));
    EXPECT_THAT(parts(model, ""), ElementsAre());
}

TEST(Offsets, ByteLevelTokensShareACharacter) {
    const Model model = Model::load(test::data_file("gpt2-tiny.gguf"));
    const std::string text = "The \xF0\x9F\x9A\x80";
    const std::vector<std::string> all = parts(model, text);
    ASSERT_GE(all.size(), 3U);
    EXPECT_EQ(all.back(), "\xF0\x9F\x9A\x80");
    EXPECT_EQ(all[all.size() - 2], "\xF0\x9F\x9A\x80");
    for (const std::string& part : parts(model, "two  words and more")) EXPECT_FALSE(part.starts_with(' '));
}

TEST(Offsets, EveryTextOfTheTokenisationFileCanBeAligned) {
    const Model model = Model::load(test::data_file("bertqa-tiny.gguf"));
    for (const char* text :
         {"naïve café — “quotes” … 価格は¥1,234です 🚀👩‍🚀",
          "a_b-c/d\\e{f}[g](h)<i>", "don't we've I'LL", "def f(x):\n    return x**2 + 1  # square\n"}) {
        const std::vector<std::string> all = parts(model, text);
        // nothing but spaces, dropped characters and nothing twice: in order, they are the text
        std::string left = text;
        for (const std::string& part : all) {
            const std::size_t at = left.find(part);
            ASSERT_NE(at, std::string::npos) << part;
            EXPECT_EQ(left.substr(0, at).find_first_not_of(" \n"), std::string::npos) << left;
            left.erase(0, at + part.size());
        }
    }
}

TEST(Offsets, ATokenizerThatReordersIsRefused) {
    const Tokenizer backwards{[](std::string_view text) { return Tokens(text.rbegin(), text.rend()); },
                              [](Token id) { return std::string(1, static_cast<char>(id)); }};
    test::expect_error(ErrorCode::unsupported, {"offsets", "WordPiece"},
                       [&] { (void)align("ab cd", backwards); });
}

TEST(Offsets, PartsAndWhereTheyAre) {
    const std::string text = "caf\xC3\xA9 \xF0\x9F\x9A\x80 caf\xC3\xA9";
    EXPECT_EQ(part(text, {3, 6}, "x"), "\xC3\xA9 \xF0\x9F\x9A\x80");
    EXPECT_EQ(place_of(text, "\xC3\xA9", "x"), (Characters{3, 4}));
    EXPECT_EQ(place_of(text, " caf", "x"), (Characters{6, 10}));
    test::expect_error(ErrorCode::input, {"`label`", "tea", "context"},
                       [&] { (void)place_of(text, "tea", "label"); });
    for (const Characters wrong : {Characters{-1, 2}, {2, 2}, {3, 12}}) {
        test::expect_error(ErrorCode::input, {"`label_span`", "11"},
                           [&] { (void)part(text, wrong, "label_span"); });
    }
}

TEST(Offsets, IdsAreSpelledOut) {
    const Model model = Model::load(test::data_file("bertqa-tiny.gguf"));
    const SpelledText spelled = spell(model.tokenize("Install the toolkit"), tokenizer_of(model));
    EXPECT_EQ(spelled.text, "install the toolkit");
    std::string joined;
    for (const Characters& c : spelled.characters) joined += part(spelled.text, c, "text");
    EXPECT_EQ(joined, "installthetoolkit");
}

}  // namespace
}  // namespace llmx::task

// Tokens in words, sentences, lines, messages and the like, in many scripts and with tokens that end
// anywhere.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "support/expect_error.hpp"
#include "text/utf8.hpp"
#include "unit/split.hpp"

namespace llmx {
namespace {

using test::expect_error;
using testing::ElementsAre;
using unit::Text;

/// All of it a prompt; tokens such as "<s>" are special.
Text text_of(std::vector<std::string> tokens, std::vector<UnitChoice::Part> parts = {}) {
    Text text;
    text.tokens = std::move(tokens);
    text.parts = std::move(parts);
    for (const std::string& token : text.tokens)
        text.special.push_back(token.starts_with("<") && token.ends_with(">"));
    text.prompt = static_cast<int>(text.tokens.size());
    return text;
}

std::vector<std::string> bytes_of(const std::string& text) {
    std::vector<std::string> tokens;
    for (const char byte : text) tokens.emplace_back(1, byte);
    return tokens;
}

std::vector<std::string> characters_of(const std::string& text) {
    const auto begins = utf8::character_offsets(text);
    std::vector<std::string> tokens;
    for (std::size_t i = 0; i + 1 < begins.size(); ++i)
        tokens.push_back(text.substr(begins[i], begins[i + 1] - begins[i]));
    return tokens;
}

std::vector<std::string> texts(const Text& text, const UnitChoice& choice) {
    std::vector<std::string> result;
    for (const Unit& unit : unit::split(text, choice)) result.push_back(unit.text);
    return result;
}

/// "kind|text"
std::vector<std::string> labelled(const Text& text, const UnitChoice& choice) {
    std::vector<std::string> result;
    for (const Unit& unit : unit::split(text, choice)) result.push_back(unit.kind + "|" + unit.text);
    return result;
}

TEST(Units, TokensStayAsTheyAre) {
    const Text text = text_of({"<s>", " a", "\xF0\x9F", "\x9A\x80"});
    const auto units = unit::split(text, {});
    ASSERT_EQ(units.size(), 4U);
    EXPECT_EQ(units[1].text, " a");
    EXPECT_EQ(units[2].text, "\xEF\xBF\xBD");
    EXPECT_THAT(units[3].tokens, ElementsAre(3));
    EXPECT_EQ(units[0].kind, "token");
    EXPECT_THAT(texts(text, {.fixed = FixedTokens::special}),
                ElementsAre(" a", "\xEF\xBF\xBD", "\xEF\xBF\xBD\xEF\xBF\xBD"));
}

TEST(Units, WordsTakeTheSpaceOfTheirTokens) {
    EXPECT_THAT(texts(text_of({"The", " cat", "'s", " wh", "isk", "ers", ",", " 3", ".", "5", " cm", "."}),
                      {.kind = UnitKind::word}),
                ElementsAre("The", " cat's", " whiskers", ",", " 3.5", " cm", "."));
    // A token that reaches over several words joins them; white space alone goes to what is before it.
    EXPECT_THAT(texts(text_of({" of the", " day", " ", "\n", "it ", "is"}), {.kind = UnitKind::word}),
                ElementsAre(" of the", " day \n", "it ", "is"));
    EXPECT_THAT(texts(text_of({"\n", "\t", "a", "bc d", "e"}), {.kind = UnitKind::word}),
                ElementsAre("\n\tabc de"));
    EXPECT_THAT(texts(text_of({" ", "\n"}), {.kind = UnitKind::word}), ElementsAre(" \n"));
    EXPECT_THAT(texts(text_of({}), {.kind = UnitKind::word}), ElementsAre());
    EXPECT_THAT(texts(text_of({"", "a", "", " b"}), {.kind = UnitKind::word}), ElementsAre("a", " b"));
}

TEST(Units, WordsOfScriptsWithoutSpaces) {
    EXPECT_THAT(texts(text_of(characters_of("我喜欢北京大学。")), {.kind = UnitKind::word}),
                ElementsAre("我", "喜欢", "北京", "大学", "。"));
    EXPECT_THAT(texts(text_of(bytes_of("東京タワーに行きました")), {.kind = UnitKind::word}),
                ElementsAre("東京タワー", "に", "行き", "ま", "した"));
    EXPECT_THAT(texts(text_of(bytes_of("สวัสดีครับ")), {.kind = UnitKind::word}), ElementsAre("สวัสดี", "ครับ"));
    EXPECT_THAT(texts(text_of(characters_of("한국어 텍스트")), {.kind = UnitKind::word}),
                ElementsAre("한국어 ", "텍스트"));
}

TEST(Units, CharactersAreNeverParted) {
    const std::string family = "👩‍👩‍👧";  // three people and two joiners: one word
    EXPECT_THAT(texts(text_of(bytes_of("ok " + family + " cafe\u0301s")), {.kind = UnitKind::word}),
                ElementsAre("ok ", family + " ", "cafe\u0301s"));
    // The second token ends "one" and begins the rocket: they belong together.
    const Text joined = text_of({"o", "ne\xF0\x9F", "\x9A\x80", " two"});
    EXPECT_THAT(texts(joined, {.kind = UnitKind::word}), ElementsAre("one🚀", " two"));
    // ... also where a pattern or the end of a message would part them.
    EXPECT_THAT(labelled(joined, {.kind = UnitKind::regex, .pattern = "one"}),
                ElementsAre("regex|one🚀", "rest| two"));
    const Text part = text_of(joined.tokens, {{0, 3, "user"}});
    EXPECT_THAT(labelled(part, {.kind = UnitKind::turn}), ElementsAre("user|one🚀", "template| two"));
    // Bytes that are no character stay apart.
    EXPECT_THAT(texts(text_of({"a", " \xFF", "\xFF"}), {.kind = UnitKind::word}),
                ElementsAre("a", " \xEF\xBF\xBD", "\xEF\xBF\xBD"));
}

TEST(Units, Sentences) {
    EXPECT_THAT(
        texts(text_of(characters_of("Dr. Smith paid $3.50, e.g. for tea. Was it good? \"Yes!\" he said.")),
              {.kind = UnitKind::sentence}),
        ElementsAre("Dr. Smith paid $3.50, e.g. for tea. ", "Was it good? ", "\"Yes!\" ", "he said."));
    EXPECT_THAT(texts(text_of(bytes_of("我来了。你呢？很好！")), {.kind = UnitKind::sentence}),
                ElementsAre("我来了。", "你呢？", "很好！"));
    EXPECT_THAT(texts(text_of({"One", ".", " Two", ".", "\n\n", "Three"}), {.kind = UnitKind::sentence}),
                ElementsAre("One.", " Two.\n\n", "Three"));
}

TEST(Units, LinesAndParagraphs) {
    const Text text = text_of(characters_of("a b\r\nc\n\n \t\nd\u2028e\r\n\r\nf\n"));
    EXPECT_THAT(texts(text, {.kind = UnitKind::line}),
                ElementsAre("a b\r\n", "c\n\n \t\n", "d\u2028", "e\r\n\r\n", "f\n"));
    EXPECT_THAT(texts(text, {.kind = UnitKind::paragraph}),
                ElementsAre("a b\r\nc\n\n \t\n", "d\u2028e\r\n\r\n", "f\n"));
    EXPECT_THAT(texts(text_of({"\n", "x", ".\n\n", "y"}), {.kind = UnitKind::paragraph}),
                ElementsAre("\nx.\n\n", "y"));
}

TEST(Units, ControlTokensAreBoundaries) {
    const Text text = text_of({"<s>", "one", " tw", "<x>", "o", ".", "<x>", "\n", "<x>"});
    EXPECT_THAT(labelled(text, {.kind = UnitKind::sentence}),
                ElementsAre("special|<s>", "sentence|one tw", "special|<x>", "sentence|o.", "special|<x>",
                            "sentence|\n", "special|<x>"));
    EXPECT_THAT(labelled(text, {.kind = UnitKind::word, .fixed = FixedTokens::special}),
                ElementsAre("word|one", "word| tw", "word|o", "word|.", "word|\n"));
    EXPECT_THAT(labelled(text, {.kind = UnitKind::regex, .pattern = "\\w+ \\w+"}),
                ElementsAre("special|<s>", "regex|one tw", "special|<x>", "rest|o.", "special|<x>", "rest|\n",
                            "special|<x>"));
}

/// <s> user: |Hi there. You?| <e> bot: |Fine.| <e> user: |Hi| <e> bot: ! answer
Text chat() {
    Text text = text_of({"<s>",   "user:", " Hi", " there", ".",   " You", "?",    "<e>", "\n",  "bot:",
                         " Fine", ".",     "<e>", "user:",  " Hi", "<e>",  "bot:", " So", " so", "<e>"});
    text.prompt = 17;
    std::string all;
    for (const auto& token : text.tokens) all += token;
    const auto part = [&](const std::string& content, const std::string& role, std::size_t from) {
        const std::size_t at = all.find(content, from);
        text.parts.push_back({at, at + content.size(), role});
        return at + content.size();
    };
    const auto fine = part("Hi there. You?", "user", 0);
    part("Hi", "user", part("Fine.", "assistant", fine));
    return text;
}

TEST(Units, TurnsAndRoles) {
    EXPECT_THAT(
        labelled(chat(), {.kind = UnitKind::turn}),
        ElementsAre("template|<s>user:", "user| Hi there. You?", "template|<e>\nbot:", "assistant| Fine.",
                    "template|<e>user:", "user| Hi", "template|<e>bot:", "answer| So so<e>"));
    EXPECT_THAT(labelled(chat(), {.kind = UnitKind::turn, .fixed = FixedTokens::special}),
                ElementsAre("template|user:", "user| Hi there. You?", "template|\nbot:", "assistant| Fine.",
                            "template|user:", "user| Hi", "template|bot:", "answer| So so"));
    const auto roles = unit::split(chat(), {.kind = UnitKind::role});
    EXPECT_THAT(labelled(chat(), {.kind = UnitKind::role}),
                ElementsAre("template|<s>user:<e>\nbot:<e>user:<e>bot:", "user| Hi there. You? Hi",
                            "assistant| Fine.", "answer| So so<e>"));
    EXPECT_THAT(roles[1].tokens, ElementsAre(2, 3, 4, 5, 6, 14));
    EXPECT_THAT(labelled(chat(), {.kind = UnitKind::role, .fixed = FixedTokens::chat_template}),
                ElementsAre("user| Hi there. You? Hi", "assistant| Fine.", "answer| So so"));
}

TEST(Units, PartsBoundSmallerUnits) {
    EXPECT_THAT(
        labelled(chat(), {.kind = UnitKind::sentence}),
        ElementsAre("special|<s>", "template|user:", "sentence| Hi there.", "sentence| You?", "special|<e>",
                    "template|\nbot:", "sentence| Fine.", "special|<e>", "template|user:", "sentence| Hi",
                    "special|<e>", "template|bot:", "sentence| So so", "special|<e>"));
    // Nothing but the messages' ends is between these sentences.
    const Text close = text_of({"Yes", " and", " no"}, {{0, 3, "user"}, {3, 10, "assistant"}});
    EXPECT_THAT(labelled(close, {.kind = UnitKind::sentence}),
                ElementsAre("sentence|Yes", "sentence| and no"));
    // A token of template and message is the message's; an empty message has no unit.
    const Text shared = text_of({"[a]", "]Hi", "!\n"}, {{1, 1, "system"}, {4, 7, "user"}});
    EXPECT_THAT(labelled(shared, {.kind = UnitKind::turn}), ElementsAre("template|[a]", "user|]Hi!\n"));
}

TEST(Units, TheAnswerIsApart) {
    Text text = text_of({"one", " tw", "o", " three"});
    text.prompt = 2;
    EXPECT_THAT(texts(text, {.kind = UnitKind::word}), ElementsAre("one", " tw", "o", " three"));
    EXPECT_THAT(texts(text, {.kind = UnitKind::sentence}), ElementsAre("one tw", "o three"));
    EXPECT_THAT(labelled(text, {.kind = UnitKind::regex, .pattern = "tw|two|three"}),
                ElementsAre("rest|one", "regex| tw", "rest|o", "regex| three"));
}

TEST(Units, Regex) {
    const Text text = text_of({"Doc", " 1", ":", " a", "\n", "Doc", " 2", ":", " b"});
    EXPECT_THAT(labelled(text, {.kind = UnitKind::regex, .pattern = "Doc \\d:"}),
                ElementsAre("regex|Doc 1:", "rest| a\n", "regex|Doc 2:", "rest| b"));
    EXPECT_THAT(labelled(text, {.kind = UnitKind::regex, .pattern = "(?m)^.+$"}),
                ElementsAre("regex|Doc 1: a\n", "regex|Doc 2: b"));
    EXPECT_THAT(labelled(text, {.kind = UnitKind::regex, .pattern = "nowhere|x*"}),
                ElementsAre("rest|Doc 1: a\nDoc 2: b"));
    EXPECT_THAT(
        labelled(text_of(bytes_of("naïve Übung")), {.kind = UnitKind::regex, .pattern = "\\p{Lu}\\w+|ï"}),
        ElementsAre("rest|na", "regex|ï", "rest|ve ", "regex|Übung"));
    // A match that begins within a token takes the token.
    EXPECT_THAT(labelled(text_of({"re", "-enter", " it"}), {.kind = UnitKind::regex, .pattern = "enter"}),
                ElementsAre("rest|re", "regex|-enter", "rest| it"));
    expect_error(ErrorCode::input, {"`unit_pattern`", "(a+)+$", "U_REGEX_"}, [] {
        (void)unit::split(text_of({std::string(64, 'a') + "b"}),
                          {.kind = UnitKind::regex, .pattern = "(a+)+$"});
    });
}

TEST(Units, Spans) {
    const Text text = text_of({"<s>", "Ü", "ber", " den", " <", "x>", " Dächern", "."});
    EXPECT_THAT(labelled(text, {.kind = UnitKind::spans, .spans = {{3, 7}, {12, 20}}}),
                ElementsAre("special|<s>", "span|Über", "rest| den", "span| <x> Dächern", "rest|."));
    EXPECT_THAT(labelled(text, {.kind = UnitKind::spans, .spans = {{0, 7}}}),
                ElementsAre("span|<s>Über", "rest| den <x> Dächern."));
    expect_error(ErrorCode::input, {"characters 3:99", "0 <= A < B <= 24"}, [&] {
        (void)unit::split(text, {.kind = UnitKind::spans, .spans = {{3, 99}}});
    });
    expect_error(ErrorCode::input, {"7:8", "no token of its own"}, [&] {
        (void)unit::split(text, {.kind = UnitKind::spans, .spans = {{7, 8}}});
    });
    expect_error(ErrorCode::input, {"17:19", "no token of its own"}, [&] {
        (void)unit::split(text, {.kind = UnitKind::spans, .spans = {{16, 17}, {17, 19}}});
    });
    const auto rows = [&](int first, int last) {
        return unit::context_rows(text, {.context = std::pair{first, last}});
    };
    EXPECT_THAT(rows(3, 9), ElementsAre(1, 2, 3));
    EXPECT_THAT(rows(0, 4), ElementsAre(0, 1));
    expect_error(ErrorCode::input, {"`context_span`", "7:8", "no token"}, [&] { (void)rows(7, 8); });
    expect_error(ErrorCode::input, {"`context_span`", "0:25"}, [&] { (void)rows(0, 25); });
}

/// Random texts, cut anywhere into tokens.
class RandomTexts {
public:
    explicit RandomTexts(unsigned seed) : random_(seed) {}

    int below(int n) { return std::uniform_int_distribution<int>(0, n - 1)(random_); }

    Text next() {
        static const std::vector<std::string> pieces = {
            "a",    "bc",   "Dr. ", " ",      "\n",
            "\r\n", "\n\n", ". ",   "é",      "e\u0301",
            "价",   "大学", "ไทย",  "🚀",      "👩‍👩‍👧",
            "，",   "た",   "한",   "\xFF",   "\xE4\xBB",
            "3.5",  "'s",   "\t",   "\u00a0", "-"};
        Text text;
        std::vector<std::string> tokens{""};
        const int length = below(40);
        for (int i = 0; i < length; ++i) {
            if (below(8) == 0) {
                tokens.insert(tokens.end(), {"<|x|>", ""});
                continue;
            }
            for (const char byte : pieces[static_cast<std::size_t>(below(static_cast<int>(pieces.size())))]) {
                if (below(3) == 0) tokens.emplace_back();
                tokens.back() += byte;
            }
        }
        for (const std::string& token : tokens) text.special.push_back(token == "<|x|>");
        text.tokens = std::move(tokens);
        text.prompt = below(static_cast<int>(text.tokens.size()) + 1);
        std::size_t size = 0;
        for (int i = 0; i < text.prompt; ++i) size += text.tokens[static_cast<std::size_t>(i)].size();
        for (std::size_t at = 0; below(3) != 0;) {
            const std::size_t first = at + static_cast<std::size_t>(below(8));
            const std::size_t last = first + static_cast<std::size_t>(below(12));
            if (last > size) break;
            text.parts.push_back({first, last, below(2) == 0 ? "user" : "assistant"});
            at = last;
        }
        return text;
    }

private:
    std::mt19937 random_;
};

/// Every row that is not fixed is in exactly one unit; units come in order of their first rows.
void expect_partition(const Text& text, const UnitChoice& choice) {
    const auto units = unit::split(text, choice);
    const auto fixed = unit::fixed_rows(text, choice);
    std::vector<int> seen(text.tokens.size(), 0);
    int before = -1;
    for (const Unit& unit : units) {
        ASSERT_FALSE(unit.tokens.empty());
        EXPECT_TRUE(std::is_sorted(unit.tokens.begin(), unit.tokens.end()));
        EXPECT_GT(unit.tokens.front(), before);
        before = unit.tokens.front();
        EXPECT_TRUE(utf8::is_valid(unit.text));
        std::string joined;
        for (const int row : unit.tokens) {
            ++seen[static_cast<std::size_t>(row)];
            joined += text.tokens[static_cast<std::size_t>(row)];
            EXPECT_EQ(row < text.prompt, unit.tokens.front() < text.prompt);
        }
        EXPECT_EQ(unit.text, utf8::replace_invalid(joined));
    }
    for (std::size_t row = 0; row < seen.size(); ++row) EXPECT_EQ(seen[row], fixed[row] ? 0 : 1) << row;
}

TEST(Units, EveryRowIsInOneUnitWhateverTheTokens) {
    RandomTexts texts(7);
    for (int round = 0; round < 400; ++round) {
        const Text text = texts.next();
        for (const UnitKind kind : {UnitKind::token, UnitKind::word, UnitKind::sentence, UnitKind::line,
                                    UnitKind::paragraph, UnitKind::turn, UnitKind::role, UnitKind::regex}) {
            for (const FixedTokens fixed :
                 {FixedTokens::none, FixedTokens::special, FixedTokens::chat_template}) {
                UnitChoice choice{.kind = kind, .fixed = fixed};
                if (choice.kind == UnitKind::regex) choice.pattern = "\\w+\\s?";
                const bool parts = choice.kind == UnitKind::turn || choice.kind == UnitKind::role ||
                                   choice.fixed == FixedTokens::chat_template;
                if (parts && text.parts.empty()) continue;
                expect_partition(text, choice);
                if (HasFailure())
                    FAIL() << "round " << round << ", " << to_string(kind) << ", hold " << to_string(fixed);
            }
        }
    }
}

TEST(Units, TheTokensOfATextDoNotMoveItsWords) {
    // However a valid text is cut into tokens within its words, the words are the same.
    const std::vector<std::string> words = {"Die", " Übung", " 价格", " ist", " 🚀", " naïve", "."};
    std::mt19937 random(3);
    for (int round = 0; round < 50; ++round) {
        std::vector<std::string> tokens;
        for (const std::string& word : words) {
            tokens.emplace_back();
            for (const char byte : word) {
                if (!tokens.back().empty() && random() % 2 == 0) tokens.emplace_back();
                tokens.back() += byte;
            }
        }
        std::vector<std::string> expected;
        std::string space;  // a token that is a space alone goes to the word before it
        for (std::size_t w = 0, t = 0; w < words.size(); ++w) {
            const bool alone = tokens[t] == " ";
            if (alone) expected.back() += " ";
            expected.push_back(alone ? words[w].substr(1) : words[w]);
            for (std::size_t n = 0; n < words[w].size(); ++t) n += tokens[t].size();
        }
        EXPECT_EQ(texts(text_of(tokens), {.kind = UnitKind::word}), expected);
    }
}

}  // namespace
}  // namespace llmx

// What of a prompt an answer may rest on, and what only asks for it.

#include "explain/passages.hpp"

#include <gtest/gtest.h>

namespace llmx {
namespace {

/// A prompt of texts with roles ("" for none), one token a word.
struct Prompt {
    unit::Text text;
    UnitChoice choice{.kind = UnitKind::sentence, .fixed = FixedTokens::none};

    Prompt& add(const std::string& piece, const std::string& role = {}, const std::string& title = {}) {
        const std::size_t first = bytes_;
        for (std::size_t at = 0; at < piece.size();) {
            std::size_t end = piece.find_first_of(" \n", at + 1);
            if (end == std::string::npos) end = piece.size();
            text.tokens.push_back(piece.substr(at, end - at));
            at = end;
        }
        bytes_ += piece.size();
        if (!role.empty()) text.parts.push_back({first, bytes_, role, title});
        text.special.resize(text.tokens.size(), false);
        text.prompt = static_cast<int>(text.tokens.size());
        return *this;
    }
    [[nodiscard]] Passages passages() const { return passages_of(text, choice, unit::split(text, choice)); }

private:
    std::size_t bytes_ = 0;
};

std::vector<std::string> texts(const Prompt& prompt, const std::vector<Unit>& units) {
    std::vector<std::string> found;
    for (const Unit& unit : units) found.push_back(passage_of(prompt.text, {&unit}).text);
    return found;
}

std::vector<std::string> texts(const std::vector<WhyPassage>& passages) {
    std::vector<std::string> found;
    for (const WhyPassage& passage : passages) found.push_back(passage.text);
    return found;
}

using Texts = std::vector<std::string>;

TEST(Passages, OfDocumentsAreTheirSentences) {
    Prompt prompt;
    prompt.add("Be brief.", "system").add("\n\n").add("[1]\n");
    prompt.add("Ada came.\nBo left.", "document", "a.txt").add("\n\n[2]\n");
    prompt.add("Cy slept.", "document").add("\n\n").add("Who came? Say only the name.", "user");
    const Passages found = prompt.passages();
    EXPECT_EQ(texts(prompt, found.sources), (Texts{"Ada came.", "Bo left.", "Cy slept."}));
    EXPECT_EQ(texts(found.asked), (Texts{"Be brief.", "Who came?", "Say only the name."}));
    const WhyPassage second = passage_of(prompt.text, {&found.sources[1]});
    EXPECT_EQ(second.role, "document");
    EXPECT_EQ(second.part, 1);
    EXPECT_EQ(second.title, "a.txt");
    EXPECT_EQ(second.lines, (std::pair{2, 2}));
    EXPECT_EQ(passage_of(prompt.text, {&found.sources[2]}).part, 2);
    const WhyPassage both = passage_of(prompt.text, {&found.sources[0], &found.sources[1]});
    EXPECT_EQ(both.text, "Ada came.\nBo left.");
    EXPECT_EQ(both.lines, (std::pair{1, 2}));
}

TEST(Passages, OfOneMessageAreWhatItDoesNotAsk) {
    Prompt prompt;
    prompt.add("Ada has a cat. Bo has a dog. Who has a cat?", "user");
    EXPECT_EQ(texts(prompt, prompt.passages().sources), (Texts{"Ada has a cat.", "Bo has a dog."}));
    EXPECT_EQ(texts(prompt.passages().asked), Texts{"Who has a cat?"});
}

TEST(Passages, TheLastParagraphAsksWhereNothingHasAQuestionMark) {
    Prompt prompt;
    prompt.add("Ada has a cat. Bo has a dog.\n\nName who has a cat. Be brief.", "user");
    EXPECT_EQ(texts(prompt.passages().asked), (Texts{"Name who has a cat.", "Be brief."}));
    Prompt one;
    one.add("Ada has a cat. Say it in French.", "user");
    EXPECT_TRUE(one.passages().asked.empty()) << "nothing tells which of them asks";
}

TEST(Passages, EarlierTurnsAreSourcesEvenIfTheyAsk) {
    Prompt prompt;
    prompt.add("Is it late?", "user").add("\n").add("It is nine.", "assistant").add("\n");
    prompt.add("I mean in Rome. Is it?", "user");
    EXPECT_EQ(texts(prompt, prompt.passages().sources),
              (Texts{"Is it late?", "It is nine.", "I mean in Rome."}));
    EXPECT_EQ(texts(prompt.passages().asked), Texts{"Is it?"});
}

TEST(Passages, AContextIsASourceAndItsQuestionIsNot) {
    Prompt prompt;
    prompt.add("Answer the question.", "instruction").add("\n\nContext: ");
    prompt.add("Ada came. Why?", "context").add("\n\nQuestion: ").add("Who came", "question");
    EXPECT_EQ(texts(prompt, prompt.passages().sources), (Texts{"Ada came.", "Why?"}));
    EXPECT_EQ(texts(prompt.passages().asked), (Texts{"Answer the question.", "Who came"}));
}

TEST(Passages, OfAPromptWithoutPartsAreWhatItDoesNotAsk) {
    Prompt prompt;
    prompt.add("Ada came. Who came\uFF1F Bo left.");
    EXPECT_EQ(texts(prompt, prompt.passages().sources), (Texts{"Ada came.", "Bo left."}));
}

}  // namespace
}  // namespace llmx

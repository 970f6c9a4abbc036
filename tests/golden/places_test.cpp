// Places in a prompt are places in the text that a result shows, for every kind of tokenizer: SentencePiece's
// and WordPiece's tokens spell white space that nobody wrote.

#include <gtest/gtest.h>

#include <llmx/llmx.hpp>
#include <llmx/task.hpp>

#include "support/data.hpp"
#include "support/scripts.hpp"
#include "text/utf8.hpp"

namespace llmx {
namespace {

std::string inked(std::string text) {
    std::erase(text, ' ');
    return text;
}

class Places : public testing::TestWithParam<const char*> {
protected:
    const Model model = Model::load(test::data_file(GetParam()));

    [[nodiscard]] TaskInputs inputs(const std::string& text) const {
        switch (model.facts().kind) {
            case ModelKind::encoder:
                return {.question = "who?", .context = text};
            case ModelKind::encoder_decoder:
                return {.task = Task::translation, .source = text, .prefix = "translate: ", .answer = "a"};
            case ModelKind::decoder:
                return {.prompt = text, .answer = "a"};
        }
        return {};
    }
    [[nodiscard]] Explanation explained(Request request) const {
        request.units.fixed = FixedTokens::none;
        return Explainer(model, std::vector<Method>{"saliency"}).compute(request);
    }
    [[nodiscard]] Explanation with_span(const std::string& text, std::pair<int, int> span) const {
        Request request = prepare(model, inputs(text));
        request.units.kind = UnitKind::spans;
        request.units.spans = {span};
        return explained(std::move(request));
    }
    static std::string marked(const Explanation& found) {
        for (const Unit& unit : found.attributions[0].units) {
            if (unit.kind == "span") return inked(unit.text);
        }
        return "";
    }
};

TEST_P(Places, ARangeOfTheShownTextHasThatText) {
    for (const char* text : test::texts_in_scripts) {
        const std::string prompt = explained(prepare(model, inputs(text))).prompt_text;
        const std::vector<std::size_t> at = utf8::character_offsets(prompt);
        const int count = static_cast<int>(at.size()) - 1;
        for (int first = 0; first + 2 <= count; first += 3) {
            const auto i = static_cast<std::size_t>(first);
            const std::string asked = prompt.substr(at[i], at[i + 2] - at[i]);
            if (inked(asked).empty() || asked.find_first_of("\n\t") != std::string::npos) continue;
            EXPECT_NE(marked(with_span(text, {first, first + 2})).find(inked(asked)), std::string::npos)
                << prompt << " " << first << " \"" << asked << "\"";
        }
    }
}

TEST_P(Places, WordsAreTheSamePlace) {
    const std::string text = "Ada came at noon. Bob left.";
    const std::string prompt = explained(prepare(model, inputs(text))).prompt_text;
    for (const std::string words : {"came", "noon.", "left."}) {
        const std::size_t at = prompt.find(words);
        if (at == std::string::npos) continue;  // this vocabulary spells it otherwise
        const auto first = static_cast<int>(utf8::character_offsets(prompt.substr(0, at)).size()) - 1;
        const auto last = first + static_cast<int>(words.size());
        Request request = prepare(model, inputs(text));
        request.rationale = {{.words = words, .characters = {}}};
        Request by_range = request;
        by_range.rationale = {{.words = {}, .characters = std::pair(first, last)}};
        const Plausibility by_words = explained(request).attributions[0].plausibility.value();
        const Plausibility range = explained(by_range).attributions[0].plausibility.value();
        EXPECT_EQ(by_words.rationale_units, range.rationale_units) << words;
        EXPECT_EQ(by_words.auprc.value, range.auprc.value) << words;
        EXPECT_NE(marked(with_span(text, {first, last})).find(inked(words)), std::string::npos);
    }
}

std::string family(const testing::TestParamInfo<const char*>& instance) {
    std::string name = instance.param;
    name.erase(name.find_first_of("-."));
    std::erase(name, '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Families, Places,
                         testing::Values("bertqa-tiny", "distilbertqa-tiny", "robertaqa-tiny", "t5-tiny",
                                         "t5gated-tiny", "spm-tiny.gguf", "add_bos.gguf", "llama-tiny",
                                         "gemma3-tiny", "gpt2-tiny", "phi3-tiny", "qwen3-tiny",
                                         "falcon-tiny"),
                         family);

}  // namespace
}  // namespace llmx

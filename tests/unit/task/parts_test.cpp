// Where messages and texts stand in the prompt's tokens, whatever template and tokenizer do to them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <llmx/llmx.hpp>

#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "unit/split.hpp"

namespace llmx {
namespace {

using test::expect_error;
using testing::ElementsAre;
using testing::IsEmpty;

const std::string chatml =
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>\\n' }}{% "
    "endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

Model with_template(const std::string& name, const std::string& text) {
    return Model::load(test::data_file(name), {.chat_template = text});
}
Model with_template(const std::string& text) { return with_template("llama-tiny.gguf", text); }

/// "role|text" of each part, read from the prompt's tokens.
std::vector<std::string> parts(const Model& model, const Request& request) {
    std::string text;
    for (const Token id : request.input_ids) text += model.token_bytes(id);
    std::vector<std::string> result;
    for (const auto& part : request.units.parts)
        result.push_back(part.role + "|" + text.substr(part.first, part.last - part.first));
    return result;
}
std::vector<std::string> parts(const Model& model, const TaskInputs& inputs) {
    return parts(model, prepare(model, inputs));
}
std::vector<std::string> chat(const Model& model, const std::vector<Message>& messages) {
    return parts(model, {.messages = messages});
}

TEST(Parts, MessagesOfAChat) {
    const Model model = with_template(chatml);
    EXPECT_THAT(
        chat(model, {{"system", "Be kind."}, {"user", "Hi 价格 🚀"}, {"assistant", "So?"}, {"user", "Bye."}}),
        ElementsAre("system|Be kind.", "user|Hi 价格 🚀", "assistant|So?", "user|Bye."));
    // Contents that the template or another message has too, and white space at the ends.
    EXPECT_THAT(
        chat(model, {{"system", "user"}, {"user", "user"}, {"assistant", "\n"}, {"user", " \nassistant\n"}}),
        ElementsAre("system|user", "user|user", "assistant|\n", "user| \nassistant\n"));
    EXPECT_THAT(chat(model, {{"system", ""}, {"user", "<|im_end|>"}}), ElementsAre("user|<|im_end|>"));
    const Request request = prepare(model, {.messages = {{"user", "x"}}});
    EXPECT_EQ(request.input_ids, model.apply_chat_template({{"user", "x"}}));
    EXPECT_THAT(request.units.unplaced, IsEmpty());
    EXPECT_THAT(parts(model, {.prompt = "<|im_start|>user\nx"}), IsEmpty());
}

TEST(Parts, ATemplateMayTrimRepeatAndReorder) {
    const Model trims = with_template(
        "{% for m in messages %}[{{ m.role }}]{{ m.content | trim if m.role == 'user' else m.content }}\n"
        "{% endfor %}");
    EXPECT_THAT(chat(trims, {{"system", " a "}, {"user", "\n b c \n"}, {"assistant", "d\n"}, {"user", " "}}),
                ElementsAre("system| a ", "user|b c", "assistant|d\n"));
    const Model reorders = with_template(
        "{% for m in messages if m.role != 'system' %}({{ m.content }}){% endfor %}{{ messages[0].content }}."
        "{{ messages[0].content }}");
    EXPECT_THAT(chat(reorders, {{"system", "s"}, {"assistant", "s"}, {"user", "u"}}),
                ElementsAre("assistant|s", "user|u", "system|s", "system|s"));
}

TEST(Parts, AMessageThatTheTemplateRewritesIsNamedAndLeavesTheOthers) {
    const Model model = with_template(
        "{% for m in messages %}{{ m.role }}: {{ m.content.split('</think>')[-1] if m.role == 'assistant' "
        "else "
        "m.content }}\n{% endfor %}");
    const Request request = prepare(
        model, {.messages = {{"user", "Hi"}, {"assistant", "<think>Well.</think>Yes"}, {"user", "So"}}});
    EXPECT_EQ(request.units.parts.size(), 2U);
    EXPECT_THAT(request.units.unplaced, IsEmpty());
    EXPECT_THAT(
        request.warnings,
        ElementsAre(testing::HasSubstr(
            "message 2 (assistant, \"<think>Well.</think>Yes\") does not occur in the prompt unchanged")));
    // What is left of it, line by line.
    const std::vector<Message> thought = {
        {"user", "Hi"}, {"assistant", "<think>Well\n</think>\nYes"}, {"user", "So"}};
    EXPECT_THAT(chat(model, thought), ElementsAre("user|Hi", "assistant|Yes", "user|So"));
    EXPECT_THAT(prepare(model, {.messages = thought}).warnings,
                ElementsAre(testing::HasSubstr("leaves out its beginning, up to \"Yes\"")));
    EXPECT_THAT(chat(model, {{"user", "Hi"}, {"assistant", "Yes"}, {"user", "So"}}),
                ElementsAre("user|Hi", "assistant|Yes", "user|So"));
    const Model drops =
        with_template("{% for m in messages if m.role == 'user' %}{{ m.content }}{% endfor %}");
    EXPECT_THAT(prepare(drops, {.messages = {{"user", "u"}, {"assistant", "a"}, {"user", "v"}}}).warnings,
                ElementsAre(testing::HasSubstr("message 2 (assistant, \"a\")")));
    // llama.cpp puts a system message that the template has no place for before the next one.
    EXPECT_THAT(chat(drops, {{"system", "s"}, {"user", "u"}}), ElementsAre("system|s", "user|u"));
    const Request none = prepare(with_template("Hello."), {.messages = {{"user", "u"}}});
    expect_error(ErrorCode::usage, {"`unit` turn", "message 1 (user"}, [&] {
        UnitChoice choice = none.units;
        choice.kind = UnitKind::turn;
        (void)unit::split({.tokens = {"x"}, .special = {false}, .prompt = 1, .parts = {}}, choice);
    });
}

TEST(Parts, CharactersForPrivateUse) {
    const Model model = with_template(chatml);
    const std::string icon = "\xF3\xB0\x80\x81", other = "\xF4\x80\x80\x80";
    EXPECT_THAT(chat(model, {{"user", "An icon " + icon}}), ElementsAre("user|An icon " + icon));
    EXPECT_THAT(chat(model, {{"user", other + " icon"}}), ElementsAre("user|" + other + " icon"));
    EXPECT_THAT(prepare(model, {.messages = {{"user", icon + other}}}).units.unplaced,
                testing::HasSubstr("private-use"));
}

TEST(Parts, SentencePieceAddsSpacesAndControlTokens) {
    const std::string chat_template =
        "{{ bos_token }}{% for m in messages %}{{ '[INST] ' + m.content + ' [/INST]' }}{% endfor %}";
    const Model model = with_template("mistral-tiny", chat_template);
    EXPECT_THAT(chat(model, {{"user", "the cat"}, {"user", " on  it"}}),
                ElementsAre("user|the cat", "user| on  it"));
    // Its control tokens take the line breaks after them.
    const Model phi = with_template(
        "phi3-tiny",
        "{% for m in messages %}{{ '<|' + m.role + '|>\\n' + m.content + '<|end|>\\n' }}{% endfor %}");
    EXPECT_THAT(chat(phi, {{"system", "the cat"}, {"user", "on it"}}),
                ElementsAre("system|the cat", "user|on it"));
}

TEST(Parts, TextsOfTasks) {
    const Model model =
        with_template("{% for m in messages %}[{{ m.role }}] {{ m.content | trim }}\n{% endfor %}");
    EXPECT_THAT(parts(model, {.task = Task::translation, .source = "La casa.\n", .prefix = "Into German!"}),
                ElementsAre("instruction|Into German!", "source|La casa."));
    EXPECT_THAT(parts(model, {.question = "Who came?", .context = "Ada came.", .prefix = ""}),
                ElementsAre("context|Ada came.", "question|Who came?"));
    const Model plain = Model::load(test::data_file("llama-tiny.gguf"));
    EXPECT_THAT(parts(plain, {.task = Task::summarization, .source = "Long text.", .prefix = "Sum up."}),
                ElementsAre("instruction|Sum up.", "source|Long text."));
    const Model t5 = Model::load(test::data_file("t5-tiny.gguf"));
    EXPECT_THAT(parts(t5, {.task = Task::translation, .source = "The house.", .prefix = "to German: "}),
                ElementsAre("instruction|to German: ", "source|The house."));
    EXPECT_THAT(parts(t5, {.question = "Who?", .context = "The house."}),
                ElementsAre("question|Who?", "context|The house."));
}

TEST(Parts, BecomeUnits) {
    const Model model = with_template(chatml);
    const Request request = prepare(model, {.messages = {{"system", "Be kind. Be brief."}, {"user", "Hi"}}});
    unit::Text text{.tokens = {}, .special = {}, .prompt = 0, .parts = request.units.parts};
    for (const Token id : request.input_ids) {
        text.tokens.push_back(model.token_bytes(id));
        text.special.push_back(text.tokens.back().starts_with("<|im_"));
    }
    text.prompt = static_cast<int>(text.tokens.size());
    const auto labelled = [&](const UnitChoice& choice) {
        std::vector<std::string> result;
        for (const Unit& unit : unit::split(text, choice)) result.push_back(unit.kind + "|" + unit.text);
        return result;
    };
    EXPECT_THAT(labelled({.kind = UnitKind::turn}),
                ElementsAre("template|<|im_start|>system\n", "system|Be kind. Be brief.",
                            "template|<|im_end|>\n<|im_start|>user\n", "user|Hi",
                            "template|<|im_end|>\n<|im_start|>assistant\n"));
    EXPECT_THAT(labelled({.kind = UnitKind::sentence, .fixed = FixedTokens::chat_template}),
                ElementsAre("sentence|Be kind. ", "sentence|Be brief.", "sentence|Hi"));
}

}  // namespace
}  // namespace llmx

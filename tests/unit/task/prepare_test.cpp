// From texts to a request, for each task and kind of model; and what is refused.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <llmx/llmx.hpp>

#include "support/data.hpp"
#include "support/expect_error.hpp"

namespace llmx {
namespace {

using test::expect_error;

Model decoder() { return Model::load(test::data_file("llama-tiny.gguf")); }
Model encoder() { return Model::load(test::data_file("bertqa-tiny.gguf")); }
Model encoder_decoder() { return Model::load(test::data_file("t5-tiny.gguf")); }

Model decoder_with_template() {
    return Model::load(
        test::data_file("llama-tiny.gguf"),
        {.chat_template = "{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}"});
}

TEST(Tasks, NamesAndTheOriginalsSpelling) {
    EXPECT_EQ(parse_task("summarizations"), Task::summarization);
    EXPECT_EQ(to_string(Task::summarization), "summarization");
    for (const char* name : {"question_answering", "translation", "summarization", "generative_text_chat",
                             "generative_text_chat_assistant"}) {
        EXPECT_EQ(to_string(parse_task(name)), name);
    }
    expect_error(ErrorCode::usage, {"\"translate\"", "nearest: translation"},
                 [] { (void)parse_task("translate"); });
}

TEST(Tasks, AreToldByInputsAndModel) {
    const auto task = [](const Model& model, const TaskInputs& inputs) {
        return *completed(model, inputs).task;
    };
    EXPECT_EQ(task(decoder(), {.prompt = "x"}), Task::generative_text_chat);
    EXPECT_EQ(task(decoder(), {.prompt_ids = Tokens{5}}), Task::generative_text_chat);
    EXPECT_EQ(task(decoder(), {.prompt = "x", .assisted = true}), Task::generative_text_chat_assistant);
    EXPECT_EQ(task(decoder(), {.question = "q", .context = "c"}), Task::question_answering);
    EXPECT_EQ(task(encoder(), {.prompt_ids = Tokens{2, 5, 3, 6, 3}}), Task::question_answering);
    expect_error(ErrorCode::usage, {"`task`", "translation", "summarization"},
                 [] { (void)completed(encoder_decoder(), {.prompt_ids = Tokens{5}}); });
    expect_error(ErrorCode::usage, {"`source`", "`task` translation"},
                 [] { require_inputs({.source = "x"}); });
}

TEST(Tasks, AModelOfTheWrongKindIsNamedWithWhatItDoes) {
    expect_error(ErrorCode::unsupported, {"translation", "\"bert\"", "encoder", "question_answering"},
                 [] { (void)completed(encoder(), {.task = Task::translation, .source = "x"}); });
    expect_error(ErrorCode::unsupported,
                 {"generative_text_chat", "\"t5\"", "translation, summarization", "kind decoder"},
                 [] { (void)completed(encoder_decoder(), {.prompt = "x"}); });
}

TEST(Tasks, WhatDoesNotGoTogetherIsRefused) {
    const auto refused = [](const TaskInputs& inputs, std::initializer_list<std::string> words) {
        expect_error(ErrorCode::usage, words, [&] { require_inputs(inputs); });
    };
    refused({}, {"no prompt", "`user`", "`question`", "`source`"});
    refused({.task = Task::translation}, {"translation", "no prompt", "`source`"});
    refused({.task = Task::translation, .prompt = "x"}, {"`prompt` does not go", "`source`"});
    refused({.task = Task::summarization, .question = "x", .source = "y"}, {"`question` does not go"});
    refused({.question = "q"}, {"`question` alone", "`context`"});
    refused({.context = "c"}, {"`context` alone", "`question`"});
    refused({.task = Task::generative_text_chat, .source = "x"}, {"`source` does not go", "`user`"});
    refused({.prompt = "x", .prefix = "y"}, {"`prefix` does not go"});
    refused({.prompt = "x", .prompt_ids = Tokens{1}}, {"`prompt`, `prompt_ids`", "one of them"});
    refused({.task = Task::translation, .prefix = "p", .prompt_ids = Tokens{1}}, {"`prefix`", "ids"});
    refused({.question = "q", .context = "c", .token_type_ids = std::vector<int>{0}}, {"`token_type_ids`"});
    refused({.question = "q", .context = "c", .label = "l", .label_span = std::pair{0, 1}},
            {"`label`, `label_span`"});
    refused({.task = Task::generative_text_chat_assistant, .prompt = "x"}, {"`assistant`", "prompt-lookup"});
    refused({.question = "q", .context = "c", .assisted = true}, {"`assistant` does not go"});
}

TEST(Tasks, SourceOfAnEncoderDecoder) {
    const Model model = encoder_decoder();
    const TaskInputs inputs{
        .task = Task::translation, .source = "The house.", .prefix = "to German: ", .label = "Das Haus."};
    const Request request = prepare(model, inputs);
    EXPECT_EQ(request.input_ids, model.tokenize("to German: The house.", true));
    EXPECT_EQ(request.input_ids.back(), 1);  // </s>
    EXPECT_EQ(request.labels, model.tokenize("Das Haus."));
    EXPECT_EQ(completed(model, {.task = Task::translation, .source = "x"}).prefix, "");
    const Request asked = prepare(model, {.question = "Who?", .context = "Ada came."});
    EXPECT_EQ(asked.input_ids, model.tokenize("question: Who?  context: Ada came.", true));
}

TEST(Tasks, InstructionsToADecoder) {
    const Model model = decoder_with_template();
    const auto text = [&](const TaskInputs& inputs) {
        return model.detokenize(prepare(model, inputs).input_ids);
    };
    using testing::HasSubstr;
    EXPECT_THAT(text({.task = Task::translation, .source = "La casa."}),
                HasSubstr("[user] Translate the following text into English."));
    EXPECT_THAT(text({.task = Task::translation, .source = "La casa.", .prefix = "Into German!"}),
                HasSubstr("[user] Into German!\n\nLa casa."));
    EXPECT_THAT(text({.task = Task::summarization, .source = "Long text."}), HasSubstr("Summarize"));
    EXPECT_THAT(text({.question = "Who?", .context = "Ada came."}),
                HasSubstr("Context: Ada came.\n\nQuestion: Who?"));
    const Model plain = decoder();
    EXPECT_THAT(plain.detokenize(
                    prepare(plain, {.task = Task::summarization, .source = "Long text."}).input_ids, false),
                HasSubstr("Long text.\n\nSummary:"));
    const Request span =
        prepare(plain, {.question = "Who?", .context = "Ada came.", .label_span = std::pair{0, 3}});
    EXPECT_EQ(span.labels, plain.tokenize("Ada"));
}

TEST(Tasks, AnEncoderIsAskedForASpan) {
    const Model model = encoder();
    const Request request =
        prepare(model, {.question = "Who?", .context = "Ada came.", .label_span = std::pair{0, 3}});
    EXPECT_EQ(request.pair.question, "Who?");
    EXPECT_EQ(request.pair.context, "Ada came.");
    EXPECT_EQ(request.pair.label_span, (std::pair{0, 3}));
    EXPECT_TRUE(request.input_ids.empty());
    const auto refused = [&](TaskInputs inputs, std::initializer_list<std::string> words) {
        inputs.question = "Who?";
        inputs.context = "Ada came.";
        expect_error(ErrorCode::usage, words, [&] { (void)prepare(model, inputs); });
    };
    refused({.answer = "Ada"}, {"`answer`"});
    refused({.label_ids = Tokens{5}}, {"`label_ids`", "`label_span`"});
    refused({.prefix = "Answer!"}, {"`prefix`"});
}

TEST(Tasks, IdsInPlaceOfTexts) {
    const Request request =
        prepare(encoder_decoder(), {.task = Task::summarization, .prompt_ids = Tokens{5, 6, 1}});
    EXPECT_EQ(request.input_ids, (Tokens{5, 6, 1}));
    expect_error(ErrorCode::input, {"`prompt_ids`", "999999"},
                 [] { (void)prepare(decoder(), {.prompt_ids = Tokens{999999}}); });
    expect_error(ErrorCode::usage, {"`token_type_ids`"}, [] {
        (void)prepare(decoder(), {.task = Task::question_answering,
                                  .prompt_ids = Tokens{5},
                                  .token_type_ids = std::vector<int>{0}});
    });
}

}  // namespace
}  // namespace llmx

// Texts, names and combinations that cannot be used.

#include <gtest/gtest.h>

#include "program.hpp"
#include "support/temporary.hpp"

namespace llmx::test {
namespace {

/// explain on the tiny llama with more arguments.
Outcome explain(const Arguments& more, const RunOptions& options = {}) {
    Arguments arguments = {"explain", "--model", golden("llama-tiny.gguf")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return llmx(arguments, options);
}

Outcome with_request(const std::string& request) {
    RunOptions options;
    options.input = request;
    return llmx({"explain", "--request", "-"}, options);
}

TEST(BadInput, EmptyPrompt) {
    expect_failure(explain({"--prompt", ""}), 3, {"--prompt", "empty"});
    expect_failure(explain({"--user", ""}), 3, {"--user", "empty"});
    expect_failure(explain({"--prompt", "-"}), 3, {"--prompt", "empty"});
    expect_failure(explain({"--prompt-ids", "[]"}), 3, {"--prompt-ids", "no token ids"});
}

TEST(BadInput, PromptAndAnswerLongerThanTheContext) {
    // 256 tokens is what the model was trained on.
    const std::string ids = "5" + [] {
        std::string more;
        for (int i = 1; i < 250; ++i) more += ",5";
        return more;
    }();
    expect_failure(explain({"--prompt-ids", ids, "--answer-ids", "1,2,3,4,5,6,7"}), 6,
                   {"prompt of 250", "answer of 7", "257", "256", "--context-tokens"});
    expect_failure(explain({"--prompt-ids", ids, "--max-new-tokens", "20"}), 6,
                   {"prompt of 250", "up to 20", "256", "--context-tokens", "--max-new-tokens"});
    expect_failure(explain({"--prompt-ids", "1,2,3", "--answer-ids", "4,5", "--context-tokens", "4"}), 6,
                   {"prompt of 3", "answer of 2", "--context-tokens allows 4"});
    EXPECT_EQ(
        explain({"--prompt-ids", "1,2,3", "--answer-ids", "4,5", "--context-tokens", "5", "--quiet"}).code,
        0);
}

TEST(BadInput, ALabelOfTheTeacherObjectiveMustFitToo) {
    expect_failure(explain({"--prompt-ids", "1,2,3", "--answer-ids", "4", "--label-ids", "1,2,3",
                            "--objective", "teacher", "--context-tokens", "5"}),
                   6, {"label", "5", "--context-tokens"});
}

TEST(BadInput, LabelWithoutTokens) {
    expect_failure(explain({"--prompt", "x", "--label", ""}), 3, {"--label", "empty"});
    expect_failure(explain({"--prompt", "x", "--label-ids", " "}), 3, {"--label-ids"});
    expect_failure(explain({"--prompt", "x", "--objective", "aligned"}), 2, {"aligned", "--label"});
}

TEST(BadInput, InvalidUtf8) {
    expect_failure(explain({"--prompt", "caf\xE9"}), 3, {"--prompt", "UTF-8", "offset 3"});
    expect_failure(explain({"--prompt", "x", "--label", "\xC3"}), 3, {"--label", "UTF-8"});
    const TemporaryDirectory directory;
    spill(directory / "latin1.txt", "na\xEFve");
    expect_failure(explain({"--prompt-file", directory / "latin1.txt"}), 3,
                   {"latin1.txt", "UTF-8", "offset 2"});
    RunOptions options;
    options.input = "\xFF\xFE";
    expect_failure(explain({"--prompt", "-"}, options), 3, {"--prompt", "UTF-8"});
    expect_failure(llmx({"tokenize", "--model", golden("llama-tiny.gguf"), "\x80"}), 3, {"UTF-8"});
}

TEST(BadInput, MissingFiles) {
    expect_failure(explain({"--prompt-file", "/no/prompt.txt"}), 3, {"--prompt-file", "/no/prompt.txt"});
    expect_failure(explain({"--prompt-ids", "ids.json"}), 3, {"--prompt-ids", "ids.json"});
    expect_failure(explain({"--messages", "/no/chat.json"}), 3, {"--messages", "/no/chat.json"});
    expect_failure(llmx({"explain", "--request", "/no/request.json"}), 3, {"--request", "/no/request.json"});
}

TEST(BadInput, UnknownNamesComeWithTheNearest) {
    expect_failure(explain({"--prompt", "x", "--method", "atention"}), 2,
                   {"\"atention\"", "nearest: attention"});
    expect_failure(explain({"--prompt", "x", "--task", "generative_chat"}), 2,
                   {"\"generative_chat\"", "nearest: generative_text_chat"});
    expect_failure(explain({"--prompt", "x", "--objective", "teached"}), 2,
                   {"\"teached\"", "nearest: teacher"});
    expect_failure(explain({"--prompt", "x", "--products", "float16"}), 2,
                   {"\"float16\"", "nearest: bfloat16"});
    expect_failure(explain({"--prompt", "x", "--color", "allways"}), 2, {"\"allways\"", "nearest: always"});
    expect_failure(
        explain({"--prompt", "x", "--max-new-tokens", "2", "--layer-names", "qproj,k_proj,v_proj"}), 2,
        {"\"qproj\"", "q_proj"});
    expect_failure(explain({"--prompt", "x", "--max-new-tokens", "2", "--strict"}), 2,
                   {"\"q_proj\"", "nearest"});
}

TEST(BadInput, UnknownOptionsAndCommands) {
    expect_failure(explain({"--methd", "attention", "--prompt", "x"}), 2, {"--methd", "nearest: --method"});
    expect_failure(explain({"--max-new-token=3"}), 2, {"--max-new-token;", "nearest: --max-new-tokens"});
    expect_failure(explain({"--prompt", "x", "surplus"}), 2, {"\"surplus\"", "not expected"});
    expect_failure(llmx({"explian"}), 2, {"\"explian\"", "nearest: explain"});
    expect_failure(llmx({}), 2, {"no command"});
    expect_failure(llmx({"explain"}), 2, {"--model"});
    expect_failure(llmx({"modules", "--jsn", "-"}), 2, {"--jsn", "nearest: --json"});
}

TEST(BadInput, NumbersThatAreNone) {
    expect_failure(explain({"--max-new-tokens", "many"}), 2, {"--max-new-tokens", "\"many\"", "1 or more"});
    expect_failure(explain({"--max-new-tokens", "0"}), 2, {"--max-new-tokens", "\"0\""});
    expect_failure(explain({"--temperature", "nan"}), 2, {"--temperature", "\"nan\""});
    expect_failure(explain({"--top-p", "1.5"}), 2, {"--top-p", "0 to 1"});
    expect_failure(explain({"--seed", "-1"}), 2, {"--seed", "\"-1\""});
    expect_failure(explain({"--memory-budget", "lots"}), 2, {"--memory-budget", "lots"});
    expect_failure(explain({"--prompt"}), 2, {"--prompt"});
}

TEST(BadInput, ExactlyOnePrompt) {
    expect_failure(explain({}), 2, {"no prompt", "--user", "--prompt"});
    expect_failure(explain({"--prompt", "x", "--user", "y"}), 2, {"--prompt", "--user", "one of them"});
    expect_failure(explain({"--prompt-ids", "1", "--prompt-file", "y"}), 2,
                   {"--prompt-ids", "--prompt-file"});
    expect_failure(explain({"--system", "x", "--prompt", "y"}), 2, {"--system", "--user"});
    expect_failure(explain({"--system", "x"}), 2, {"no prompt"});
    expect_failure(explain({"--prompt", "x", "--label", "a", "--label-ids", "1"}), 2,
                   {"--label", "--label-ids"});
    expect_failure(explain({"--prompt", "x", "--answer", "a", "--answer-file", "b"}), 2,
                   {"--answer", "--answer-file"});
    RunOptions options;
    options.input = "x";
    expect_failure(explain({"--prompt", "-", "--label", "-"}, options), 2,
                   {"standard input", "--prompt", "--label"});
}

TEST(BadInput, TokenIds) {
    expect_failure(explain({"--prompt-ids", "1,2,999999"}), 3, {"--prompt-ids", "999999", "383"});
    expect_failure(explain({"--prompt-ids", "1,-2"}), 3, {"--prompt-ids", "-2"});
    expect_failure(explain({"--prompt-ids", "1,,2"}), 3, {"--prompt-ids", ",2"});
    expect_failure(explain({"--prompt-ids", "1,2,"}), 3, {"--prompt-ids", "comma"});
    expect_failure(explain({"--prompt-ids", "99999999999999"}), 3, {"--prompt-ids", "99999999999999"});
    const TemporaryDirectory directory;
    spill(directory / "ids.json", "[1, 2.5]");
    expect_failure(explain({"--prompt-ids", directory / "ids.json"}), 3, {"--prompt-ids", "2.5"});
}

TEST(BadInput, Messages) {
    const auto messages = [](const std::string& json) { return explain({"--messages", json}); };
    expect_failure(messages("[{\"role\": \"user\", \"contents\": \"x\"}]"), 2,
                   {"--messages[0]", "\"contents\"", "nearest: content"});
    expect_failure(messages("[{\"role\": \"user\"}]"), 3, {"--messages[0]", "no content"});
    expect_failure(messages("[{\"role\": \"user\", \"content\": 3}]"), 3, {"content", "number", "string"});
    expect_failure(messages("[1]"), 3, {"--messages[0]", "number"});
    expect_failure(messages("[]"), 3, {"--messages", "empty"});
    expect_failure(messages("[{]"), 3, {"--messages", "JSON"});
    const TemporaryDirectory directory;
    spill(directory / "chat.json", "{\"role\": \"user\", \"content\": \"x\"}");
    expect_failure(messages(directory / "chat.json"), 3, {"--messages", "object", "list"});
}

TEST(BadInput, Request) {
    expect_failure(with_request("{\"modle\": \"x\"}"), 2, {"\"modle\"", "nearest: model"});
    expect_failure(with_request("{\"max-new-tokens\": 3}"), 2,
                   {"\"max-new-tokens\"", "nearest: max_new_tokens"});
    expect_failure(with_request("{\"max_new_tokens\": \"3\"}"), 2,
                   {"--max-new-tokens", "string", "whole number"});
    expect_failure(with_request("{\"max_new_tokens\": 2.5}"), 2, {"--max-new-tokens", "2.5", "whole number"});
    expect_failure(with_request("{\"max_new_tokens\": 0}"), 2, {"max-new-tokens", "\"0\""});
    expect_failure(with_request("{\"strict\": 1}"), 2, {"strict", "true or false"});
    expect_failure(with_request("{\"user\": [\"x\"]}"), 2, {"user", "array", "string"});
    expect_failure(with_request("{\"layer_names\": [\"a\", 2]}"), 2, {"--layer-names", "2", "string"});
    expect_failure(with_request("{\"model\": "), 3, {"request", "JSON"});
    expect_failure(with_request("[1]"), 3, {"request", "array", "object"});
}

}  // namespace
}  // namespace llmx::test

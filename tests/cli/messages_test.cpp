// The library's messages name keys of a request; on the terminal they are flags.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program.hpp"
#include "support/temporary.hpp"

namespace llmx::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

Arguments told(const Arguments& more) {
    return joined({"explain", "--model", golden("llama-tiny.gguf"), "--prompt-ids", "1,5,9,13",
                   "--answer-ids", "29,33"},
                  more);
}

TEST(Messages, KeysOfErrorsAreFlags) {
    expect_failure(llmx(told({"--view-blocks", "7", "--views", "attention"})), 2,
                   {"llmx: --view-blocks: got 7; the model has blocks 0 to 2\n"});
    expect_failure(llmx(told({"--method", "saliency", "--measure", "kl"})), 2,
                   {"llmx: --measure kl: ", "expected --context-span, "});
}

TEST(Messages, TextsOfUsersStayAsTheyAre) {
    expect_failure(llmx(told({"--method", "saliency", "--target-span", "say `top_k`"})), 3,
                   {"llmx: --target-span: \"say `top_k`\" is not in the answer"});
}

TEST(Messages, WarningsAreKeysInAResultAndFlagsOnTheTerminal) {
    const TemporaryDirectory directory;
    const Outcome run = llmx(told({"--method", "integrated_gradients", "--steps", "1", "--rule", "midpoint",
                                   "--json", directory / "result.json"}));
    ASSERT_EQ(run.code, 0) << run.err;
    EXPECT_THAT(run.err, HasSubstr("llmx: warning: integrated_gradients: "));
    EXPECT_THAT(run.err, HasSubstr("; --steps auto finds "));
    const json warnings = json::parse(slurp(directory / "result.json"))["warnings"];
    EXPECT_THAT(warnings.dump(), HasSubstr("; `steps` auto finds "));
}

}  // namespace
}  // namespace llmx::test

#include "core/message_keys.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <llmx/error.hpp>

namespace llmx {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string key_of(const char* message) { return Error(ErrorCode::usage, message).key(); }

TEST(MessageKeys, AreNamesInBackticks) {
    EXPECT_THAT(keys_in("`top_k`: got -1; expected 0, or `top_p`"), ElementsAre("top_k", "top_p"));
    EXPECT_THAT(keys_in("`num_beams`: got 2 with `temperature` 1"), ElementsAre("num_beams", "temperature"));
    EXPECT_THAT(keys_in("see `llmx modules`, `layer_names`"), ElementsAre("layer_names"));
    EXPECT_THAT(keys_in("none, `` ` `Top` `9` `a-b`"), IsEmpty());
    EXPECT_THAT(keys_in("`messages[0]`: no content; see `label`"), ElementsAre("messages", "label"));
    EXPECT_THAT(keys_in("`open"), IsEmpty());
    EXPECT_THAT(keys_in(""), IsEmpty());
}

TEST(MessageKeys, QuotedTextsHoldNone) {
    EXPECT_THAT(keys_in("`contrast`: \"say `hello`\" is not in the `answer`"),
                ElementsAre("contrast", "answer"));
}

TEST(MessageKeys, ErrorHasTheOneAtFault) {
    EXPECT_EQ(key_of("`top_k`: got -1; expected 0 or more"), "top_k");
    EXPECT_EQ(key_of("line 3: lime: `samples`: got 0; expected 1"), "samples");
    EXPECT_EQ(key_of("no prompt given; expected `user` or `prompt`"), "");
    EXPECT_EQ(key_of("model m.gguf: no such file"), "");
}

}  // namespace
}  // namespace llmx

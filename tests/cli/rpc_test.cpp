// --rpc: servers that have the model's layers.

#include <gtest/gtest.h>

#include "batch_support.hpp"
#include "program.hpp"
#include "support/rpc_server.hpp"

namespace llmx::test {
namespace {

using nlohmann::json;

Arguments explain(const Arguments& more = {}) {
    return joined(
        {"explain", "--model", golden("qwen2-tiny.gguf"), "--prompt-ids", "5,6,7,8", "--max-new-tokens", "3",
         "--method", "attention,gradient,leave_one_out", "--json", "-", "--quiet"},
        more);
}

TEST(Rpc, AResultIsWhatItIsWithoutServers) {
    const RpcServer first;
    const RpcServer second;
    const json truth = json_of(explain());
    const json found = json_of(explain({"--rpc", first.name() + "," + second.name()}));
    for (const auto& [key, value] : truth.items()) {
        if (key == "timings_s" || key == "peak_rss_bytes" || key == "command") continue;
        EXPECT_EQ(found[key], value) << key;
    }
    EXPECT_EQ(found["command"]["rpc"], json({first.name(), second.name()}));
    EXPECT_FALSE(truth["command"].contains("rpc"));
    EXPECT_GT(first.connections(), 1);  // one is the test's own
    EXPECT_GT(second.connections(), 1);
}

TEST(Rpc, AnErrorNamesTheServer) {
    const std::string free = Listener().name();
    expect_failure(llmx(explain({"--rpc", free})), 3, {free, "refused", "ggml-rpc-server"});
    expect_failure(llmx(explain({"--rpc", "nowhere"})), 2, {"\"nowhere\"", "HOST:PORT"});
    expect_failure(llmx({"evaluate", "--model", golden("qwen2-tiny.gguf"), "--prompt-ids", "5,6,7",
                         "--method", "gradient", "--randomization", "--rpc", free}),
                   5, {"--randomization", "--rpc"});
}

TEST(Rpc, AModelOnServersIsAnotherThanTheSameHere) {
    const RpcServer server;
    BatchFiles files;
    const std::string text = R"("prompt_ids": [5, 6, 7], "answer_ids": [7], "method": "gradient")";
    files.requests = {"{" + text + "}", "{" + text + R"(, "rpc": ")" + server.name() + "\"}",
                      "{" + text + R"(, "rpc": [")" + Listener().name() + "\"]}"};
    files.write();
    EXPECT_EQ(llmx(files.arguments()).code, 1);
    const auto lines = lines_of(files.results());
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_EQ(json::parse(lines[0])["Gradient"], json::parse(lines[1])["Gradient"]);
    EXPECT_GT(server.connections(), 1);
    EXPECT_EQ(json::parse(lines[2])["error"]["code"], 3);
}

}  // namespace
}  // namespace llmx::test

// What happens to results that cannot be written, and to those that were there before.

#include <gtest/gtest.h>
#include <sys/mount.h>

#include <csignal>

#include "program.hpp"
#include "support/temporary.hpp"

namespace llmx::test {
namespace {

/// A short explanation without generation.
Arguments explained(const Arguments& more) {
    return joined({"explain", "--model", golden("llamamha-tiny.gguf"), "--prompt-ids", "5,6,7,8",
                   "--answer-ids", "9,10", "--label-ids", "11,12"},
                  more);
}

TEST(Output, DirectoryMustExistBeforeAnyWork) {
    // The model is missing too: that the directory is what is said shows the order.
    for (const char* option : {"--json", "--tensors"}) {
        expect_failure(
            llmx({"explain", "--model", "/no/model", "--prompt", "x", option, "/no/such/dir/result"}), 7,
            {"/no/such/dir"});
    }
    expect_failure(llmx({"quantize", "/no/model", "/no/such/dir/out.gguf", "--type", "F16"}), 7,
                   {"/no/such/dir"});
    expect_failure(llmx({"model", "/no/model", "--json", "/no/such/dir/out.json"}), 7, {"/no/such/dir"});
}

TEST(Output, ADirectoryIsNoFile) {
    const TemporaryDirectory directory;
    expect_failure(llmx(explained({"--json", directory.path()})), 7, {"directory"});
    expect_failure(llmx(explained({"--json", directory / "x", "--tensors", directory / "x"})), 2,
                   {"--json, --tensors"});
    expect_failure(llmx(explained({"--tensors", "-"})), 2, {"--tensors"});
}

// A table is not written over what is read, or over what else is written.
TEST(Output, EveryFileIsAnother) {
    const TemporaryDirectory directory;
    const std::string requests = directory / "requests.jsonl";
    const std::string text = R"({"prompt_ids": [5, 6], "answer_ids": [7], "method": "saliency"})";
    spill(requests, text);
    const std::string model = golden("llamamha-tiny.gguf");
    const std::string out = directory / "out.jsonl", same = directory / "./out.jsonl";
    const auto refused = [](const Arguments& arguments, const std::vector<std::string>& words) {
        expect_failure(llmx(arguments), 2, words);
    };
    const Arguments batch = {"batch", requests, "--model", model, "--out"};
    refused(joined(batch, {out, "--csv", requests}), {"requests, --csv", "two files"});
    refused(joined(batch, {out, "--csv", same}), {"--out, --csv", "two files"});
    refused(joined(batch, {directory / "results", "--csv", directory / "results/1.json"}),
            {"--csv", "results"});
    refused(joined(batch, {out, "--csv", "-"}), {"--csv", "standard output"});
    const Arguments evaluate = {"evaluate", "--model", model, "--requests", requests, "--csv"};
    refused(joined(evaluate, {requests}), {"--requests, --csv", "two files"});
    refused(joined(evaluate, {out, "--json", same}), {"--json, --csv", "two files"});
    refused(joined(evaluate, {"-"}), {"--csv", "standard output"});
    EXPECT_EQ(slurp(requests), text);
}

TEST(Output, FullDiskLeavesTheOldFileAndNothingElse) {
    const TemporaryDirectory directory;
    spill(directory / "result.json", "old result");
    RunOptions options;
    options.largest_file = 1000;
    const Outcome run = llmx(explained({"--quiet", "--json", directory / "result.json"}), options);
    expect_failure(run, 7, {"result.json", "cannot write"});
    EXPECT_EQ(slurp(directory / "result.json"), "old result");
    EXPECT_EQ(directory.count(), 1);
}

TEST(Output, WhatCanBeWrittenIsWritten) {
    const TemporaryDirectory directory;
    const Outcome run = llmx(explained({"--tensors", directory / "t.safetensors", "--json", "/dev/full"}));
    EXPECT_EQ(run.code, 7) << run.err;
    EXPECT_NE(run.err.find("No space left"), std::string::npos) << run.err;
    EXPECT_NE(run.out.find("Prompt by gradient"), std::string::npos);
    EXPECT_TRUE(std::filesystem::exists(directory / "t.safetensors"));
}

TEST(Output, AFullFileSystem) {
    const TemporaryDirectory directory;
    if (mount("tmpfs", directory.path().c_str(), "tmpfs", 0, "size=8k") != 0) {
        GTEST_SKIP() << "needs the right to mount";
    }
    spill(directory / "old.json", std::string(4000, 'x'));
    const Outcome run = llmx(explained({"--quiet", "--raw", "--json", directory / "old.json"}));
    const std::string old = slurp(directory / "old.json");
    const int files = directory.count();
    umount(directory.path().c_str());
    expect_failure(run, 7, {"No space left", "free some space"});
    EXPECT_EQ(old, std::string(4000, 'x'));
    EXPECT_EQ(files, 1);
}

TEST(Output, FullStandardOutput) {
    RunOptions options;
    options.standard_output = "/dev/full";
    expect_failure(llmx(explained({"--json", "-"}), options), 7, {"standard output"});
    expect_failure(llmx(explained({}), options), 7, {"standard output"});
    expect_failure(llmx({"model", golden("llama-tiny.gguf")}, options), 7, {"standard output"});
}

class Interrupt : public testing::TestWithParam<int> {};

TEST_P(Interrupt, EndsALongRunAndLeavesTheOldFiles) {
    const TemporaryDirectory directory;
    spill(directory / "result.json", "old result");
    LiveRun run({"explain", "--model", golden("llama-tiny.gguf"), "--prompt", "Once", "--context-tokens",
                 "100000", "--max-new-tokens", "90000", "--temperature", "1", "--repetition-penalty", "1.1",
                 "--json", directory / "result.json"});
    ASSERT_TRUE(run.wait_for_text());
    run.signal(GetParam());
    const Outcome end = run.finish();
    EXPECT_EQ(end.code, 128 + GetParam()) << end.err;
    EXPECT_FALSE(end.signalled);  // ended by itself
    EXPECT_NE(end.err.find("llmx: "), std::string::npos) << end.err;
    EXPECT_EQ(slurp(directory / "result.json"), "old result");
    EXPECT_EQ(directory.count(), 1);
}

INSTANTIATE_TEST_SUITE_P(Signals, Interrupt, testing::Values(SIGINT, SIGTERM));

}  // namespace
}  // namespace llmx::test

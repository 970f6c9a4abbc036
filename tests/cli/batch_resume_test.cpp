// llmx batch, interrupted in every way: the results are those of a run that was not.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <random>
#include <thread>

#include "batch_support.hpp"

namespace llmx::test {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

std::size_t size_of(const fs::path& path) {
    std::error_code error;
    const auto size = fs::file_size(path, error);
    return error ? 0 : size;
}

/// Waits until a batch's journal has grown, or has become its result; false where neither is so in a minute.
bool grows(const fs::path& journal, std::size_t from) {
    fs::path result = journal;
    result.replace_extension();
    for (int i = 0; i < 30000; ++i) {
        if (size_of(journal) > from || fs::exists(result)) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return false;
}

TEST(BatchResume, KilledAgainAndAgain) {
    BatchFiles files;
    for (int i = 13; i <= 20; ++i) files.requests.push_back(good_request(i));
    files.write();
    const std::string expected = files.expected();
    std::mt19937 random(std::random_device{}());
    const fs::path journal = files.directory / "results.jsonl.partial";
    int kills = 0;
    while (!fs::exists(files.directory / "results.jsonl")) {
        ASSERT_LT(kills, 100);
        const std::size_t before = size_of(journal);
        LiveRun run(files.arguments({"--jobs", kills % 2 == 0 ? "1" : "2"}));
        ASSERT_TRUE(grows(journal, before));
        std::this_thread::sleep_for(std::chrono::milliseconds(random() % 20));
        run.signal(SIGKILL);
        run.finish();
        ++kills;
    }
    EXPECT_GT(kills, 2);
    EXPECT_EQ(llmx(files.arguments()).code, 1);
    EXPECT_EQ(without_measurements(files.results()), expected);
    EXPECT_EQ(files.directory.count(), 2);
}

TEST(BatchResume, CtrlCKeepsWhatIsDone) {
    BatchFiles files;
    files.requests.clear();
    for (int i = 1; i <= 150; ++i) files.requests.push_back(good_request(i));
    files.write();
    LiveRun run(files.arguments());
    ASSERT_TRUE(grows(files.directory / "results.jsonl.partial", 0));
    run.signal(SIGINT);
    const Outcome end = run.finish();
    EXPECT_EQ(end.code, 130) << end.err;
    EXPECT_FALSE(end.signalled);
    EXPECT_TRUE(has(end.err, "interrupted") && has(end.err, "results.jsonl.partial")) << end.err;
    EXPECT_FALSE(fs::exists(files.directory / "results.jsonl"));
    const std::string kept = slurp(files.directory / "results.jsonl.partial");
    ASSERT_TRUE(kept.ends_with('\n'));
    const std::size_t done = lines_of(kept).size();
    ASSERT_LT(done, 150U);
    const Outcome rest = llmx(files.arguments());
    EXPECT_EQ(rest.code, 0) << rest.err;
    EXPECT_TRUE(has(rest.out, std::to_string(150 - done) + " done now, " + std::to_string(done) + " before"))
        << rest.out;
    EXPECT_TRUE(files.results().starts_with(kept));  // nothing is done twice
    EXPECT_EQ(lines_of(files.results()).size(), 150U);
}

TEST(BatchResume, ATornLastLineIsDoneAgain) {
    const BatchFiles files;
    const std::string expected = files.expected();
    llmx(files.arguments());
    const std::string whole = files.results();
    const auto lines = lines_of(whole);
    const std::size_t five = joined({lines.begin(), lines.begin() + 5}).size();
    for (const char* file : {"results.jsonl.partial", "results.jsonl"}) {
        fs::remove(files.directory / "results.jsonl");
        spill(files.directory / file, whole.substr(0, five + lines[5].size() / 2));
        const Outcome run = llmx(files.arguments());
        EXPECT_TRUE(has(run.err, "incomplete")) << run.err;
        EXPECT_TRUE(has(run.out, "6 done now, 4 before, 2 failed")) << run.out;
        EXPECT_EQ(without_measurements(files.results()), expected) << file;
        EXPECT_EQ(files.directory.count(), 2);
    }
}

TEST(BatchResume, NothingIsDoneTwice) {
    const BatchFiles files;
    llmx(files.arguments());
    const std::string before = files.results();
    const Outcome run = llmx(files.arguments());
    EXPECT_EQ(run.code, 1);
    EXPECT_TRUE(has(run.out, "0 done now, 10 before, 2 failed")) << run.out;
    EXPECT_EQ(files.results(), before);
    EXPECT_EQ(files.directory.count(), 2);
}

TEST(BatchResume, AChangedRequestIsDoneAgainAndSaysSo) {
    BatchFiles files;
    llmx(files.arguments());
    const auto before = lines_of(files.results());
    files.requests[1] = R"({"id": "r2", "prompt_ids": [7, 6], "answer_ids": [20]})";
    files.requests.push_back(good_request(13));
    files.write();
    const Outcome run = llmx(files.arguments());
    EXPECT_TRUE(has(run.err, "1 changed since") && has(run.err, "r2")) << run.err;
    EXPECT_TRUE(has(run.out, "2 done now, 9 before, 2 failed")) << run.out;
    const auto after = lines_of(files.results());
    ASSERT_EQ(after.size(), 13U);
    EXPECT_EQ(json::parse(after[1])["prompt_ids"], (json{7, 6}));
    for (std::size_t i = 0; i < 12; ++i) {
        if (i == 1) continue;
        EXPECT_EQ(after[i], before[i]);  // timings too
    }
    // Other options for all are another request for all but that which cannot be read.
    EXPECT_TRUE(has(llmx(files.arguments({"--measure", "logit"})).out, "11 done now, 0 before, 2 failed"));
}

TEST(BatchResume, ATextFileThatChangedIsAChange) {
    BatchFiles files;
    spill(files.directory / "prompt.txt", "Once");
    files.requests = {json{{"prompt_file", files.directory / "prompt.txt"}, {"answer_ids", {7}}}.dump()};
    files.write();
    EXPECT_EQ(llmx(files.arguments()).code, 0);
    EXPECT_TRUE(has(llmx(files.arguments()).out, "0 done now"));
    spill(files.directory / "prompt.txt", "Twice");
    EXPECT_TRUE(has(llmx(files.arguments()).out, "1 done now"));
}

TEST(BatchResume, AnotherModelUnderTheSameNameIsNoticed) {
    BatchFiles files;
    const std::string model = files.directory / "m.gguf";
    files.requests = {json{{"prompt_ids", {5, 6}}, {"answer_ids", {7, 8}}, {"model", model}}.dump()};
    files.write();
    fs::copy_file(golden("llama-tiny.gguf"), model);
    EXPECT_EQ(llmx(files.arguments()).code, 0);
    EXPECT_TRUE(has(llmx(files.arguments()).out, "0 done now, 1 before"));
    ASSERT_EQ(llmx({"quantize", golden("llama-tiny.gguf"), model, "--type", "Q8_0"}).code, 0);
    const Outcome run = llmx(files.arguments());
    EXPECT_TRUE(has(run.out, "1 done now, 0 before")) << run.out;
    EXPECT_TRUE(has(run.err, "another model file")) << run.err;
    EXPECT_EQ(json::parse(files.results())["model"]["type"], "Q8_0");
    const std::string before = files.results();
    fs::remove(model);
    const Outcome gone = llmx(files.arguments());
    EXPECT_EQ(gone.code, 0);
    EXPECT_TRUE(has(gone.err, "kept unchecked")) << gone.err;
    EXPECT_EQ(files.results(), before);
}

TEST(BatchResume, FailedOnesAreTriedAgainWhenAsked) {
    BatchFiles files;
    const std::string model = files.directory / "later.gguf";
    files.requests = {good_request(2),
                      json{{"prompt_ids", {5, 6}}, {"answer_ids", {7}}, {"model", model}}.dump()};
    files.write();
    EXPECT_EQ(llmx(files.arguments()).code, 1);
    fs::copy_file(golden("llama-tiny.gguf"), model);
    EXPECT_EQ(llmx(files.arguments()).code, 1);
    const Outcome run = llmx(files.arguments({"--retry-failed"}));
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_TRUE(has(run.out, "1 done now, 1 before, 0 failed")) << run.out;
    EXPECT_FALSE(json::parse(lines_of(files.results())[1]).contains("error"));
}

TEST(BatchResume, AFullDiskKeepsWhatIsDone) {
    const BatchFiles files;
    const std::string expected = files.expected();
    const std::size_t line = expected.find('\n');
    RunOptions options;
    options.largest_file = 4 * line;
    const Outcome run = llmx(files.arguments({"--quiet"}), options);
    expect_failure(run, 7, {"results.jsonl.partial", "cannot write", "kept"});
    const std::string kept = files.results("results.jsonl.partial");
    EXPECT_TRUE(kept.ends_with('\n'));
    const std::size_t done = lines_of(kept).size();
    ASSERT_GT(done, 0U);
    ASSERT_LT(done, 12U);
    const Outcome rest = llmx(files.arguments());
    int good = 0;
    for (const std::string& text : lines_of(kept)) good += json::parse(text).contains("error") ? 0 : 1;
    EXPECT_TRUE(has(rest.out, std::to_string(good) + " before")) << rest.out;
    EXPECT_EQ(without_measurements(files.results()), expected);
}

TEST(BatchResume, AFullFileSystemKeepsWhatWasThere) {
    BatchFiles files;
    fs::create_directory(files.directory / "small");
    if (mount("tmpfs", (files.directory / "small").c_str(), "tmpfs", 0, "size=64k") != 0)
        GTEST_SKIP() << "needs the right to mount";
    std::string before, after;
    Outcome run;
    files.requests.resize(3);
    files.write();
    llmx(files.arguments({}, "small/results.jsonl"));
    before = files.results("small/results.jsonl");
    for (int i = 4; i <= 60; ++i) files.requests.push_back(good_request(i));
    files.write();
    run = llmx(files.arguments({"--quiet"}, "small/results.jsonl"));
    after = files.results("small/results.jsonl");
    umount((files.directory / "small").c_str());
    expect_failure(run, 7, {"No space left", "free some space"});
    EXPECT_EQ(lines_of(before).size(), 3U);
    EXPECT_EQ(after, before);
}

TEST(BatchResume, TwoBatchesDoNotWriteToOnePlace) {
    const BatchFiles files;
    const int held = open((files.directory / "results.jsonl.partial").c_str(), O_RDWR | O_CREAT, 0666);
    ASSERT_EQ(flock(held, LOCK_EX), 0);
    expect_failure(llmx(files.arguments()), 7, {"another llmx batch"});
    close(held);
    EXPECT_EQ(llmx(files.arguments()).code, 1);
}

}  // namespace
}  // namespace llmx::test

// llmx batch: what it gives, and what it refuses.

#include <gtest/gtest.h>
#include <sys/mount.h>

#include "batch_support.hpp"

namespace llmx::test {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

TEST(Batch, ABadRequestDoesNotStopTheRest) {
    const BatchFiles files;
    const Outcome run = llmx(files.arguments());
    EXPECT_EQ(run.code, 1) << run.err;
    EXPECT_TRUE(has(run.out, "12 requests: 10 done now, 0 before, 2 failed")) << run.out;
    EXPECT_TRUE(has(run.err, "llmx: batch: 2 of 12 requests failed")) << run.err;
    const auto lines = lines_of(files.results());
    ASSERT_EQ(lines.size(), 12U);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const json line = json::parse(lines[i]);
        EXPECT_EQ(line["line"], i + 1);
        const json request = json::parse(files.requests[i]);
        EXPECT_EQ(line["id"], request.contains("id") ? request["id"] : json(nullptr));
        if (i == 3 || i == 8) continue;
        EXPECT_EQ(line["schema"], "llm-explainer/1");
        EXPECT_EQ(line["prompt_ids"], request["prompt_ids"]);
        EXPECT_EQ(line.contains("Gradient"), request["method"] == "gradient");
    }
    const json unknown = json::parse(lines[3])["error"];
    EXPECT_EQ(unknown["code"], 2);
    EXPECT_TRUE(has(unknown["message"], "\"promt\"")) << unknown;
    EXPECT_EQ(json::parse(lines[8])["error"]["code"], 3);
    EXPECT_EQ(files.directory.count(), 2);  // requests and results, nothing half done
}

TEST(Batch, ALineIsWhatExplainGives) {
    const BatchFiles files;
    llmx(files.arguments());
    const json line = json::parse(lines_of(files.results())[1]);
    json alone = json_of({"explain", "--model", golden("llama-tiny.gguf"), "--max-new-tokens", "4",
                          "--threads", "1", "--prompt-ids", "7,6,7,8,9,12", "--answer-ids", "20,23",
                          "--method", "leave_one_out", "--json", "-"});
    for (const auto& [key, value] : alone.items()) {
        if (key == "timings_s" || key == "peak_rss_bytes") continue;
        EXPECT_EQ(line[key], value) << key;
    }
}

TEST(Batch, ALinesKeysGoBeforeTheCommandLines) {
    BatchFiles files;
    files.requests = {R"({"prompt_ids": [5, 6], "answer_ids": [7], "method": "gradient"})",
                      R"({"prompt_ids": [5, 6], "answer_ids": [7]})", "",
                      R"({"prompt_ids": [5, 6], "answer_ids": [7], "model": "/no/model"})"};
    files.write();
    llmx(files.arguments({"--method", "saliency"}));
    const auto lines = lines_of(files.results());
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_EQ(json::parse(lines[0])["command"]["method"], json::array({"gradient"}));
    EXPECT_EQ(json::parse(lines[1])["command"]["method"], json::array({"saliency"}));
    EXPECT_EQ(json::parse(lines[2])["line"], 4);  // of the file, the blank one counted
    EXPECT_EQ(json::parse(lines[2])["error"]["code"], 4);
}

TEST(Batch, SeveralJobsGiveTheSameBits) {
    const BatchFiles files;
    const std::string expected = files.expected();
    const Outcome run = llmx(files.arguments({"--jobs", "2"}));
    EXPECT_EQ(run.code, 1) << run.err;
    EXPECT_EQ(without_measurements(files.results()), expected);
    EXPECT_EQ(files.directory.count(), 2);
}

TEST(Batch, JobsWaitForMemory) {
    const BatchFiles files;
    const std::string expected = files.expected();
    const Outcome run = llmx(files.arguments({"--jobs", "3", "--memory", "1"}));
    EXPECT_EQ(run.code, 1);
    EXPECT_TRUE(has(run.err, "not enough memory for that many jobs")) << run.err;
    EXPECT_EQ(without_measurements(files.results()), expected);
    fs::remove(files.directory / "results.jsonl");
    EXPECT_FALSE(has(llmx(files.arguments({"--jobs", "3", "--memory", "4GB"})).err, "memory"));
}

TEST(Batch, SeveralModels) {
    BatchFiles files;
    files.requests.clear();
    const std::vector<std::string> models = {"llama-tiny.gguf", "qwen2-tiny.gguf", "gpt2-tiny.gguf",
                                             "qwen3-tiny.gguf"};
    for (int i = 0; i < 8; ++i) {
        files.requests.push_back(json{{"prompt_ids", {5, 6, 7}},
                                      {"answer_ids", {8}},
                                      {"model", golden(models[static_cast<std::size_t>(i) % 4])}}
                                     .dump());
    }
    files.write();
    const Outcome run = llmx(files.arguments({"--jobs", "2"}));
    EXPECT_EQ(run.code, 0) << run.err;
    const auto lines = lines_of(files.results());
    ASSERT_EQ(lines.size(), 8U);
    for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(json::parse(lines[i])["model"]["path"], models[i % 4]);
}

TEST(Batch, ADirectoryHoldsAFileForEach) {
    BatchFiles files;
    const auto expected = lines_of(files.expected());
    const Outcome run = llmx(files.arguments({}, "results"));
    EXPECT_EQ(run.code, 1) << run.err;
    const fs::path results = files.directory / "results";
    const auto file = [&](const std::string& name) { return slurp(results / name); };
    EXPECT_EQ(without_measurements(file("r1.json")), expected[0] + "\n");
    EXPECT_EQ(without_measurements(file("000003.json")), expected[2] + "\n");
    EXPECT_EQ(file("bad.json"), expected[3] + "\n");
    EXPECT_EQ(file("9.json"), expected[8] + "\n");

    // A killed batch leaves some and a half written one; a line moved.
    fs::remove(results / "r1.json");
    fs::remove(results / "000003.json");
    spill(results / "r1.json.123-0.tmp", "{");
    spill(results / "notes.txt", "mine");
    std::swap(files.requests[1], files.requests[4]);  // r2 and r5
    files.write();
    const Outcome again = llmx(files.arguments({}, "results"));
    EXPECT_TRUE(has(again.out, "2 done now, 8 before, 2 failed")) << again.out;
    EXPECT_EQ(without_measurements(file("r1.json")), expected[0] + "\n");
    EXPECT_EQ(json::parse(file("r2.json"))["line"], 5);
    EXPECT_FALSE(fs::exists(results / "r1.json.123-0.tmp"));
    EXPECT_EQ(file("notes.txt"), "mine");
}

TEST(Batch, IdsMustBeNamesOfTheirOwn) {
    BatchFiles files;
    const auto with_id = [&](const std::string& id) {
        files.requests[6] = R"({"prompt_ids": [1, 2], "answer_ids": [3], "id": )" + id + "}";
        files.write();
    };
    for (const char* id : {R"("a/b")", R"("..")", R"("")", R"("a\u0000b")", R"("\u001b[2J")"}) {
        with_id(id);
        expect_failure(llmx(files.arguments({}, "results")), 3, {"line 7", "file name"});
        EXPECT_FALSE(fs::exists(files.directory / "results")) << id;
    }
    with_id(R"("a/b")");
    EXPECT_EQ(llmx(files.arguments()).code, 1);  // a line may have any id
    EXPECT_EQ(json::parse(lines_of(files.results())[6])["id"], "a/b");
    for (const char* id : {R"("r1")", R"("000003")"}) {
        with_id(id);
        expect_failure(llmx(files.arguments({}, "other.jsonl")), 3, {"line 7", "already"});
    }
    with_id("[1]");
    expect_failure(llmx(files.arguments({}, "other.jsonl")), 3, {"line 7", "id is array"});
    EXPECT_FALSE(fs::exists(files.directory / "other.jsonl"));
}

TEST(Batch, PlacesThatCannotBeWritten) {
    const BatchFiles files;
    expect_failure(llmx(files.arguments({}, "no/such/results.jsonl")), 7, {"no/such"});
    expect_failure(llmx(files.arguments({}, "no/such/results")), 7, {"no/such/results"});
    expect_failure(llmx(files.arguments({}, "requests.jsonl")), 2, {"requests.jsonl", "file of requests"});
    expect_failure(llmx({"batch", files.directory / "requests.jsonl"}), 2, {"--out"});
    expect_failure(llmx({"batch", "--out", "x.jsonl"}), 2, {"no requests"});
    expect_failure(llmx({"batch", "/no/requests", "--out", files.directory / "x.jsonl"}), 3,
                   {"/no/requests"});
    for (const char* foreign :
         {"a diary\n", "a diary", "{\"id\": 1}\n", "{\"schema\":\"llm-explainer/1\"}"}) {
        spill(files.directory / "diary.jsonl", foreign);
        expect_failure(llmx(files.arguments({}, "diary.jsonl")), 3,
                       {"diary.jsonl", "line 1", "not a result"});
        EXPECT_EQ(files.results("diary.jsonl"), foreign);
        EXPECT_EQ(files.directory.count(), 2);
    }
    fs::create_directory(files.directory / "results");
    spill(files.directory / "results" / "r1.json", "{}");
    expect_failure(llmx(files.arguments({}, "results")), 3, {"r1.json", "not a result"});
    EXPECT_EQ(files.results("results/r1.json"), "{}");
}

}  // namespace
}  // namespace llmx::test

// llmx explain on the tiny golden models: the numbers, the outputs, the ways to ask.

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>

#include "program.hpp"
#include "support/compare.hpp"
#include "support/golden_file.hpp"
#include "support/measured.hpp"
#include "support/temporary.hpp"

namespace llmx::test {
namespace {

using nlohmann::json;

std::string list(const std::vector<std::int32_t>& ids) { return json(ids).dump(); }

std::vector<float> flat(const json& value) {
    if (value.is_number()) return {value.get<float>()};
    std::vector<float> all;
    for (const json& entry : value) {
        for (const float number : flat(entry)) all.push_back(number);
    }
    return all;
}

/// What the original toolbox was asked, token by token.
class Original {
public:
    Original() {
        const auto sequence = file.ids("sequence_ids");
        prompt = file.ids("prompt_ids");
        answer.assign(sequence.begin() + static_cast<std::ptrdiff_t>(prompt.size()), sequence.end());
    }
    [[nodiscard]] Arguments arguments(const Arguments& more = {}) const {
        Arguments all = {"explain",      "--model",     golden("llamamha-tiny.gguf"),
                         "--prompt-ids", list(prompt),  "--answer-ids",
                         list(answer),   "--label-ids", list(file.ids("label_ids")),
                         "--objective",  "aligned"};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }

    GoldenFile file{golden("llamamha-tiny.reference.gguf")};
    std::vector<std::int32_t> prompt, answer;
};

TEST(Explain, AReplayGivesTheOriginalsNumbers) {
    const Original original;
    const json j = json_of(original.arguments({"--json", "-", "--raw", "--method", "attention,gradient"}));
    const auto near = [&](const json& value, const char* name, double measured) {
        EXPECT_MEASURED(max_difference(flat(value), original.file.floats(name)), measured) << name;
    };
    // saliency_map is rounded to 3 decimals on both sides, pair_result to 5.
    EXPECT_LE(max_difference(flat(j["Gradient"]["saliency_map"]), original.file.floats("saliency_map")),
              1.001e-3);
    near(j["Gradient"]["gradient"], "embedding_gradient", 1e-5);
    near(j["Attention"]["pair_result"]["attention"], "pair_attention", 2e-5);
    near(j["Attention"]["pair_result"]["attention_mean"], "pair_attention_mean", 2e-5);
    near(j["Attention"]["attention_result"]["mean_group_df"], "mean_group", 1e-4);
    near(j["Attention"]["attention_result"]["median_raw_df"], "median_raw", 1e-4);
}

TEST(Explain, JsonHasEveryKeyAndNothingElseIsWritten) {
    const Original original;
    const Outcome run = llmx(original.arguments({"--json", "-", "--method", "attention,gradient"}));
    EXPECT_EQ(run.code, 0);
    EXPECT_EQ(run.err, "");
    EXPECT_EQ(std::count(run.out.begin(), run.out.end(), '\n'), 1);
    const json j = json::parse(run.out);
    for (const char* key :
         {"schema",      "version",      "command",       "model",         "task",           "prompt_text",
          "answer_text", "label_text",   "prompt_ids",    "answer_ids",    "label_ids",      "token_logprobs",
          "objective",   "Prompt",       "Decode_output", "Prediction",    "partial_tokens", "Attention",
          "Gradient",    "attributions", "timings_s",     "peak_rss_bytes"}) {
        EXPECT_TRUE(j.contains(key)) << key;
    }
    for (const char* stage : {"load", "generate", "replay", "attention", "gradient", "total"}) {
        EXPECT_TRUE(j["timings_s"].contains(stage)) << stage;
    }
    EXPECT_EQ(j["prompt_ids"], json(original.prompt));
    EXPECT_EQ(j["answer_ids"], json(original.answer));
    EXPECT_EQ(j["Prompt"].size(), original.prompt.size());
    EXPECT_EQ(j["Decode_output"].size(), original.answer.size());
    EXPECT_EQ(j["objective"]["name"], "aligned");
    EXPECT_EQ(j["model"]["path"], "llamamha-tiny.gguf");
    EXPECT_EQ(j["attributions"], json::array());
}

TEST(Explain, MethodsAreOnlyThoseAskedFor) {
    const Original original;
    const json j = json_of(
        original.arguments({"--json", "-", "--method", "gradient", "--per-token", "--sources", "all"}));
    EXPECT_FALSE(j.contains("Attention"));
    ASSERT_EQ(j["attributions"].size(), 2U);
    EXPECT_EQ(j["attributions"][0]["method"], "saliency");
    EXPECT_EQ(j["attributions"][1]["signed"], true);
    EXPECT_EQ(j["attributions"][0]["scores"].size(), original.answer.size());
    EXPECT_EQ(j["attributions"][0]["scores"][0].size(), original.prompt.size() + original.answer.size());
}

TEST(Explain, TensorsCanBeRead) {
    const TemporaryDirectory directory;
    const Original original;
    const Outcome run =
        llmx(original.arguments({"--quiet", "--attention-weights", "--tensors", directory / "t"}));
    ASSERT_EQ(run.code, 0) << run.err;
    EXPECT_EQ(run.out, "");
    const std::string bytes = slurp(directory / "t");
    std::uint64_t length = 0;
    ASSERT_GT(bytes.size(), 8U);
    std::memcpy(&length, bytes.data(), 8);
    const json header = json::parse(bytes.substr(8, length));
    EXPECT_EQ(header["__metadata__"]["schema"], "llm-explainer/1");
    const auto tensor = [&](const char* name) {
        const std::size_t first = header.at(name)["data_offsets"][0],
                          last = header.at(name)["data_offsets"][1];
        std::vector<float> values((last - first) / sizeof(float));
        std::memcpy(values.data(), bytes.data() + 8 + length + first, last - first);
        return values;
    };
    EXPECT_MEASURED(max_difference(tensor("gradient"), original.file.floats("embedding_gradient")), 1e-5);
    EXPECT_MEASURED(max_difference(tensor("attention_result.median_raw"), original.file.floats("median_raw")),
                    1e-4);
    // [heads, rows, keys]: each row of softmax weights sums to 1.
    const auto weights = tensor("attention.0");
    const std::size_t heads = 4, keys = original.prompt.size() + original.answer.size();
    ASSERT_EQ(weights.size(), heads * original.answer.size() * keys);
    for (std::size_t row = 0; row < heads * original.answer.size(); ++row) {
        double sum = 0;
        for (std::size_t k = 0; k < keys; ++k) sum += weights[row * keys + k];
        EXPECT_CLOSE(sum, 1, 1e-5);
    }
}

TEST(Explain, ItsOwnGenerationIsTheOriginals) {
    const Original original;
    const json j = json_of({"explain", "--model", golden("llamamha-tiny.gguf"), "--prompt-ids",
                            list(original.prompt), "--label-ids", list(original.file.ids("label_ids")),
                            "--objective", "aligned", "--max-new-tokens", "8", "--json", "-"});
    EXPECT_EQ(j["answer_ids"], json(original.answer));
    EXPECT_LE(max_difference(flat(j["Gradient"]["saliency_map"]), original.file.floats("saliency_map")),
              1.001e-3);
}

/// Two results that differ in time and memory only.
void expect_same(json a, json b) {
    for (json* j : {&a, &b}) {
        j->erase("timings_s");
        j->erase("peak_rss_bytes");
    }
    EXPECT_EQ(a, b);
}

TEST(Explain, ARequestIsTheFlags) {
    const json request = {{"model", golden("llama-tiny.gguf")},
                          {"prompt", "The shop is open"},
                          {"max_new_tokens", 6},
                          {"temperature", 0.8},
                          {"seed", 7},
                          {"label", "nine"},
                          {"method", {"gradient"}},
                          {"per_token", true},
                          {"strict", false},
                          {"json", "-"},
                          {"memory_budget", "1GB"},
                          {"answer", nullptr}};
    RunOptions options;
    options.input = request.dump();
    const json asked = json_of({"explain", "--request", "-"}, options);
    const json flags = json_of({"explain",
                                "--model",
                                golden("llama-tiny.gguf"),
                                "--prompt",
                                "The shop is open",
                                "--max-new-tokens",
                                "6",
                                "--temperature",
                                "0.8",
                                "--seed",
                                "7",
                                "--label",
                                "nine",
                                "--method",
                                "gradient",
                                "--per-token",
                                "--json",
                                "-",
                                "--memory-budget",
                                "1GB"});
    expect_same(asked, flags);
    EXPECT_EQ(flags["command"]["memory_budget"], 1 << 30);
}

TEST(Explain, AFlagGoesBeforeTheRequest) {
    const TemporaryDirectory directory;
    spill(directory / "request.json", json({{"model", golden("llama-tiny.gguf")},
                                            {"prompt_ids", {5, 6, 7}},
                                            {"answer_ids", {8}},
                                            {"method", "attention"}})
                                          .dump());
    const json j =
        json_of({"explain", "--request", directory / "request.json", "--answer-ids", "9,10", "--json", "-"});
    EXPECT_EQ(j["answer_ids"], (json{9, 10}));
    EXPECT_EQ(j["prompt_ids"], (json{5, 6, 7}));
    EXPECT_FALSE(j.contains("Gradient"));
}

TEST(Explain, TheCommandOfAResultRepeatsIt) {
    const json first =
        json_of({"explain", "--model", golden("llama-tiny.gguf"), "--prompt", "Dear \"friend\"\n",
                 "--max-new-tokens", "4", "--temperature", "0.7", "--top-p", "0.9", "--json", "-"});
    RunOptions options;
    options.input = first["command"].dump();
    expect_same(first, json_of({"explain", "--request", "-", "--json", "-"}, options));
    EXPECT_EQ(first["command"]["temperature"].dump(), "0.7");
    EXPECT_EQ(first["command"]["layer_names"], (json{"q_proj", "k_proj", "v_proj"}));
    EXPECT_EQ(first["command"]["top_k"], 0);
}

TEST(Explain, TextsComeFromFilesAndStandardInputToo) {
    const TemporaryDirectory directory;
    spill(directory / "prompt.txt", "Open today?\n");
    spill(directory / "label.txt", "yes");
    spill(directory / "ids.txt", "8 9\n10\n");
    const Arguments common = {"explain", "--model", golden("llama-tiny.gguf"), "--json", "-"};
    const auto with = [&](const Arguments& more, const std::string& input = "") {
        Arguments all = common;
        all.insert(all.end(), more.begin(), more.end());
        RunOptions options;
        options.input = input;
        return json_of(all, options);
    };
    const json direct = with({"--prompt", "Open today?", "--label", "yes", "--answer-ids", "8,9,10"});
    expect_same(direct, with({"--prompt-file", directory / "prompt.txt", "--label-file",
                              directory / "label.txt", "--answer-ids", directory / "ids.txt"}));
    expect_same(direct, with({"--prompt", "-", "--label", "yes", "--answer-ids", "8,9,10"}, "Open today?\n"));
    expect_same(direct,
                with({"--prompt-file", "-", "--label", "yes", "--answer-ids", "8,9,10"}, "Open today?"));
    expect_same(direct,
                with({"--prompt", "Open today?", "--label-file", "-", "--answer-ids", "8,9,10"}, "yes"));
    expect_same(direct,
                with({"--prompt", "Open today?", "--label", "yes", "--answer-ids", "-"}, "[8, 9, 10]"));
    EXPECT_EQ(direct["prompt_text"].get<std::string>().find("Open"),
              direct["prompt_text"].get<std::string>().size() - 11);
}

TEST(Explain, AChatTemplateForModelsWithoutOne) {
    const TemporaryDirectory directory;
    spill(directory / "chat.jinja", "{% for m in messages %}<{{ m.content }}>{% endfor %}");
    const auto with = [&](const Arguments& more) {
        Arguments all = {"explain", "--model", golden("llama-tiny.gguf"), "--answer-ids", "8,9",
                         "--json",  "-"};
        all.insert(all.end(), more.begin(), more.end());
        return json_of(all);
    };
    const json templated =
        with({"--system", "A", "--user", "b?", "--chat-template-file", directory / "chat.jinja"});
    EXPECT_EQ(templated["prompt_ids"], with({"--prompt", "<A><b?>"})["prompt_ids"]);
    RunOptions again;
    again.input = templated["command"].dump();
    expect_same(templated, json_of({"explain", "--request", "-", "--json", "-"}, again));
}

TEST(Explain, AnAnswerFromElsewhere) {
    const json j = json_of({"explain", "--model", golden("llama-tiny.gguf"), "--prompt", "Open?", "--answer",
                            " On Monday.", "--json", "-"});
    EXPECT_EQ(j["answer_text"], " On Monday.");
    EXPECT_EQ(j["objective"]["name"], "generated");
    const auto logprobs = flat(j["token_logprobs"]);
    double sum = 0;
    for (const float l : logprobs) sum += l;
    EXPECT_CLOSE(j["objective"]["value"].get<double>(), sum, 1e-4);
    const double count = static_cast<double>(logprobs.size());
    EXPECT_CLOSE(std::log(j["perplexity"].get<double>()), -sum / count, 1e-6);
}

TEST(Explain, SplitCharactersAreMarked) {
    const json tokens = json_of(
        {"tokenize", "--model", golden("llama-tiny.gguf"), "--as-prompt", "\U0001F98A", "--json", "-"});
    ASSERT_GT(tokens["ids"].size(), 1U);  // the tiny vocabulary has bytes only
    const json j = json_of({"explain", "--model", golden("llama-tiny.gguf"), "--prompt", "\U0001F98A",
                            "--answer-ids", "8", "--json", "-"});
    EXPECT_GE(j["partial_tokens"].size(), 2U);
    for (const json& index : j["partial_tokens"]) {
        EXPECT_NE(j["Prompt"][index.get<std::size_t>()].get<std::string>().find("\uFFFD"), std::string::npos);
    }
    EXPECT_NE(j["prompt_text"].get<std::string>().find("\U0001F98A"), std::string::npos);
}

}  // namespace
}  // namespace llmx::test

// llmx explain for every task: from texts to numbers, against PyTorch's on the tiny checkpoints.

#include <gtest/gtest.h>

#include <cmath>

#include "program.hpp"
#include "support/compare.hpp"
#include "support/golden_file.hpp"
#include "support/measured.hpp"
#include "support/temporary.hpp"
#include "support/tensors_file.hpp"

namespace llmx::test {
namespace {

using nlohmann::json;

std::vector<float> flat(const json& value) {
    if (value.is_number()) return {value.get<float>()};
    std::vector<float> all;
    for (const json& entry : value) {
        for (const float number : flat(entry)) all.push_back(number);
    }
    return all;
}

RunOptions input_of(const json& request) {
    RunOptions options;
    options.input = request.dump();
    return options;
}

double cross_entropy(const std::vector<float>& logits, std::size_t place) {
    double sum = 0;
    for (const float z : logits) sum += std::exp(static_cast<double>(z));
    return std::log(sum) - logits[place];
}

/// The golden question, asked of the directory or of the GGUF with the head beside it.
class Question : public testing::TestWithParam<Arguments> {
protected:
    const GoldenFile file{golden("bertqa-tiny.golden.gguf")};
    const std::string question = file.text("golden.question");
    const std::string context = file.text("golden.context");

    [[nodiscard]] Arguments arguments(const Arguments& more) const {
        return joined(joined({"explain", "--question", question, "--context", context}, GetParam()), more);
    }
};

TEST_P(Question, AgreesWithPyTorch) {
    const TemporaryDirectory directory;
    const json j = json_of(arguments({"--json", "-", "--method", "attention,gradient", "--tensors",
                                      directory / "t", "--attention-weights"}));
    EXPECT_EQ(j["task"], "question_answering");
    EXPECT_EQ(j["prompt_ids"], json(file.ids("ids")));
    EXPECT_MEASURED(relative_l2(flat(j["start_logits"]), file.floats("start_logits")), 1e-3);
    EXPECT_MEASURED(relative_l2(flat(j["end_logits"]), file.floats("end_logits")), 1e-3);
    const auto tensors = tensors_of(slurp(directory / "t"));
    for (int block = 0; block < 3; ++block) {
        const std::string name = "attention." + std::to_string(block);
        EXPECT_MEASURED(relative_l2(tensors.at(name), file.floats(name)), 1e-3) << name;
    }
    EXPECT_EQ(j["Gradient"]["saliency_map"].size(), j["Prompt"].size());
    EXPECT_EQ(j["Attention"]["pair_result"]["attention"].size(), j["Prompt"].size());
    EXPECT_EQ(j["Attention"]["mean"].size(), j["Prompt"].size());
    EXPECT_EQ(j["Attention"]["attention_result"]["mean_group_df"], json::array());
}

TEST_P(Question, TheSpanIsTheBestOneAndItsTextStandsInTheContext) {
    const json j = json_of(arguments({"--json", "-", "--method", "gradient"}));
    const json& span = j["span"];
    const auto start = flat(j["start_logits"]), end = flat(j["end_logits"]);
    // 13 is the context's first token, 50 its last; 30 tokens at most
    double best = -1e9;
    int at = 0, to = 0;
    for (int s = 13; s <= 50; ++s) {
        for (int e = s; e <= 50 && e - s < 30; ++e) {
            const double score =
                static_cast<double>(start[static_cast<std::size_t>(s)]) + end[static_cast<std::size_t>(e)];
            if (score > best) best = score, at = s, to = e;
        }
    }
    EXPECT_EQ(span["start_token"], at);
    EXPECT_EQ(span["end_token"], to);
    EXPECT_CLOSE(span["score"].get<double>(), best, 1e-5);
    const auto offsets = file.ids("offsets");
    EXPECT_EQ(span["start_char"], offsets[2 * static_cast<std::size_t>(at)]);
    EXPECT_EQ(span["end_char"], offsets[2 * static_cast<std::size_t>(to) + 1]);
    const std::size_t first = span["start_char"], last = span["end_char"];
    EXPECT_EQ(j["Prediction"], context.substr(first, last - first));
    EXPECT_EQ(j["objective"]["name"], "generated");
    EXPECT_CLOSE(j["objective"]["value"].get<double>(),
                 -cross_entropy(start, static_cast<std::size_t>(at)) -
                     cross_entropy(end, static_cast<std::size_t>(to)),
                 1e-4);
}

TEST_P(Question, ALabelBringsItsLossWithoutAMethod) {
    const json j = json_of(arguments({"--json", "-", "--label", "CUDA toolkit"}));
    EXPECT_EQ(j["command"]["method"], (json{"value_norm", "saliency", "gradient"}));
    EXPECT_FALSE(j["Gradient"]["saliency_map"].empty());
}

TEST_P(Question, TheLossOfALabel) {
    const json by_text =
        json_of(arguments({"--json", "-", "--label", "CUDA toolkit", "--method", "gradient"}));
    const std::size_t at = context.find("CUDA toolkit");
    const std::string span = std::to_string(at) + ":" + std::to_string(at + 12);
    const json by_span = json_of(arguments({"--json", "-", "--label-span", span, "--method", "gradient"}));
    EXPECT_EQ(by_text["Gradient"], by_span["Gradient"]);
    EXPECT_EQ(by_text["label_text"], "CUDA toolkit");
    const auto offsets = file.ids("offsets");
    std::size_t first = 13, last = 13;
    while (offsets[2 * first + 1] <= static_cast<int>(at)) ++first;
    while (offsets[2 * last + 1] < static_cast<int>(at) + 12) ++last;
    const double loss = (cross_entropy(flat(by_text["start_logits"]), first) +
                         cross_entropy(flat(by_text["end_logits"]), last)) /
                        2;
    EXPECT_EQ(by_text["objective"]["name"], "aligned");
    EXPECT_CLOSE(by_text["objective"]["value"].get<double>(), loss, 1e-4);
    const json teacher = json_of(
        arguments({"--json", "-", "--label-span", span, "--method", "gradient", "--objective", "teacher"}));
    EXPECT_CLOSE(teacher["objective"]["value"].get<double>(), -2 * loss, 1e-4);
    EXPECT_EQ(teacher["Gradient"]["saliency_map"], by_text["Gradient"]["saliency_map"]);
}

TEST_P(Question, LongContextsAreReadInWindows) {
    std::string text;
    for (int i = 0; i < 8; ++i) text += context + " ";
    const json j =
        json_of(joined({"explain", "--question", question, "--context", text, "--json", "-"}, GetParam()));
    EXPECT_GT(j["span"]["windows"].get<int>(), 3);
    EXPECT_LE(j["prompt_ids"].size(), 128U);
    const std::size_t first = j["span"]["start_char"], last = j["span"]["end_char"];
    EXPECT_EQ(j["answer_text"], text.substr(first, last - first));
    ASSERT_LE(j["prompt_ids"].size(), j["start_logits"].size());
}

// As for a head of SQuAD 1, which knows no question without an answer.
TEST(Questions, MustAnswerTakesTheBestSpan) {
    const auto found = [](const Arguments& more) {
        return json_of(joined({"explain", "--model", golden("bertqa-tiny"), "--question", "who?", "--context",
                               "man", "--json", "-"},
                              more));
    };
    const json none = found({});
    EXPECT_TRUE(none["span"]["no_answer"]);
    EXPECT_EQ(none["answer_text"], "");
    EXPECT_NE(none["warnings"].at(0).get<std::string>().find("`must_answer`"), std::string::npos);
    const json span = found({"--must-answer"});
    EXPECT_FALSE(span["span"]["no_answer"]);
    EXPECT_EQ(span["answer_text"], "n");
    EXPECT_LT(span["span"]["score"], none["span"]["score"]);
    EXPECT_EQ(span["warnings"].dump().find("must_answer"), std::string::npos);
}

TEST_P(Question, IdsWithTokenTypes) {
    Arguments ids = {"explain",
                     "--prompt-ids",
                     json(file.ids("ids")).dump(),
                     "--token-type-ids",
                     json(file.ids("token_type_ids")).dump(),
                     "--json",
                     "-"};
    const json given = json_of(joined(ids, GetParam()));
    const json texts = json_of(arguments({"--json", "-"}));
    EXPECT_EQ(given["start_logits"], texts["start_logits"]);
    EXPECT_EQ(given["span"]["start_token"], texts["span"]["start_token"]);
    EXPECT_FALSE(given["attributions"].empty());
    EXPECT_EQ(given["attributions"], texts["attributions"]);
    const json again = json_of({"explain", "--request", "-", "--json", "-"}, input_of(given["command"]));
    EXPECT_EQ(again["attributions"], given["attributions"]);
}

INSTANTIATE_TEST_SUITE_P(Models, Question,
                         testing::Values(Arguments{"--model", golden("bertqa-tiny")},
                                         Arguments{"--model", golden("bertqa-tiny.gguf"), "--qa-head",
                                                   golden("bertqa-tiny/model.safetensors")}),
                         [](const auto& parameter) { return parameter.index == 0 ? "directory" : "gguf"; });

TEST(QuestionErrors, AreUnderstandable) {
    const Arguments asked = {"explain", "--question", "Who?", "--context", "Ada came."};
    const auto fails = [&](const Arguments& more, int code, const std::vector<std::string>& words) {
        expect_failure(llmx(joined(asked, more)), code, words);
    };
    const std::string directory = golden("bertqa-tiny");
    fails({"--model", golden("bertqa-tiny.gguf")}, 4, {"no question-answering head", "--qa-head"});
    fails({"--model", directory, "--label", "Bob"}, 3, {"--label", "\"Bob\"", "context"});
    fails({"--model", directory, "--label-span", "3:99"}, 3, {"--label-span", "3:99", "9"});
    fails({"--model", directory, "--label-span", "3-9"}, 2, {"--label-span", "\"3-9\"", "14:28"});
    fails({"--model", directory, "--answer", "Ada"}, 2, {"--answer"});
    fails({"--model", directory, "--per-token"}, 2, {"target"});
    fails({"--model", directory, "--ubatch", "4"}, 5, {"micro-batches"});
    fails({"--model", directory, "--source", "x"}, 2, {"--source does not go"});
    fails({"--model", directory, "--prompt", "x"}, 2, {"--prompt does not go"});
    fails({"--model", directory, "--context-tokens", "4"}, 6, {"question", "no room"});
    expect_failure(llmx({"explain", "--model", directory, "--prompt", "x"}), 5,
                   {"generative_text_chat", "encoder", "question_answering"});
    expect_failure(llmx({"explain", "--model", directory, "--prompt-ids", "2,5,3"}), 3, {"[CLS] question"});
    expect_failure(llmx({"explain", "--model", directory, "--task", "translation", "--source", "x"}), 5,
                   {"translation", "encoder-decoder"});
}

class Translation : public testing::TestWithParam<std::string> {
protected:
    const GoldenFile file{golden("t5-tiny.golden.gguf")};
    const std::string source = json(file.ids("encoder_ids")).dump();
    const std::string target = json(file.ids("target_ids")).dump();
    [[nodiscard]] Arguments arguments(const Arguments& more) const {
        return joined({"explain", "--model", golden(GetParam()), "--task", "translation", "--prompt-ids",
                       source, "--answer-ids", target},
                      more);
    }
};

std::vector<float> sum_of_targets(const std::vector<float>& all, std::size_t targets) {
    const std::size_t size = all.size() / targets;
    std::vector<float> sum(size, 0.0F);
    for (std::size_t i = 0; i < all.size(); ++i) sum[i % size] += all[i];
    return sum;
}

TEST_P(Translation, AgreesWithPyTorch) {
    const TemporaryDirectory directory;
    const json j = json_of(arguments({"--json", "-", "--method", "attention,gradient", "--tensors",
                                      directory / "t", "--attention-weights"}));
    EXPECT_MEASURED(relative_l2(flat(j["token_logprobs"]), file.floats("target_logprobs")), 1e-4);
    EXPECT_EQ(j["source_ids"], j["prompt_ids"]);
    EXPECT_EQ(j["decoder_inputs"][0], "<pad>");
    EXPECT_EQ(j["Attention"]["attention_result"]["mean_group_df"].size(), 6U);
    EXPECT_EQ(j["Attention"]["attention_result"]["mean_group_df"][0].size(), 16U);
    const auto tensors = tensors_of(slurp(directory / "t"));
    EXPECT_MEASURED(
        relative_l2(tensors.at("gradient"), sum_of_targets(file.floats("grad_encoder_per_target"), 6)), 5e-4);
    EXPECT_MEASURED(relative_l2(tensors.at("decoder_gradient"),
                                sum_of_targets(file.floats("grad_decoder_per_target"), 6)),
                    2e-3);
    for (const char* part : {"encoder_attention.", "decoder_attention.", "cross_attention."}) {
        for (int block = 0; block < 3; ++block) {
            const std::string name = part + std::to_string(block);
            EXPECT_MEASURED(relative_l2(tensors.at(name), file.floats(name)), 1e-4) << name;
        }
    }
    EXPECT_FALSE(tensors.contains("attention.0"));
}

TEST_P(Translation, PerTokenScoresStandAtSourceAndDecoderInputs) {
    const json j =
        json_of(arguments({"--json", "-", "--method", "saliency", "--per-token", "--sources", "all"}));
    const json& saliency = j["attributions"][0];
    EXPECT_EQ(saliency["units"].size(), 16U + 6U);
    EXPECT_EQ(saliency["units"][16]["text"], "<pad>");
    ASSERT_EQ(saliency["scores"].size(), 6U);
    const auto of_source = file.floats("grad_encoder_per_target");
    for (std::size_t t : {0U, 5U}) {
        for (std::size_t p : {0U, 15U}) {
            double norm = 0;
            for (std::size_t d = 0; d < 64; ++d) norm += std::pow(of_source[(t * 16 + p) * 64 + d], 2);
            EXPECT_CLOSE(saliency["scores"][t][p].get<double>() / std::sqrt(norm), 1, 1e-4);
        }
    }
    // what is read later cannot matter
    EXPECT_EQ(saliency["scores"][0][16 + 1].get<double>(), 0.0);
}

TEST_P(Translation, LabelsAgainstTheDecodersRows) {
    const json aligned = json_of(
        arguments({"--json", "-", "--method", "gradient", "--label-ids", target, "--objective", "aligned"}));
    double sum = 0;
    for (const float l : file.floats("target_logprobs")) sum += l;
    EXPECT_EQ(aligned["objective"]["name"], "aligned");
    EXPECT_CLOSE(aligned["objective"]["value"].get<double>(), -sum / 6, 1e-3);
    const json teacher = json_of(
        arguments({"--json", "-", "--method", "gradient", "--label-ids", target, "--objective", "teacher"}));
    EXPECT_CLOSE(teacher["objective"]["value"].get<double>(), sum, 1e-3);
}

TEST_P(Translation, GeneratesFromASource) {
    const json j =
        json_of({"explain", "--model", golden(GetParam()), "--task", "translation", "--source",
                 "The house is small.", "--prefix", "to German: ", "--max-new-tokens", "5", "--json", "-"});
    EXPECT_GE(j["answer_ids"].size(), 1U);
    EXPECT_EQ(j["command"]["prefix"], "to German: ");
    EXPECT_NE(j["source_text"].get<std::string>().find("to German: The house"), std::string::npos);
    const json again = json_of({"explain", "--request", "-", "--json", "-"}, input_of(j["command"]));
    EXPECT_EQ(again["answer_ids"], j["answer_ids"]);
    EXPECT_EQ(again["attributions"], j["attributions"]);
}

INSTANTIATE_TEST_SUITE_P(Models, Translation, testing::Values("t5-tiny.gguf", "t5-tiny"),
                         [](const auto& parameter) { return parameter.index == 0 ? "gguf" : "directory"; });

TEST(TranslationErrors, AreUnderstandable) {
    const std::string t5 = golden("t5-tiny.gguf");
    const auto fails = [&](const Arguments& more, int code, const std::vector<std::string>& words) {
        expect_failure(llmx(joined({"explain", "--model", t5}, more)), code, words);
    };
    fails({"--source", "x"}, 2, {"--source", "--task translation"});
    fails({"--prompt-ids", "5,1"}, 2, {"--task", "encoder-decoder", "translation, summarization"});
    fails({"--prompt", "x"}, 5, {"generative_text_chat", "encoder-decoder", "translation"});
    fails({"--task", "translation", "--question", "x"}, 2, {"--question does not go"});
    fails({"--task", "translation"}, 2, {"no prompt", "--source"});
    fails({"--task", "translation", "--source", "x", "--label-span", "0:1"}, 2, {"--label-span does not go"});
    fails({"--task", "summarization", "--source", "x", "--source-file", "y"}, 2, {"--source, --source-file"});
    fails({"--task", "translation", "--prompt-ids", "5,1", "--prefix", "x"}, 2, {"--prefix", "ids"});
}

TEST(Decoders, DoEveryTaskByInstruction) {
    const auto ask = [](const Arguments& more) {
        return json_of(joined({"explain", "--model", golden("llama-tiny.gguf"), "--max-new-tokens", "3",
                               "--json", "-", "--method", "gradient"},
                              more));
    };
    const json summary = ask({"--task", "summarizations", "--source", "Long text."});
    EXPECT_EQ(summary["task"], "summarization");
    EXPECT_NE(summary["command"]["prefix"].get<std::string>().find("Summarize"), std::string::npos);
    EXPECT_NE(summary["prompt_text"].get<std::string>().find("Long text."), std::string::npos);
    EXPECT_FALSE(summary.contains("source_ids"));
    const json answer = ask({"--question", "Who?", "--context", "Ada came.", "--label-span", "0:3"});
    EXPECT_EQ(answer["task"], "question_answering");
    EXPECT_EQ(answer["label_text"], "Ada");
    EXPECT_FALSE(answer.contains("span"));
}

TEST(Assistant, SameAnswerAndMatches) {
    const Arguments asked = {
        "explain",  "--model",  golden("llama-tiny.gguf"), "--prompt", "The shop is open", "--json", "-",
        "--method", "gradient", "--max-new-tokens",        "12"};
    const json alone = json_of(asked);
    for (const std::string& assistant : {golden("llama-tiny.gguf"), std::string("prompt-lookup")}) {
        const json j = json_of(joined(asked, {"--assistant", assistant, "--draft-tokens", "3"}));
        EXPECT_EQ(j["task"], "generative_text_chat_assistant");
        EXPECT_EQ(j["answer_ids"], alone["answer_ids"]);
        ASSERT_TRUE(j["n_matches"].is_array());
        for (const json& n : j["n_matches"]) EXPECT_LE(n.get<int>(), 3);
        if (assistant == "prompt-lookup") continue;
        EXPECT_EQ(j["n_matches"][0], 3);  // the model agrees with itself
    }
    EXPECT_FALSE(alone.contains("n_matches"));
    expect_failure(llmx(joined(asked, {"--assistant", golden("t5-tiny.gguf")})), 3,
                   {"a different kind", "llama"});
    expect_failure(llmx(joined(asked, {"--task", "generative_text_chat", "--assistant", "prompt-lookup"})), 2,
                   {"--assistant does not go"});
    expect_failure(llmx(joined(asked, {"--task", "generative_text_chat_assistant"})), 2,
                   {"expected --assistant: the path of a model"});
}

TEST(Beams, OptionsReachTheSearch) {
    const Arguments asked = {
        "explain",  "--model",  golden("llama-tiny.gguf"), "--prompt", "The shop is open", "--json", "-",
        "--method", "gradient", "--max-new-tokens",        "6"};
    const json j =
        json_of(joined(asked, {"--num-beams", "3", "--length-penalty", "0.5", "--early-stopping", "yes"}));
    EXPECT_EQ(j["command"]["num_beams"], 3);
    EXPECT_EQ(j["command"]["length_penalty"].dump(), "0.5");
    const auto score = [](const json& result) {
        double sum = 0;
        for (const float l : flat(result["token_logprobs"])) sum += l;
        return sum / std::sqrt(static_cast<double>(result["answer_ids"].size()));
    };
    EXPECT_GE(score(j), score(json_of(asked)) - 1e-4);
    expect_failure(llmx(joined(asked, {"--num-beams", "0"})), 2, {"--num-beams"});
    expect_failure(llmx(joined(asked, {"--early-stopping", "maybe"})), 2, {"\"maybe\"", "no, yes, never"});
    expect_failure(llmx(joined(asked, {"--lora", "/no/adapter.gguf:0.5"})), 4, {"/no/adapter.gguf"});
}

TEST(MicroBatches, GiveTheSameGradient) {
    const Arguments asked = {"explain",      "--model",         golden("llama-tiny.gguf"),
                             "--prompt-ids", "5,6,7,8,9,10,11", "--answer-ids",
                             "12,13,14",     "--json",          "-",
                             "--raw"};
    const json one = json_of(asked);
    const json several = json_of(joined(asked, {"--ubatch", "4"}));
    EXPECT_MEASURED(relative_l2(flat(several["Gradient"]["gradient"]), flat(one["Gradient"]["gradient"])),
                    1e-4);
}

}  // namespace
}  // namespace llmx::test

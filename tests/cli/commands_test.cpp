// methods, modules, model, tokenize, quantize; help and version; chat templates.

#include <ggml.h>
#include <gguf.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "program.hpp"
#include "support/temporary.hpp"

namespace llmx::test {
namespace {

using nlohmann::json;

TEST(Commands, HelpHasExamples) {
    for (const char* command :
         {"explain", "methods", "modules", "model", "tokenize", "quantize", "compare", "batch", "drift"}) {
        const Outcome run = llmx({command, "--help"});
        EXPECT_EQ(run.code, 0);
        EXPECT_NE(run.out.find("Examples:\n  llmx " + std::string(command)), std::string::npos) << run.out;
    }
    EXPECT_NE(llmx({"--help"}).out.find("Exit codes"), std::string::npos);
}

TEST(Commands, VersionSaysWhatIsBuiltIn) {
    const Outcome run = llmx({"--version"});
    EXPECT_EQ(run.code, 0);
    EXPECT_TRUE(run.out.starts_with("llmx 0.")) << run.out;
    EXPECT_NE(run.out.find("\nproducts: "), std::string::npos);
    EXPECT_NE(run.out.find("\nllama.cpp: 0c1e57098bba"), std::string::npos);
}

TEST(Commands, Methods) {
    const json methods = json_of({"methods", "--json", "-"})["methods"];
    ASSERT_GT(methods.size(), 20U);
    const Outcome text = llmx({"methods"});
    EXPECT_EQ(text.code, 0);
    for (const json& method : methods) {
        EXPECT_FALSE(method["source"].get<std::string>().empty()) << method;
        EXPECT_NE(text.out.find(method["source"].get<std::string>()), std::string::npos) << method;
        EXPECT_NE(text.out.find(method["help"].get<std::string>()), std::string::npos) << method;
        for (const json& option : method["options"]) {
            const bool number = option["kind"] == "whole" || option["kind"] == "number";
            EXPECT_EQ(option.size(), number ? 8U : 6U) << option;  // numbers have bounds
            EXPECT_NE(text.out.find(option["name"].get<std::string>() + " = "), std::string::npos) << option;
        }
    }
    const Outcome two = llmx({"methods", "lime", "saliency"});
    EXPECT_TRUE(two.out.starts_with("saliency  (gradient)\n")) << two.out;
    EXPECT_NE(two.out.find("\n    samples = 1000  (whole)\n"), std::string::npos) << two.out;
    EXPECT_NE(two.out.find("\n    norm = l2  (l2, l1, max_abs, mean_abs)\n"), std::string::npos) << two.out;
    EXPECT_EQ(two.out.find("shapley  ("), std::string::npos);
    expect_failure(llmx({"methods", "limes"}), 2, {"limes", "lime"});
}

TEST(Commands, Modules) {
    const json list = json_of({"modules", "--model", golden("llama-tiny.gguf"), "--json", "-"});
    const auto q = std::find_if(list.begin(), list.end(),
                                [](const json& m) { return m["gguf_name"] == "blk.1.attn_q"; });
    ASSERT_NE(q, list.end());
    EXPECT_EQ((*q)["hf_name"], "model.layers.1.self_attn.q_proj");
    EXPECT_EQ((*q)["kind"], "linear");
    EXPECT_EQ((*q)["shape"], (json{64, 64}));
    EXPECT_EQ((*q)["block"], 1);
    const Outcome table = llmx({"modules", golden("llama-tiny.gguf")});
    EXPECT_EQ(std::count(table.out.begin(), table.out.end(), '\n'),
              static_cast<std::ptrdiff_t>(list.size()) + 1);
    for (const json& m : list) EXPECT_NE(table.out.find(m["gguf_name"]), std::string::npos);
}

TEST(Commands, Model) {
    const json facts = json_of({"model", golden("llama-tiny.gguf"), "--json", "-"});
    EXPECT_EQ(facts["architecture"], "llama");
    EXPECT_EQ(facts["blocks"], 3);
    EXPECT_EQ(facts["kv_heads"], 2);
    EXPECT_EQ(facts["has_chat_template"], false);
    const Outcome text = llmx({"model", "--model", golden("llama-tiny.gguf")});
    EXPECT_NE(text.out.find(facts["sha256_16"].get<std::string>()), std::string::npos);
    const json directory = json_of({"model", golden("llama-tiny/"), "--json", "-"});
    EXPECT_EQ(directory["path"], "llama-tiny");
    EXPECT_EQ(directory["parameters"], facts["parameters"]);
    EXPECT_EQ(llmx({"model", golden("bertqa-tiny.gguf")}).code, 0);  // facts, though no text comes of it
}

TEST(Commands, TokenizeAgreesWithHuggingFace) {
    // Texts with the ids that the checkpoint's own tokenizer gives.
    const json texts = json::parse(slurp(golden("llama-tiny/tokenization.json"))).at("rows");
    ASSERT_GT(texts.size(), 3U);
    int compared = 0;
    for (const json& entry : texts) {
        const std::string text = entry.at("text");
        if (text.empty() || text == "-") continue;
        RunOptions options;
        options.input = text + "\n";
        const json tokens =
            json_of({"tokenize", "--model", golden("llama-tiny.gguf"), "--json", "-", "-"}, options);
        EXPECT_EQ(tokens["ids"], entry.at("ids")) << text;
        EXPECT_EQ(tokens["pieces"].size(), tokens["ids"].size());
        ++compared;
    }
    EXPECT_GT(compared, 3);
}

TEST(Commands, TokenizePrintsIdsAndPieces) {
    const Outcome run = llmx({"tokenize", "--model", golden("llama-tiny.gguf"), "H\n"});
    EXPECT_EQ(run.code, 0);
    EXPECT_NE(run.out.find("\"H\""), std::string::npos);
    EXPECT_NE(run.out.find("\"\\n\""), std::string::npos);
}

TEST(Commands, Quantize) {
    const TemporaryDirectory directory;
    const std::string out = directory / "q8.gguf";
    const Outcome run = llmx({"quantize", golden("llama-tiny.gguf"), out, "--type", "Q8_0"});
    ASSERT_EQ(run.code, 0) << run.err;
    EXPECT_EQ(json_of({"model", out, "--json", "-"})["type"], "Q8_0");
    EXPECT_EQ(directory.count(), 1);
    expect_failure(llmx({"quantize", golden("llama-tiny.gguf"), directory / "x", "--type", "Q8"}), 2,
                   {"\"Q8\"", "nearest: Q8_0"});
    expect_failure(llmx({"quantize", golden("llama-tiny.gguf")}), 2, {"--type"});
}

/// The tiny llama with a chat template.
std::string with_template(const TemporaryDirectory& directory) {
    const std::string source = golden("llama-tiny.gguf"), target = directory / "chat.gguf";
    ggml_context* data = nullptr;
    gguf_context* file = gguf_init_from_file(source.c_str(), {.no_alloc = false, .ctx = &data});
    gguf_context* copy = gguf_init_empty();
    gguf_set_kv(copy, file);
    gguf_set_val_str(copy, "tokenizer.chat_template",
                     "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
                     "{% if add_generation_prompt %}assistant: {% endif %}");
    for (std::int64_t i = 0; i < gguf_get_n_tensors(file); ++i) {
        gguf_add_tensor(copy, ggml_get_tensor(data, gguf_get_tensor_name(file, i)));
    }
    gguf_write_to_file(copy, target.c_str(), false);
    gguf_free(copy);
    gguf_free(file);
    ggml_free(data);
    return target;
}

TEST(Commands, ChatsGoThroughTheModelsTemplate) {
    const TemporaryDirectory directory;
    const std::string model = with_template(directory);
    const auto prompt = [&](const Arguments& more) {
        Arguments all = {"explain",  "--model", model, "--answer-ids", "8", "--method",
                         "gradient", "--json",  "-"};
        all.insert(all.end(), more.begin(), more.end());
        return json_of(all);
    };
    const json by_flags = prompt({"--system", "Be brief.", "--user", "Open?"});
    EXPECT_NE(by_flags["prompt_text"].get<std::string>().find("system: Be brief.\nuser: Open?\nassistant: "),
              std::string::npos);
    const std::string chat = R"([{"role":"system","content":"Be brief."},{"role":"user","content":"Open?"}])";
    EXPECT_EQ(prompt({"--messages", chat})["prompt_ids"], by_flags["prompt_ids"]);
    spill(directory / "chat.json", chat);
    spill(directory / "user.txt", "Open?\r\n");
    EXPECT_EQ(prompt({"--messages", directory / "chat.json"})["prompt_ids"], by_flags["prompt_ids"]);
    EXPECT_EQ(prompt({"--system", "Be brief.", "--user-file", directory / "user.txt"})["prompt_ids"],
              by_flags["prompt_ids"]);
    EXPECT_EQ(by_flags["command"]["messages"], json::parse(chat));
    EXPECT_EQ(prompt({"--user", "Open?"})["command"]["messages"].size(), 1U);
}

}  // namespace
}  // namespace llmx::test

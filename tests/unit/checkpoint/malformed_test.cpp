// Directories that are broken in one place each: a clear error that names it, never a crash.

#include <gtest/gtest.h>

#include <cstring>
#include <llmx/model.hpp>
#include <nlohmann/json.hpp>

#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/temporary.hpp"

namespace llmx {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using test::expect_error;
using test::slurp;
using test::spill;

/// A copy of a good directory, to be damaged.
class BrokenDirectory : public testing::Test {
protected:
    explicit BrokenDirectory(const std::string& family = "llama") {
        for (const auto& entry : fs::directory_iterator(test::data_file(family, "-tiny"))) {
            fs::copy_file(entry.path(), dir_ / entry.path().filename().string());
        }
    }

    [[nodiscard]] fs::path operator/(const std::string& name) const { return dir_ / name; }
    void load() const { (void)Model::load(dir_.path()); }
    void refuses(std::initializer_list<std::string> words, ErrorCode code = ErrorCode::model) const {
        expect_error(code, words, [this] { load(); });
    }

    /// Changes a JSON file.
    template <class Change>
    void edit(const std::string& file, const Change& change) const {
        Json json = Json::parse(slurp(dir_ / file));
        change(json);
        spill(dir_ / file, json.dump());
    }

    /// Changes the header of model.safetensors; the data stays.
    template <class Change>
    void edit_header(const Change& change) const {
        const std::string bytes = slurp(dir_ / "model.safetensors");
        std::uint64_t length = 0;
        std::memcpy(&length, bytes.data(), sizeof length);
        Json header = Json::parse(bytes.substr(8, length));
        change(header);
        set_header(header.dump(), bytes.substr(8 + length));
    }
    void set_header(const std::string& header, const std::string& data) const {
        std::string length(8, '\0');
        const std::uint64_t size = header.size();
        std::memcpy(length.data(), &size, sizeof size);
        spill(dir_ / "model.safetensors", length + header + data);
    }

    const std::string norm = "model.layers.1.input_layernorm.weight";
    const std::string q_proj = "model.layers.1.self_attn.q_proj.weight";
    test::TemporaryDirectory dir_;
};

TEST_F(BrokenDirectory, WholeItLoads) { EXPECT_NO_THROW(load()); }

// -- files ------------------------------------------------------------------------------------------------

TEST_F(BrokenDirectory, NoConfig) {
    fs::remove(*this / "config.json");
    refuses({"without config.json", "GGUF"});
}
TEST_F(BrokenDirectory, NoWeights) {
    fs::remove(*this / "model.safetensors");
    refuses({"no model.safetensors", "index.json"});
    spill(*this / "pytorch_model.bin", "PK");
    refuses({"PyTorch pickles", "save_pretrained"});
}
TEST_F(BrokenDirectory, NoTokenizer) {
    fs::remove(*this / "tokenizer.json");
    refuses({"no tokenizer", "tokenizer.json", "spiece.model", "vocab.txt"});
}
TEST_F(BrokenDirectory, ADirectoryInAFilesPlace) {
    fs::remove(*this / "model.safetensors");
    fs::create_directory(*this / "model.safetensors");
    refuses({"model.safetensors", "not a regular file"});
}

// -- config.json ------------------------------------------------------------------------------------------

TEST_F(BrokenDirectory, ConfigIsNoJson) {
    spill(*this / "config.json", "{\"model_type\": \"llama\",");
    refuses({"config.json", "not valid JSON"});
    spill(*this / "config.json", "[1, 2]");
    refuses({"config.json", "expected an object"});
    spill(*this / "config.json", "");
    refuses({"config.json", "not valid JSON"});
    spill(*this / "config.json", std::string(100000, '['));
    refuses({"config.json", "nested too deeply"});
    spill(*this / "config.json", "{\"model_type\": \"\xFF\"}");
    refuses({"config.json", "not valid JSON"});
}
TEST_F(BrokenDirectory, UnknownFamily) {
    edit("config.json", [](Json& config) { config["model_type"] = "perceiver"; });
    refuses({"perceiver", "known: ", "llama", "gpt2", "convert_hf_to_gguf.py"}, ErrorCode::unsupported);
    edit("config.json", [](Json& config) { config.erase("model_type"); });
    refuses({"config.json", "model_type"});
}
TEST_F(BrokenDirectory, NumbersOutOfRange) {
    const auto with = [this](const char* key, const Json& value, std::initializer_list<std::string> words) {
        const Json before = Json::parse(slurp(*this / "config.json"));
        SCOPED_TRACE(key + (" = " + value.dump()));
        edit("config.json", [&](Json& config) { config[key] = value; });
        refuses(words);
        spill(*this / "config.json", before.dump());
    };
    with("num_hidden_layers", -3, {"config.json", "num_hidden_layers is -3", "from 1 to 512"});
    with("num_hidden_layers", 0, {"num_hidden_layers is 0"});
    with("num_hidden_layers", 1000000000000, {"num_hidden_layers is 1000000000000"});
    with("num_hidden_layers", "three", {"num_hidden_layers is \"three\""});
    with("num_hidden_layers", 2.5, {"num_hidden_layers is 2.5"});
    with("num_hidden_layers", nullptr, {"no num_hidden_layers"});
    with("num_hidden_layers", 4, {"no tensor model.layers.3.input_layernorm.weight"});
    with("num_hidden_layers", 2, {"model.layers.2.", "does not belong to a model", "2 blocks"});
    with("hidden_size", 1e300, {"hidden_size is 1e+300"});
    with("hidden_size", 128, {"of model.safetensors", "wrong shape"});
    with("num_attention_heads", 0, {"num_attention_heads is 0"});
    with("num_attention_heads", 3, {"3 query heads for 2 key-value heads"});
    with("num_key_value_heads", 8, {"num_key_value_heads is 8"});
    with("vocab_size", 100, {"tokenizer.json", "vocab_size"});
    with("vocab_size", 500, {"token_embd", "model.embed_tokens.weight of model.safetensors", "wrong shape"});
    with("rms_norm_eps", "small", {"rms_norm_eps is \"small\""});
    with("rms_norm_eps", -1.0, {"layer_norm_rms_epsilon is -1"});
    with("rms_norm_eps", 1e300, {"rms_norm_eps"});
    with("max_position_embeddings", -1, {"max_position_embeddings is -1"});
    with("tie_word_embeddings", 7, {"tie_word_embeddings is 7", "true or false"});
    with("rope_parameters", 3, {"rope_parameters is 3", "an object"});
    with("head_dim", 1048577, {"head_dim is 1048577"});
}
TEST_F(BrokenDirectory, WhatLlamaCppWouldComputeOtherwise) {
    edit("config.json", [](Json& config) { config["hidden_act"] = "relu"; });
    refuses({"activation \"relu\"", "silu"}, ErrorCode::unsupported);
    edit("config.json", [](Json& config) {
        config["hidden_act"] = "silu";
        config["rope_parameters"]["rope_type"] = "mystery";
    });
    refuses({"rope_type \"mystery\"", "yarn"}, ErrorCode::unsupported);
}

// -- model.safetensors ------------------------------------------------------------------------------------

TEST_F(BrokenDirectory, TruncatedWeights) {
    const std::string whole = slurp(*this / "model.safetensors");
    for (const std::size_t length : {0U, 1U, 7U, 8U, 9U, 100U, 3000U, 5000U, 100000U}) {
        spill(*this / "model.safetensors", whole.substr(0, length));
        refuses({"model.safetensors"});
    }
    spill(*this / "model.safetensors", whole.substr(0, whole.size() - 1));
    refuses({"model.safetensors", "tensor ", "truncated or corrupt"});
    spill(*this / "model.safetensors", whole + "x");
    refuses({"1 bytes at its end belong to no tensor"});
}
TEST_F(BrokenDirectory, HeaderLargerThanTheFile) {
    std::string bytes = slurp(*this / "model.safetensors");
    for (const std::uint64_t length :
         {std::uint64_t{bytes.size()}, std::uint64_t{1} << 40U, ~std::uint64_t{0}}) {
        std::memcpy(bytes.data(), &length, sizeof length);
        spill(*this / "model.safetensors", bytes);
        refuses({"model.safetensors", "header of " + std::to_string(length) + " bytes"});
    }
}
TEST_F(BrokenDirectory, HeaderIsNoJson) {
    set_header("{\"a\": ", "");
    refuses({"header is not JSON"});
    set_header("[]", "");
    refuses({"header is []", "an object"});
    set_header("{}", "");
    refuses({"no tensors"});
    set_header(std::string(100000, '['), "");
    refuses({"nested too deeply"});
}
TEST_F(BrokenDirectory, UnknownDtype) {
    edit_header([this](Json& header) { header[norm]["dtype"] = "Q7_X"; });
    refuses({norm, "dtype is \"Q7_X\"", "F32, F16 or BF16"});
    edit_header([this](Json& header) { header[norm]["dtype"] = "I32"; });
    refuses({norm, "dtype is I32"});
    edit_header([this](Json& header) { header[norm].erase("dtype"); });
    refuses({norm, "dtype is missing"});
}
TEST_F(BrokenDirectory, WrongOffsets) {
    edit_header([this](Json& header) { header[norm]["data_offsets"] = {0, 1ULL << 50U}; });
    refuses({norm, "bytes 0 to 1125899906842624", "truncated or corrupt"});
    edit_header([this](Json& header) { header[norm]["data_offsets"] = {512, 256}; });
    refuses({norm, "bytes 512 to 256"});
    edit_header([this](Json& header) { header[norm]["data_offsets"] = {-1, 255}; });
    refuses({norm, "data_offsets"});
    edit_header([this](Json& header) { header[norm]["data_offsets"] = "here"; });
    refuses({norm, "data_offsets"});
}
TEST_F(BrokenDirectory, OverlappingTensors) {
    edit_header([this](Json& header) {
        header[norm]["data_offsets"] = header["model.layers.0.input_layernorm.weight"]["data_offsets"];
    });
    refuses({"overlap", norm, "model.layers.0.input_layernorm.weight"});
}
TEST_F(BrokenDirectory, SizeAndShapeDisagree) {
    edit_header([this](Json& header) { header[norm]["shape"] = {65}; });
    refuses({norm, "256 bytes; expected 260"});
    edit_header([this](Json& header) { header[norm]["shape"] = {1LL << 40, 1LL << 40, 1LL << 40}; });
    refuses({norm, "256 bytes"});
    edit_header([this](Json& header) { header[norm]["shape"] = {-64}; });
    refuses({norm, "shape is [-64]"});
    edit_header([this](Json& header) { header[norm]["shape"] = {1LL << 60}; });
    refuses({norm, "shape is"});
}
TEST_F(BrokenDirectory, TwiceTheSameName) {
    const std::string bytes = slurp(*this / "model.safetensors");
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), sizeof length);
    std::string header = bytes.substr(8, length);
    header.insert(1, "\"" + norm + "\": {\"dtype\": \"F32\", \"shape\": [0], \"data_offsets\": [0, 0]}, ");
    set_header(header, bytes.substr(8 + length));
    refuses({"two entries named", norm});
}
TEST_F(BrokenDirectory, WrongShape) {
    edit_header([this](Json& header) { header[q_proj]["shape"] = {32, 128}; });
    refuses({q_proj + " of model.safetensors", "blk.1.attn_q.weight", "wrong shape"});
    edit_header([this](Json& header) { header[q_proj]["shape"] = {4, 16, 64}; });
    refuses({q_proj, "shape [4, 16, 64]", "rows for 4 heads"});
    edit_header([this](Json& header) { header[q_proj]["shape"] = {1, 4096}; });
    refuses({q_proj, "shape [1, 4096]"});
}
TEST_F(BrokenDirectory, MissingAndUnknownTensors) {
    edit_header([this](Json& header) {
        header["model.layers.1.surprise.weight"] = header[q_proj];
        header.erase(q_proj);
    });
    refuses({"no tensor " + q_proj, "config.json"});
    edit_header([this](Json& header) {
        header[q_proj] = header["model.layers.1.surprise.weight"];
        header["surprise"] = {{"dtype", "F32"}, {"shape", {0}}, {"data_offsets", {0, 0}}};
        header.erase("model.layers.1.surprise.weight");
    });
    refuses({"tensor surprise", "does not belong to a model of family llama"});
}
TEST_F(BrokenDirectory, IgnorableTensors) {
    edit_header([](Json& header) {
        header["model.layers.0.self_attn.rotary_emb.inv_freq"] = {
            {"dtype", "F32"}, {"shape", {0}}, {"data_offsets", {0, 0}}};
    });
    EXPECT_NO_THROW(load());
}
TEST_F(BrokenDirectory, NoNumbers) {
    const std::string whole = slurp(*this / "model.safetensors");
    std::uint64_t length = 0;
    std::memcpy(&length, whole.data(), sizeof length);
    const Json header = Json::parse(whole.substr(8, length));
    for (const std::uint32_t bits : {0x7FC00000U, 0x7F800000U, 0xFF800000U, 0xFFFFFFFFU}) {
        for (const std::string& name : {norm, q_proj, std::string("lm_head.weight")}) {
            std::string bytes = whole;
            const std::size_t end = 8 + length + header[name]["data_offsets"][1].get<std::size_t>();
            std::memcpy(bytes.data() + end - 8, &bits, sizeof bits);
            spill(*this / "model.safetensors", bytes);
            refuses({name, "infinite or not a number", "model.safetensors"});
        }
    }
}

// -- tokenizer and template -------------------------------------------------------------------------------

TEST_F(BrokenDirectory, BrokenTokenizer) {
    const std::string whole = slurp(*this / "tokenizer.json");
    const auto with = [&](const auto& change, std::initializer_list<std::string> words, ErrorCode code) {
        edit("tokenizer.json", change);
        refuses(words, code);
        spill(*this / "tokenizer.json", whole);
    };
    constexpr ErrorCode broken = ErrorCode::model, unsupported = ErrorCode::unsupported;
    with([](Json& t) { t["model"]["type"] = "Magic"; }, {"model \"Magic\"", "BPE"}, unsupported);
    with([](Json& t) { t["pre_tokenizer"] = nullptr; }, {"pre_tokenizer \"none\""}, unsupported);
    with([](Json& t) { t["pre_tokenizer"]["add_prefix_space"] = true; }, {"prefix-space"}, unsupported);
    with([](Json& t) { t["pre_tokenizer"] = {{"type", "Whitespace"}}; }, {"Whitespace"}, unsupported);
    with(
        [](Json& t) {
            t["normalizer"] = {{"type", "Lowercase"}};
        },
        {"normalizer", "Lowercase"}, unsupported);
    with([](Json& t) { t["model"]["ignore_merges"] = true; }, {"ignore_merges"}, unsupported);
    with([](Json& t) { t["model"]["vocab"]["new"] = -1; }, {"\"new\" is -1"}, broken);
    with([](Json& t) { t["model"]["vocab"]["new"] = 999999; }, {"\"new\"", "999999", "384"}, broken);
    with([](Json& t) { t["model"]["merges"] = 5; }, {"no merges"}, broken);
    with([](Json& t) { t["model"]["merges"][0] = "x"; }, {"merge \"x\"", "two strings"}, broken);
    with([](Json& t) { t["model"].erase("merges"); }, {"merges"}, broken);
    with([](Json& t) { t["added_tokens"][0]["content"] = "<|im_end|>"; }, {"tokens 0 and 2", "<|im_end|>"},
         broken);
    with([](Json& t) { t["added_tokens"][0]["id"] = "zero"; }, {"added_tokens", "id is \"zero\""}, broken);
    with([](Json& t) { t["added_tokens"][0] = 3; }, {"added_tokens", "content"}, broken);
    with([](Json& t) { t["post_processor"]["single"] = Json::array(); }, {"no template"}, broken);
    with(
        [](Json& t) {
            t["post_processor"]["single"] = {{{"SpecialToken", {{"id", 7}}}}, {{"Sequence", 1}}};
        },
        {"model ", "damaged"}, broken);
    with([](Json& t) { t["model"] = {{"type", "BPE"}}; }, {"merges"}, broken);
}
TEST_F(BrokenDirectory, TokenIdsOfAnotherVocabulary) {
    edit("tokenizer_config.json", [](Json& config) {
        config["bos_token"] = "<nothing>";
        config["add_bos_token"] = 1;
    });
    refuses({"tokenizer_config.json", "add_bos_token is 1"});
}
TEST_F(BrokenDirectory, ChatTemplateThatCannotBeUsed) {
    const auto render = [this] { (void)Model::load(dir_.path()).render_chat({{"user", "Hi"}}); };
    spill(*this / "chat_template.jinja", "{% for m in messages %}{{ m.content }");
    expect_error(ErrorCode::model, {"chat template", "cannot parse"}, render);
    spill(*this / "chat_template.jinja", "{{ raise_exception('no such role') }}");
    expect_error(ErrorCode::input, {"chat template", "no such role"}, render);
    spill(*this / "chat_template.jinja", "{{ messages[0].content }}\xFF");
    expect_error(ErrorCode::model, {"chat_template.jinja", "UTF-8"}, render);
    fs::remove(*this / "chat_template.jinja");
    edit("tokenizer_config.json", [](Json& config) { config["chat_template"] = 7; });
    refuses({"tokenizer_config.json", "chat_template is 7"});
    edit("tokenizer_config.json", [](Json& config) {
        config["chat_template"] = Json::array({{{"name", "default"}}});
    });
    refuses({"tokenizer_config.json", "no template"});
}

}  // namespace
}  // namespace llmx

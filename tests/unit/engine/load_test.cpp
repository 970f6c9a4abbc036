#include <gtest/gtest.h>

#include <cstring>
#include <llmx/model.hpp>
#include <random>
#include <thread>

#include "engine/model/requirements.hpp"
#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/temporary.hpp"

namespace llmx {
namespace {

using test::expect_error;
using test::slurp;
using test::spill;
using test::TemporaryDirectory;

TEST(Load, FactsOfTinyModels) {
    const ModelFacts llama = Model::load(test::data_file("llama-tiny.gguf")).facts();
    EXPECT_EQ(llama.architecture, "llama");
    EXPECT_EQ(llama.type, "F32");
    EXPECT_EQ(llama.heads, 4);
    EXPECT_EQ(llama.kv_heads, 2);
    EXPECT_EQ(llama.head_size, 16);
    EXPECT_EQ(llama.embedding, 64);
    EXPECT_EQ(llama.vocabulary, 384);
    EXPECT_EQ(llama.bytes, llama.parameters * 4);
    EXPECT_FALSE(llama.has_chat_template);
    EXPECT_EQ(Model::load(test::data_file("gpt2-tiny.gguf")).facts().context, 256);
    EXPECT_EQ(Model::load(test::data_file("llamamha-tiny.gguf")).facts().blocks, 3);
}

TEST(Load, KindsOfModels) {
    EXPECT_EQ(Model::load(test::data_file("gemma3-tiny.gguf")).facts().kind, ModelKind::decoder);
    EXPECT_EQ(Model::load(test::data_file("bertqa-tiny.gguf")).facts().kind, ModelKind::encoder);
    EXPECT_EQ(Model::load(test::data_file("t5-tiny.gguf")).facts().kind, ModelKind::encoder_decoder);
    EXPECT_EQ(engine::kind_of("pangu-embedded", true), ModelKind::decoder);
    EXPECT_EQ(engine::kind_of("llama", false), ModelKind::encoder);
    EXPECT_EQ(engine::kind_of("t5encoder", true), ModelKind::encoder);
}

TEST(Load, WithoutMappingIsTheSameModel) {
    const Model mapped = Model::load(test::data_file("llama-tiny.gguf"));
    const Model read = Model::load(test::data_file("llama-tiny.gguf"), {.use_mmap = false});
    const Tokens prompt = mapped.tokenize("Hello world");
    EXPECT_EQ(mapped.generate(prompt, {.max_new_tokens = 8}).ids,
              read.generate(prompt, {.max_new_tokens = 8}).ids);
}

TEST(Load, WhatIsNoModel) {
    const TemporaryDirectory dir;
    const auto load = [](const std::filesystem::path& path) { (void)Model::load(path); };
    expect_error(ErrorCode::model, {"missing.gguf", "no such file"}, [&] { load(dir / "missing.gguf"); });
    expect_error(ErrorCode::model, {"without config.json"}, [&] { load(dir.path()); });
    spill(dir / "empty.gguf", "");
    expect_error(ErrorCode::model, {"empty"}, [&] { load(dir / "empty.gguf"); });
    spill(dir / "text.gguf", "{\"config\": 1}");
    expect_error(ErrorCode::model, {"not a GGUF file", "{\"co", "expected \"GGUF\""},
                 [&] { load(dir / "text.gguf"); });
    spill(dir / "zip.gguf", "PK\x03\x04");
    expect_error(ErrorCode::model, {"PK\\x03\\x04"}, [&] { load(dir / "zip.gguf"); });
    expect_error(ErrorCode::model, {"not a regular file"}, [&] { load("/dev/null"); });
    // GGUF, but no model: reference numbers
    expect_error(ErrorCode::model, {"architecture"},
                 [&] { load(test::data_file("llama-tiny.golden.gguf")); });
    expect_error(ErrorCode::usage, {"`threads`: got -1"},
                 [&] { (void)Model::load(test::data_file("llama-tiny.gguf"), {.threads = -1}); });
}

TEST(Load, TruncatedAtManyLengths) {
    const TemporaryDirectory dir;
    const std::string whole = slurp(test::data_file("llama-tiny.gguf"));
    for (std::size_t length :
         {1u, 4u, 5u, 8u, 20u, 24u, 100u, 1000u, 5000u, 10000u, 50000u, 200000u, 500000u}) {
        spill(dir / "cut.gguf", whole.substr(0, length));
        expect_error(ErrorCode::model, {"cut.gguf"}, [&] { (void)Model::load(dir / "cut.gguf"); });
    }
    spill(dir / "cut.gguf", whole.substr(0, whole.size() - 1));
    expect_error(ErrorCode::model, {"truncated: tensor ", std::to_string(whole.size() - 1)},
                 [&] { (void)Model::load(dir / "cut.gguf"); });
    spill(dir / "cut.gguf", whole);
    EXPECT_NO_THROW((void)Model::load(dir / "cut.gguf"));
}

// A damaged header may still describe a model that can be run; what may not happen is a crash, an
// endless wait, or another kind of exception.
TEST(Load, DamagedHeaderNeverCrashes) {
    const TemporaryDirectory dir;
    std::mt19937 random(7);
    int refused = 0, loaded = 0;
    for (const std::string family : {"llama", "gpt2", "gemma3", "mixtral"}) {
        const std::string whole = slurp(test::data_file(family, "-tiny.gguf"));
        const std::size_t header = whole.rfind("output_norm.weight");  // among the last of the tensor infos
        ASSERT_NE(header, std::string::npos);
        for (int i = 0; i < 150; ++i) {
            std::string damaged = whole;
            const std::size_t at = random() % std::min<std::size_t>(header + 64, whole.size());
            damaged[at] = static_cast<char>(damaged[at] ^ static_cast<char>(1u << (random() % 8)));
            spill(dir / "damaged.gguf", damaged);
            try {
                const Model model = Model::load(dir / "damaged.gguf");
                (void)model.modules();
                ++loaded;
            } catch (const Error& e) {
                EXPECT_TRUE(e.code() == ErrorCode::model || e.code() == ErrorCode::unsupported) << e.what();
                ++refused;
            }
        }
    }
    EXPECT_GT(refused, 50);
    EXPECT_GT(loaded, 50);
}

TEST(Load, NegativeEpsilonIsRefused) {
    const TemporaryDirectory dir;
    std::string bytes = slurp(test::data_file("llama-tiny.gguf"));
    const std::string key = "llama.attention.layer_norm_rms_epsilon";
    const float negative = -1e-5F;
    std::memcpy(bytes.data() + bytes.find(key) + key.size() + 4, &negative, 4);  // after the value's type
    spill(dir / "m.gguf", bytes);
    expect_error(ErrorCode::model, {key, "-1e-05"}, [&] { (void)Model::load(dir / "m.gguf"); });
}

TEST(Load, ProgressAndCancel) {
    double last = -1;
    (void)Model::load(test::data_file("llama-tiny.gguf"),
                      {.progress = [&](std::string_view stage, double done) {
                          EXPECT_EQ(stage, "load");
                          EXPECT_GE(done, last);
                          last = done;
                          return true;
                      }});
    EXPECT_EQ(last, 1.0);
    expect_error(ErrorCode::cancelled, {"load: cancelled"}, [] {
        (void)Model::load(test::data_file("llama-tiny.gguf"),
                          {.progress = [](std::string_view, double) { return false; }});
    });
    struct Mine {};
    EXPECT_THROW((void)Model::load(test::data_file("llama-tiny.gguf"),
                                   {.progress = [](std::string_view, double) -> bool { throw Mine{}; }}),
                 Mine);
}

TEST(Load, EncodersLoadButDoNotGenerate) {
    const Model bert = Model::load(test::data_file("bertqa-tiny.gguf"));
    EXPECT_EQ(bert.facts().architecture, "bert");
    expect_error(ErrorCode::unsupported, {"\"bert\"", "embedding-only"},
                 [&] { (void)bert.generate(Tokens{5}); });
}

TEST(Load, DigestIsTheFilesSha256) {
    const TemporaryDirectory dir;
    std::filesystem::copy_file(test::data_file("llama-tiny.gguf"), dir / "m.gguf");
    const Model model = Model::load(dir / "m.gguf");
    const std::string digest = model.sha256_16();
    // From another implementation: sha256sum
    FILE* pipe = popen(("sha256sum < '" + (dir / "m.gguf").string() + "'").c_str(), "r");
    ASSERT_NE(pipe, nullptr);
    char line[80] = {};
    const bool got = fgets(line, sizeof line, pipe) != nullptr;
    pclose(pipe);
    if (!got) GTEST_SKIP() << "no sha256sum here";
    EXPECT_EQ(digest, std::string(line, 16));
    EXPECT_EQ(model.sha256_16(), digest);
}

TEST(Load, ConstCallsFromSeveralThreads) {
    const Model model = Model::load(test::data_file("llama-tiny.gguf"), {.threads = 1});
    const Tokens prompt = model.tokenize("The quick brown fox");
    const Generation expected = model.generate(prompt, {.max_new_tokens = 6});
    std::vector<std::thread> threads;
    std::vector<int> right(4);
    for (std::size_t i = 0; i < right.size(); ++i) {
        threads.emplace_back([&, i] {
            for (int k = 0; k < 5; ++k) {
                const Model copy = model;
                right[i] += copy.generate(copy.tokenize("The quick brown fox"), {.max_new_tokens = 6}).ids ==
                                expected.ids &&
                            !copy.sha256_16().empty();
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(right, std::vector<int>(4, 5));
}

}  // namespace
}  // namespace llmx

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <cmath>

#include <llmx/model.hpp>

#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/measured.hpp"
#include "support/temporary.hpp"

namespace llmx {
namespace {

using test::expect_error;
using test::slurp;
using test::spill;
using test::TemporaryDirectory;

const std::string tiny = test::data_file("llama-tiny.gguf");

TEST(Quantize, EveryTypeGivesAModelThatRuns) {
    const TemporaryDirectory dir;
    const Model original = Model::load(tiny);
    for (const std::string& type : quantize_types()) {
        quantize(tiny, dir / "q.gguf", type);
        const Model model = Model::load(dir / "q.gguf");
        EXPECT_EQ(model.facts().type, type);
        EXPECT_EQ(model.facts().parameters, original.facts().parameters) << type;
        EXPECT_EQ(model.generate(Tokens{5, 6, 7}, {.max_new_tokens = 2}).ids.size(), 2u) << type;
        EXPECT_EQ(dir.count(), 1) << type;
    }
}

TEST(Quantize, SizesShrinkAndFloatsComeBack) {
    const TemporaryDirectory dir;
    quantize(tiny, dir / "f16.gguf", "f16");
    quantize(tiny, dir / "q8.gguf", "Q8_0");
    const Model f32 = Model::load(tiny), f16 = Model::load(dir / "f16.gguf"),
                q8 = Model::load(dir / "q8.gguf");
    EXPECT_LT(f16.facts().bytes, f32.facts().bytes * 6 / 10);
    EXPECT_LT(q8.facts().bytes, f16.facts().bytes);
    // A quantised file can be taken up to F32 again; it then computes with the quantised values.
    quantize(dir / "q8.gguf", dir / "back.gguf", "F32");
    const Model back = Model::load(dir / "back.gguf");
    EXPECT_EQ(back.facts().type, "F32");
    EXPECT_EQ(back.facts().bytes, f32.facts().bytes);
    const Tokens prompt = f32.tokenize("The quick brown fox");
    const GenerateOptions options{.max_new_tokens = 1, .keep_logits = true};
    const Generation a = f32.generate(prompt, options), b = back.generate(prompt, options);
    double difference = 0, norm = 0;
    for (std::size_t i = 0; i < a.logits.values.size(); ++i) {
        difference += std::pow(static_cast<double>(a.logits.values[i]) - b.logits.values[i], 2);
        norm += std::pow(static_cast<double>(a.logits.values[i]), 2);
    }
    EXPECT_MEASURED(std::sqrt(difference / norm), 1.8e-2);
    EXPECT_GT(difference, 0);
}

TEST(Quantize, BadArguments) {
    const TemporaryDirectory dir;
    expect_error(ErrorCode::usage, {"unknown type \"Q4_K_X\"", "nearest: Q4_K_M"},
                 [&] { quantize(tiny, dir / "out.gguf", "Q4_K_X"); });
    expect_error(ErrorCode::model, {"no such file"},
                 [&] { quantize(dir / "none.gguf", dir / "out.gguf", "F16"); });
    spill(dir / "text.gguf", "hello");
    expect_error(ErrorCode::model, {"not a GGUF file"},
                 [&] { quantize(dir / "text.gguf", dir / "out.gguf", "F16"); });
    expect_error(ErrorCode::output, {"does not exist"}, [&] { quantize(tiny, dir / "no/out.gguf", "F16"); });
    std::filesystem::copy_file(tiny, dir / "in.gguf");
    std::filesystem::create_symlink(dir / "in.gguf", dir / "link.gguf");
    expect_error(ErrorCode::output, {"input itself"},
                 [&] { quantize(dir / "in.gguf", dir / "in.gguf", "F16"); });
    expect_error(ErrorCode::output, {"input itself"},
                 [&] { quantize(dir / "in.gguf", dir / "link.gguf", "F16"); });
    EXPECT_EQ(slurp(dir / "in.gguf"), slurp(tiny));
    // A GGUF that holds no model
    expect_error(ErrorCode::model, {"nothing was written"},
                 [&] { quantize(test::data_file("llama-tiny.golden.gguf"), dir / "out.gguf", "F16"); });
    EXPECT_EQ(dir.count(), 3);
}

TEST(Quantize, FullDiskLeavesTheOldFile) {
    const TemporaryDirectory dir;
    spill(dir / "out.gguf", "old");
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    const auto handler = signal(SIGXFSZ, SIG_IGN);
    const rlimit small{65536, before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    expect_error(ErrorCode::output, {"out.gguf", "disk full"},
                 [&] { quantize(tiny, dir / "out.gguf", "F32"); });
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, handler);
    EXPECT_EQ(slurp(dir / "out.gguf"), "old");
    EXPECT_EQ(dir.count(), 1);
}

}  // namespace
}  // namespace llmx

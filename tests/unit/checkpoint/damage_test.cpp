// Directories with random damage: an Error or a model, never a crash or another kind of exception.

#include <gtest/gtest.h>

#include <llmx/error.hpp>
#include <llmx/model.hpp>
#include <random>

#include "support/data.hpp"
#include "support/temporary.hpp"

namespace llmx {
namespace {

namespace fs = std::filesystem;
using test::slurp;
using test::spill;

struct Target {
    const char* family;
    const char* file;
    std::size_t most;  ///< damage only so many bytes from the beginning
};
void PrintTo(const Target& target, std::ostream* out) { *out << target.family << ' ' << target.file; }

class Damage : public testing::TestWithParam<Target> {};

/// One of: a flipped bit, a byte that JSON means something by, a cut, a stretch doubled.
std::string damaged(std::string bytes, std::size_t most, std::mt19937& random) {
    const std::size_t at = random() % std::min(bytes.size(), most);
    constexpr std::string_view marks = "{}[]\",:0-9e\\\xFF";
    switch (random() % 4) {
        case 0:
            bytes[at] = static_cast<char>(bytes[at] ^ static_cast<char>(1U << (random() % 8)));
            break;
        case 1:
            bytes[at] = marks[random() % marks.size()];
            break;
        case 2:
            bytes.resize(at);
            break;
        default:
            bytes.insert(at, bytes.substr(at, 1 + random() % 40));
            break;
    }
    return bytes;
}

TEST_P(Damage, IsAnErrorOrNothing) {
    const test::TemporaryDirectory dir;
    const fs::path good = test::data_file(GetParam().family, "-tiny");
    for (const auto& entry : fs::directory_iterator(good)) {
        fs::copy_file(entry.path(), dir / entry.path().filename().string());
    }
    const std::string whole = slurp(good / GetParam().file);
    std::mt19937 random(11);
    int refused = 0;
    for (int i = 0; i < 80; ++i) {
        const std::string bytes = damaged(whole, GetParam().most, random);
        spill(dir / GetParam().file, bytes);
        try {
            const Model model = Model::load(dir.path());
            (void)model.detokenize(model.tokenize_prompt("Hello  wörld\n 12"));
        } catch (const Error& e) {
            ++refused;
            EXPECT_NE(e.code(), ErrorCode::internal) << e.what();
            EXPECT_EQ(std::string(e.what()).find('\n'), std::string::npos) << e.what();
        }
    }
    EXPECT_GT(refused, 0);
}

INSTANTIATE_TEST_SUITE_P(
    Files, Damage,
    testing::Values(
        Target{"llama", "config.json", 1U << 20U}, Target{"llama", "tokenizer.json", 1U << 20U},
        Target{"llama", "tokenizer.json", 2000}, Target{"llama", "tokenizer_config.json", 1U << 20U},
        Target{"llama", "model.safetensors", 3000}, Target{"mixtral", "model.safetensors", 6000},
        Target{"mistral", "model.safetensors.index.json", 1U << 20U},
        Target{"mistral", "tokenizer.json", 1U << 20U}, Target{"gemma3", "config.json", 1U << 20U},
        Target{"t5", "config.json", 1U << 20U}, Target{"t5", "spiece.model", 1U << 20U},
        Target{"t5", "spiece.model", 200}, Target{"t5gated", "spiece.model", 1U << 20U},
        Target{"gemma2", "tokenizer.model", 1U << 20U}, Target{"bertqa", "config.json", 1U << 20U},
        Target{"bertqa", "tokenizer.json", 1U << 20U}));

}  // namespace
}  // namespace llmx

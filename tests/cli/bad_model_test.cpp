// Files that are no usable model: one line, code 4 or 5, nothing on standard output.

#include <gtest/gtest.h>

#include <string>

#include "program.hpp"
#include "support/temporary.hpp"

namespace llmx::test {
namespace {

Outcome explain(const std::string& model) { return llmx({"explain", "--model", model, "--prompt", "Hello"}); }

TEST(BadModel, Missing) {
    expect_failure(explain("/no/such/model.gguf"), 4, {"/no/such/model.gguf", "no such file"});
}

TEST(BadModel, Directory) {
    const TemporaryDirectory directory;
    expect_failure(explain(directory.path()), 4, {directory.path().string(), "directory"});
}

TEST(BadModel, NotGguf) {
    const TemporaryDirectory directory;
    spill(directory / "text.gguf", "Hello, I am a text of some length, and no model at all.\n");
    expect_failure(explain(directory / "text.gguf"), 4, {"text.gguf", "not a GGUF file"});
    spill(directory / "empty.gguf", "");
    expect_failure(explain(directory / "empty.gguf"), 4, {"empty.gguf"});
}

TEST(BadModel, Truncated) {
    const TemporaryDirectory directory;
    const std::string whole = slurp(golden("llama-tiny.gguf"));
    // Inside the fixed header, the keys, the tensor table, the first and the last weights.
    for (const std::size_t length : {std::size_t{4}, std::size_t{20}, std::size_t{500}, whole.size() / 100,
                                     whole.size() / 2, whole.size() - 1}) {
        spill(directory / "cut.gguf", whole.substr(0, length));
        expect_failure(explain(directory / "cut.gguf"), 4, {"cut.gguf"});
    }
}

TEST(BadModel, Corrupt) {
    const TemporaryDirectory directory;
    const std::string whole = slurp(golden("llama-tiny.gguf"));
    // The counts of tensors and of keys, the length of the first key: all too large to be true.
    for (const std::size_t offset : {8, 16, 24}) {
        std::string bytes = whole;
        bytes.replace(offset, 8, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F");
        spill(directory / "corrupt.gguf", bytes);
        expect_failure(explain(directory / "corrupt.gguf"), 4, {"corrupt.gguf"});
    }
}

TEST(BadModel, ANameOfAnArchitectureThatNobodyKnows) {
    const TemporaryDirectory directory;
    std::string bytes = slurp(golden("llama-tiny.gguf"));
    // The value of general.architecture, and the keys that begin with it.
    for (std::size_t at = bytes.find("llama"); at < 20000; at = bytes.find("llama", at + 1)) {
        bytes.replace(at, 5, "lhama");
    }
    spill(directory / "unknown.gguf", bytes);
    expect_failure(explain(directory / "unknown.gguf"), 4, {"lhama"});
}

TEST(BadModel, EmbeddingOnly) {
    expect_failure(explain(golden("bertqa-tiny.gguf")), 5, {"bert", "kind encoder"});
}

TEST(BadModel, EncoderDecoder) {
    expect_failure(explain(golden("t5-tiny.gguf")), 5, {"t5", "encoder-decoder"});
}

TEST(BadModel, NoChatTemplate) {
    const Outcome run = llmx({"explain", "--model", golden("llama-tiny.gguf"), "--user", "Hello"});
    expect_failure(run, 4, {"chat template", "--prompt"});
}

TEST(BadModel, OtherCommandsSaySoToo) {
    expect_failure(llmx({"model", "/no/such.gguf"}), 4, {"/no/such.gguf"});
    expect_failure(llmx({"modules", "/no/such.gguf"}), 4, {"/no/such.gguf"});
    expect_failure(llmx({"tokenize", "--model", "/no/such.gguf", "x"}), 4, {"/no/such.gguf"});
    const TemporaryDirectory directory;
    expect_failure(llmx({"quantize", "/no/such.gguf", directory / "out.gguf", "--type", "F16"}), 4,
                   {"/no/such.gguf"});
    EXPECT_EQ(directory.count(), 0);
}

}  // namespace
}  // namespace llmx::test

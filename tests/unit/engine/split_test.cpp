// Models split into several files.

#include <gtest/gtest.h>

#include <cstdio>
#include <llmx/model.hpp>

#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/gguf_edit.hpp"
#include "support/temporary.hpp"

namespace llmx {
namespace {

using test::expect_error;

class Split : public testing::Test {
protected:
    const test::TemporaryDirectory dir;

    static std::string part(int i) { return "m-0000" + std::to_string(i + 1) + "-of-00003.gguf"; }

    /// A tiny model in three files, keys in the first.
    Split() {
        const test::GgufEdit whole(test::data_file("llama-tiny.gguf"));
        for (int i = 0; i < 3; ++i) {
            test::GgufEdit edit(test::data_file("llama-tiny.gguf"));
            if (i > 0) edit = test::GgufEdit();
            edit.tensors.clear();
            for (std::size_t t = 0; t < whole.tensors.size(); ++t) {
                if (static_cast<int>(t * 3 / whole.tensors.size()) == i)
                    edit.tensors.push_back(whole.tensors[t]);
            }
            gguf_set_val_u16(edit.keys(), "split.no", static_cast<std::uint16_t>(i));
            gguf_set_val_u16(edit.keys(), "split.count", 3);
            gguf_set_val_i32(edit.keys(), "split.tensors.count",
                             static_cast<std::int32_t>(whole.tensors.size()));
            edit.write(dir / part(i));
        }
    }
};

TEST_F(Split, IsTheWholeModel) {
    const Model whole = Model::load(test::data_file("llama-tiny.gguf"));
    const Model split = Model::load(dir / part(0));
    EXPECT_EQ(split.facts().parameters, whole.facts().parameters);
    EXPECT_EQ(split.facts().bytes, whole.facts().bytes);
    ASSERT_EQ(split.modules().size(), whole.modules().size());
    for (std::size_t i = 0; i < whole.modules().size(); ++i)
        EXPECT_EQ(split.modules()[i].gguf_name, whole.modules()[i].gguf_name);
    const Tokens prompt{5, 9, 20, 301};
    const auto run = [&](const Model& model) {
        return model.generate(prompt, {.max_new_tokens = 8, .keep_logits = true});
    };
    EXPECT_EQ(run(split).ids, run(whole).ids);
    EXPECT_EQ(run(split).logits.values, run(whole).logits.values);
}

TEST_F(Split, DigestIsThatOfAllParts) {
    const std::string digest = Model::load(dir / part(0)).sha256_16();
    test::spill(dir / "all",
                test::slurp(dir / part(0)) + test::slurp(dir / part(1)) + test::slurp(dir / part(2)));
    FILE* pipe = popen(("sha256sum < '" + (dir / "all").string() + "'").c_str(), "r");
    ASSERT_NE(pipe, nullptr);
    char line[80] = {};
    const bool got = fgets(line, sizeof line, pipe) != nullptr;
    pclose(pipe);
    if (!got) GTEST_SKIP() << "no sha256sum here";
    EXPECT_EQ(digest, std::string(line).substr(0, 16));
}

TEST_F(Split, WrongFilesAreErrors) {
    const auto load = [&](int i) { return [this, i] { (void)Model::load(dir / part(i)); }; };
    expect_error(ErrorCode::model, {"one of 3 files", "expected the first", "-00001-of-00003"}, load(1));
    std::filesystem::copy_file(dir / part(0), dir / "renamed.gguf");
    expect_error(ErrorCode::model, {"renamed.gguf", "one of 3 files"},
                 [this] { (void)Model::load(dir / "renamed.gguf"); });

    const std::string third = test::slurp(dir / part(2));
    std::filesystem::remove(dir / part(2));
    expect_error(ErrorCode::model, {part(2), "no such file"}, load(0));
    std::filesystem::copy_file(dir / part(1), dir / part(2));
    expect_error(ErrorCode::model, {part(2), "is part 2 of 3; expected part 3"}, load(0));
    test::spill(dir / part(2), third.substr(0, third.size() - 100));
    expect_error(ErrorCode::model, {part(2), "truncated"}, load(0));

    // Parts of two models: a tensor is missing.
    test::spill(dir / part(2), third);
    test::GgufEdit other(dir / part(2));
    other.tensors.pop_back();
    other.write(dir / part(2));
    expect_error(ErrorCode::model, {"tensors expected"}, load(0));
}

}  // namespace
}  // namespace llmx

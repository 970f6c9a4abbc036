#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <llmx/error.hpp>
#include <llmx/view.hpp>
#include <nlohmann/json.hpp>

namespace llmx {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class ViewSafetensors : public testing::Test {
protected:
    void SetUp() override {
        const auto* info = testing::UnitTest::GetInstance()->current_test_info();
        directory = fs::path(testing::TempDir()) / (std::string("llmx_safetensors_") + info->name());
        fs::remove_all(directory);
        fs::create_directories(directory);
        path = directory / "result.safetensors";
    }
    void TearDown() override { fs::remove_all(directory); }

    [[nodiscard]] std::string bytes() const {
        std::ifstream in(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }

    fs::path directory, path;
};

Explanation example() {
    Explanation e;
    e.prompt_ids = {1, 2};
    e.answer_ids = {3};
    e.label_ids = {4, 5};
    GradientResult gradient;
    gradient.gradient = {{2, 3}, {1, 2, 3, 4, 5, -6.5F}};
    gradient.input_embeddings = {{2, 3}, {0.1F, 0.2F, 0.3F, 0.4F, 0.5F, 0.6F}};
    e.original.gradient = gradient;
    AttentionResult attention;
    attention.median_raw = {{1, 2, 1, 2}, {0, 0.25F, 0.5F, 0.75F}};
    attention.mean = {{1, 3}, {0.5F, 0.3F, 0.2F}};
    attention.blocks = {0, 3};
    attention.weights = {{{1, 1, 3}, {7, 8, 9}}, {{1, 1, 3}, {10, 11, 12}}};
    attention.rows = {1, 2};
    e.original.attention = attention;
    return e;
}

struct File {
    json header;
    std::string data;
};

/// The format's own rules: length, alignment, offsets that follow each other and end with the file.
File read_checked(const std::string& bytes) {
    File file;
    std::uint64_t length = 0;
    if (bytes.size() < 8) {
        ADD_FAILURE() << "too short: " << bytes.size();
        return file;
    }
    for (int i = 7; i >= 0; --i)
        length = length << 8 | static_cast<unsigned char>(bytes[static_cast<size_t>(i)]);
    EXPECT_EQ(length % 8, 0U);
    if (length > bytes.size() - 8) {
        ADD_FAILURE() << "header of " << length << " in a file of " << bytes.size();
        return file;
    }
    EXPECT_EQ(bytes[8], '{');
    file.header = json::parse(bytes.substr(8, length));
    file.data = bytes.substr(8 + length);

    std::vector<std::pair<std::size_t, std::size_t>> ranges;
    for (const auto& [name, entry] : file.header.items()) {
        if (name == "__metadata__") continue;
        EXPECT_EQ(entry["dtype"], "F32") << name;
        std::size_t elements = 1;
        for (const auto& extent : entry["shape"]) elements *= extent.get<std::size_t>();
        ranges.emplace_back(entry["data_offsets"][0], entry["data_offsets"][1]);
        EXPECT_EQ(ranges.back().second - ranges.back().first, elements * 4) << name;
    }
    std::sort(ranges.begin(), ranges.end());
    std::size_t end = 0;
    for (const auto& range : ranges) {
        EXPECT_EQ(range.first, end);
        end = range.second;
    }
    EXPECT_EQ(end, file.data.size());
    return file;
}

std::vector<float> values(const File& file, const std::string& name) {
    const auto& offsets = file.header.at(name)["data_offsets"];
    const std::size_t begin = offsets[0], end = offsets[1];
    std::vector<float> read((end - begin) / sizeof(float));
    std::memcpy(read.data(), file.data.data() + begin, end - begin);
    return read;
}

TEST_F(ViewSafetensors, TensorsReadBack) {
    const Explanation e = example();
    view::safetensors(path, e);
    const File file = read_checked(bytes());
    EXPECT_EQ(file.header.size(), 7U);  // six tensors and the metadata
    EXPECT_EQ(file.header["gradient"]["shape"], (json{2, 3}));
    EXPECT_EQ(values(file, "gradient"), e.original.gradient->gradient.values);
    EXPECT_EQ(values(file, "input_embeddings"), e.original.gradient->input_embeddings.values);
    EXPECT_EQ(file.header["attention_result.median_raw"]["shape"], (json{1, 2, 1, 2}));
    EXPECT_EQ(values(file, "attention_result.median_raw"), e.original.attention->median_raw.values);
    EXPECT_EQ(values(file, "attention.mean"), e.original.attention->mean.values);
    EXPECT_EQ(file.header["attention.0"]["shape"], (json{1, 1, 3}));
    EXPECT_EQ(values(file, "attention.0"), e.original.attention->weights[0].values);
    EXPECT_EQ(values(file, "attention.3"), e.original.attention->weights[1].values);
}

TEST_F(ViewSafetensors, MetadataAreStrings) {
    view::safetensors(path, example());
    const json metadata = read_checked(bytes()).header["__metadata__"];
    for (const auto& [key, value] : metadata.items()) EXPECT_TRUE(value.is_string()) << key;
    EXPECT_EQ(metadata["schema"], "llm-explainer/1");
    EXPECT_EQ(metadata["prompt_ids"], "[1,2]");
    EXPECT_EQ(metadata["answer_ids"], "[3]");
    EXPECT_EQ(metadata["label_ids"], "[4,5]");
    EXPECT_EQ(metadata["attention_rows"], "[1,2]");
}

TEST_F(ViewSafetensors, WhatIsNotThereIsLeftOut) {
    Explanation e = example();
    e.original.gradient.reset();
    e.original.attention->weights.clear();
    view::safetensors(path, e);
    const File file = read_checked(bytes());
    EXPECT_EQ(file.header.size(), 3U);
    EXPECT_FALSE(file.header["__metadata__"].contains("attention_rows"));
}

TEST_F(ViewSafetensors, AnyHeaderLengthIsPadded) {
    for (std::size_t i = 0; i < 8; ++i) {
        Explanation e = example();
        e.prompt_ids.insert(e.prompt_ids.end(), i, 10);
        e.label_ids.insert(e.label_ids.end(), i / 2, 1);
        view::safetensors(path, e);
        (void)read_checked(bytes());
    }
}

TEST_F(ViewSafetensors, AFailureLeavesTheOldFile) {
    std::ofstream(path) << "old";
    Explanation e = example();
    e.original.gradient->gradient.shape = {5, 5};
    EXPECT_THROW(view::safetensors(path, e), Error);
    EXPECT_EQ(bytes(), "old");
    EXPECT_EQ(std::distance(fs::directory_iterator(directory), fs::directory_iterator()), 1);
    EXPECT_THROW(view::safetensors(directory / "no" / "file", example()), Error);
}

}  // namespace
}  // namespace llmx

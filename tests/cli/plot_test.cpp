// llmx plot: static pictures.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "program.hpp"
#include "support/temporary.hpp"

namespace llmx::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

/// A result of three units and two targets, by a real run, then changed.
class Plot : public testing::Test {
protected:
    Plot() {
        const Outcome run =
            llmx({"explain", "--model", golden("llama-tiny.gguf"), "--prompt-ids", "5,6,7", "--answer-ids",
                  "20,21", "--method", "saliency", "--per-token", "--quiet", "--json", path()});
        EXPECT_EQ(run.code, 0) << run.err;
        result = json::parse(slurp(path()));
        json& entry = result["attributions"][0];
        entry["scores"] = {{0.5, -1.0, 0.0}, {0.5, 0.25, 0.0}};
        entry["units"][0]["text"] = "a<b>&\"";
        entry["units"][1]["text"] = "\u202Eback";
        entry["units"][2]["text"] = "日本";
        save();
    }
    [[nodiscard]] std::string path() const { return directory / "r.json"; }
    void save() const { spill(path(), result.dump()); }

    TemporaryDirectory directory;
    json result;
};

int count(const std::string& text, const std::string& pattern) {
    const std::regex form(pattern);
    return static_cast<int>(std::distance(std::sregex_iterator(text.begin(), text.end(), form), {}));
}

TEST_F(Plot, TextShowsUnitsEscapedAndColoured) {
    const Outcome run = llmx({"plot", path(), "-o", "-"});
    ASSERT_EQ(run.code, 0) << run.err;
    EXPECT_THAT(run.out, HasSubstr(">a&lt;b&gt;&amp;&quot;</text>"));
    EXPECT_THAT(run.out, HasSubstr(">‹U+202E›back</text>"));
    EXPECT_THAT(run.out, HasSubstr(">日本</text>"));
    EXPECT_THAT(run.out, Not(HasSubstr("\u202E")));
    // Sums 1, -0.75, 0: the scale's warm end, three quarters of the blue one, paper.
    EXPECT_EQ(count(run.out, R"(<rect [^>]*width="50.58" height="20.00" fill="#bd4600"/>)"), 1) << run.out;
    EXPECT_EQ(count(run.out, R"re(width="33.72"[^>]*fill="#f[de]f[de]f[cd]"/>)re"),
              1);  // two wide characters
}

TEST_F(Plot, MatrixHasACellForEveryScoreButZero) {
    const Outcome run = llmx({"plot", path(), "--kind", "matrix", "-o", "-"});
    ASSERT_EQ(run.code, 0) << run.err;
    EXPECT_EQ(count(run.out, R"(<rect [^>]*width="22.20")"), 4);
}

TEST_F(Plot, CurveOfAChecksFaithfulness) {
    const json number = {{"value", 0.5}, {"random", 0.25}, {"random_deviation", 0.1}};
    const json curve = {0.9, 0.5, 0.1};
    result["attributions"][0]["faithfulness"] = {
        {"comprehensiveness", number}, {"sufficiency", number},  {"deletion_area", number},
        {"insertion_area", number},    {"kendall_tau", nullptr}, {"fractions", {0.0, 0.5, 1.0}},
        {"deletion", curve},           {"insertion", curve},     {"random_deletion", curve},
        {"random_insertion", curve},   {"random_seeds", 5},      {"absence", "token"}};
    save();
    const Outcome run = llmx({"plot", path(), "--kind", "curve", "-o", "-"});
    ASSERT_EQ(run.code, 0) << run.err;
    EXPECT_EQ(count(run.out, "<polyline"), 4);
    EXPECT_EQ(count(run.out, "stroke-dasharray"), 2);
}

TEST_F(Plot, AttentionIsPairResultAndTheSoftmaxWeightsHaveAName) {
    const Outcome run = llmx({"explain", "--model", golden("llama-tiny.gguf"), "--prompt-ids", "5,6,7",
                              "--answer-ids", "20,21", "--method", "attention", "--layer-names",
                              "attn_q,attn_k,attn_v", "--quiet", "--json", path()});
    ASSERT_EQ(run.code, 0) << run.err;
    const auto plot = [&](const char* method) {
        return llmx({"plot", path(), "--kind", "matrix", "--method", method, "-o", "-"});
    };
    EXPECT_THAT(plot("attention").out, HasSubstr("pair_result"));
    EXPECT_THAT(plot("attention mean").out, HasSubstr("softmax weights"));
    result = json::parse(slurp(path()));
    result["Attention"]["pair_result"]["attention"] = json::array();
    result["Attention"]["pair_result"]["attention_mean"] = json::array();
    save();
    const Outcome without = plot("attention");
    EXPECT_EQ(without.code, 2);
    EXPECT_THAT(without.err, HasSubstr("attention mean"));
    EXPECT_EQ(plot("attention mean").code, 0);
}

TEST_F(Plot, SaysWhatItCannotDraw) {
    const auto expect = [&](const Arguments& more, int code, const char* words) {
        Arguments arguments = {"plot", path()};
        arguments.insert(arguments.end(), more.begin(), more.end());
        const Outcome run = llmx(arguments);
        EXPECT_EQ(run.code, code) << run.err;
        EXPECT_THAT(run.err, HasSubstr(words));
    };
    expect({}, 2, "expected llmx plot FILE -o FILE.svg");
    expect({"-o", "x.jpg"}, 2, "ends in .svg or .png");
    expect({"-o", "-", "--kind", "matrx"}, 2, "matrix");
    expect({"-o", "-", "--method", "salency"}, 2, "saliency");
    expect({"-o", "-", "--kind", "curve"}, 3, "has no faithfulness");
}

}  // namespace
}  // namespace llmx::test

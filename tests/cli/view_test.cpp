// llmx view and llmx explain --html: a page that holds the result.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program.hpp"
#include "support/temporary.hpp"

namespace llmx::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

/// llmx explain on a tiny model, and more arguments.
Arguments explain_and(const Arguments& more) {
    Arguments arguments = {"explain",      "--model",      golden("llama-tiny.gguf"),
                           "--prompt-ids", "5,6,7,8,9,10", "--answer-ids",
                           "20,21",        "--method",     "saliency",
                           "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
}

/// What the page's data element holds.
json data_of(const std::string& page) {
    const std::string open = R"(<script type="application/json" id="data">)";
    const std::size_t at = page.find(open);
    if (at == std::string::npos) return nullptr;
    const std::size_t from = at + open.size();
    return json::parse(page.substr(from, page.find("</script>", from) - from));
}

TEST(View, ExplainWritesAPageOfItsResult) {
    const TemporaryDirectory directory;
    const Outcome run = llmx(explain_and({"--json", directory / "r.json", "--html", directory / "r.html"}));
    ASSERT_EQ(run.code, 0) << run.err;
    const std::string page = slurp(directory / "r.html");
    EXPECT_TRUE(page.starts_with("<!doctype html>"));
    const json data = data_of(page);
    ASSERT_EQ(data["results"].size(), 1U);
    EXPECT_EQ(data["results"][0]["result"], json::parse(slurp(directory / "r.json")));

    const Outcome viewed = llmx({"view", directory / "r.json", "-o", directory / "v.html"});
    ASSERT_EQ(viewed.code, 0) << viewed.err;
    EXPECT_EQ(slurp(directory / "v.html"), page);
    const Outcome out = llmx({"view", directory / "r.json", "-o", "-"});
    EXPECT_EQ(out.out, page);
}

TEST(View, TwoResultsAreOnePageToCompare) {
    const TemporaryDirectory directory;
    ASSERT_EQ(llmx(explain_and({"--json", directory / "r.json"})).code, 0);
    json other = json::parse(slurp(directory / "r.json"));
    other["answer_text"] = "</script><script>alert(1)</script>";
    spill(directory / "s.json", other.dump());
    const Outcome run = llmx({"view", directory / "r.json", directory / "s.json", "--html", "-"});
    ASSERT_EQ(run.code, 0) << run.err;
    EXPECT_THAT(run.out, Not(HasSubstr("alert(1)</script>")));
    EXPECT_EQ(data_of(run.out)["results"][1]["result"]["answer_text"], other["answer_text"]);
}

TEST(View, InTheTerminalWithoutAFile) {
    const TemporaryDirectory directory;
    ASSERT_EQ(llmx(explain_and({"--json", directory / "r.json"})).code, 0);
    const Outcome run = llmx({"view", directory / "r.json"});
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_THAT(run.out, HasSubstr("saliency"));
}

TEST(View, RefusesWhatItCannotShow) {
    const TemporaryDirectory directory;
    spill(directory / "none.json", "{}");
    ASSERT_EQ(llmx(explain_and({"--json", directory / "r.json"})).code, 0);
    const std::string r = directory / "r.json";
    const auto expect = [](const Arguments& arguments, int code, const char* words) {
        const Outcome run = llmx(arguments);
        EXPECT_EQ(run.code, code) << run.err;
        EXPECT_THAT(run.err, HasSubstr(words));
    };
    expect({"view"}, 2, "0 results given; expected one, or two");
    expect({"view", r, r, r, "-o", "-"}, 2, "3 results given");
    expect({"view", r, r}, 2, "expected -o FILE");
    expect({"view", directory / "none.json", "-o", "-"}, 3, "has no schema");
    expect({"view", r, "-o", directory / "no" / "x.html"}, 7, "");
    expect(explain_and({"--html", "-"}), 2, "--html: cannot write to standard output");
    expect(explain_and({"--html", directory / "x", "--json", directory / "x"}), 2,
           "--json, --html: both are");
}

}  // namespace
}  // namespace llmx::test

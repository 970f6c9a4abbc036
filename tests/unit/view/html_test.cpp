// The report's file: inert data, hashes that the browser accepts, packed numbers.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <llmx/error.hpp>
#include <llmx/view.hpp>
#include <nlohmann/json.hpp>

#include "support/expect_error.hpp"
#include "view/html/assets.hpp"
#include "view/html/page.hpp"

namespace llmx {
namespace {

using nlohmann::ordered_json;
using testing::HasSubstr;
using testing::Not;

TEST(Page, HashesAreThoseOfContentSecurityPolicy) {
    // The example of the W3C's Content Security Policy Level 3.
    EXPECT_EQ(view::csp_hash("alert('Hello, world.');"),
              "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='");
}

TEST(Page, DataCannotEndItsElement) {
    const std::string hostile = R"({"a": "</script><script>alert(1)</script><!--"})";
    const std::string safe = view::inert(hostile);
    EXPECT_THAT(safe, Not(HasSubstr("<")));
    EXPECT_EQ(ordered_json::parse(safe), ordered_json::parse(hostile));
    const std::string page = view::page({.title = "</title><script>", .data_json = hostile});
    EXPECT_THAT(page, HasSubstr("<title>&lt;/title&gt;&lt;script&gt;</title>"));
    EXPECT_THAT(page, Not(HasSubstr("alert(1)</script>")));
}

TEST(Page, HoldsEveryAssetOnceWithItsHash) {
    const std::string page = view::page({});
    ASSERT_GT(view::assets().size(), 5U);
    EXPECT_EQ(view::assets().back().name, "start.js");
    for (const view::Asset& asset : view::assets()) {
        if (asset.name.starts_with("app/")) continue;
        EXPECT_THAT(page, HasSubstr(view::csp_hash(asset.text))) << asset.name;
        EXPECT_THAT(page, HasSubstr(std::string(asset.text))) << asset.name;
    }
    EXPECT_THAT(page, HasSubstr("connect-src 'none'"));
    EXPECT_THAT(view::page({.app = true}), HasSubstr("connect-src 'self'"));
}

/// The result that a page holds.
ordered_json result_of(const std::string& page) {
    const std::string open = R"(<script type="application/json" id="data">)";
    const std::size_t from = page.find(open) + open.size();
    return ordered_json::parse(
        page.substr(from, page.find("</script>", from) - from))["results"][0]["result"];
}

TEST(Html, PacksFloatsAndNothingElse) {
    Explanation result;
    result.original.attention.emplace();
    std::vector<float> row;
    for (int i = 0; i < 40; ++i) row.push_back(i == 39 ? 0.1F : 0.25F * static_cast<float>(i % 4) + 0.5F);
    result.original.attention->pair.attention = row;
    std::vector<float> rows = row;
    rows.insert(rows.end(), row.begin(), row.end());
    result.original.attention->mean_group = {{2, 40}, rows};
    result.token_logprobs = {0.5F, 0.25F};
    result.prompt_ids.assign(40, 7);
    Faithfulness measured;
    measured.deletion.assign(40, 0.12345678901234567);
    result.original.attention->pair.faithfulness = measured;
    const view::NamedResult named{"a.json", result};
    const ordered_json packed = result_of(view::html({&named, 1}));
    const ordered_json& pair = packed["Attention"]["pair_result"];
    EXPECT_EQ(pair["attention"]["shape"], ordered_json({40}));
    EXPECT_EQ(packed["Attention"]["attention_result"]["mean_group_df"]["shape"], ordered_json({2, 40}));
    const auto base64 = pair["attention"]["float32"].get<std::string>();
    EXPECT_EQ(base64.size(), 216U);            // 160 bytes: 54 groups of four
    EXPECT_EQ(base64.substr(0, 6), "AAAAPw");  // 0.5F, 0x3F000000
    const ordered_json written = ordered_json::parse(view::json(result));
    for (const char* key : {"token_logprobs", "prompt_ids"}) EXPECT_EQ(packed[key], written[key]) << key;
    EXPECT_EQ(pair["faithfulness"], written["Attention"]["pair_result"]["faithfulness"]);
}

TEST(Html, RefusesNoneAndWhatIsNoNumber) {
    Explanation result;
    result.objective_value = NAN;
    const view::NamedResult broken{"a.json", result};
    test::expect_error(ErrorCode::internal, {"objective.value"}, [&] { (void)view::html({&broken, 1}); });
    test::expect_error(ErrorCode::usage, {"0 results"}, [] { (void)view::html({}); });
}

}  // namespace
}  // namespace llmx

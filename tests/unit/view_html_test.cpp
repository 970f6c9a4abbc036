// The report's file: inert data, hashes that the browser accepts, packed numbers.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <llmx/error.hpp>
#include <llmx/view.hpp>
#include <nlohmann/json.hpp>

#include "support/expect_error.hpp"
#include "view/html/assets.hpp"
#include "view/html/pack.hpp"
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

TEST(Pack, TakesFloatsAndNothingElse) {
    ordered_json row = ordered_json::array();
    for (int i = 0; i < 40; ++i) row.push_back(i == 39 ? 0.1 : 0.25 * (i % 4) + 0.5);
    ordered_json whole = ordered_json::array();
    for (int i = 0; i < 40; ++i) whole.push_back(i);
    const auto doubles = ordered_json(std::vector<double>(40, 0.12345678901234567));
    ordered_json json = {{"row", row},     {"rows", {row, row}}, {"ragged", {row, {0.5}}},
                         {"whole", whole}, {"doubles", doubles}, {"few", {0.5, 0.25}}};
    ordered_json packed = json;
    view::pack(packed);
    EXPECT_EQ(packed["row"]["shape"], ordered_json({40}));
    EXPECT_EQ(packed["rows"]["shape"], ordered_json({2, 40}));
    EXPECT_EQ(packed["row"]["float32"].get<std::string>().size(), 216U);  // 160 bytes: 54 groups of four
    EXPECT_EQ(packed["row"]["float32"].get<std::string>().substr(0, 6), "AAAAPw");  // 0.5F, 0x3F000000
    for (const char* key : {"whole", "doubles", "few"}) EXPECT_EQ(packed[key], json[key]) << key;
    EXPECT_TRUE(packed["ragged"].is_array());
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

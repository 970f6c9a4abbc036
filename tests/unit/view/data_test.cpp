// What the views are drawn from: 8-bit rows, base64, what is kept where room is short, JSON and back.

#include <gtest/gtest.h>

#include <cmath>
#include <llmx/error.hpp>
#include <llmx/view.hpp>
#include <nlohmann/json.hpp>

#include "core/ranges.hpp"
#include "record/budgeted_selection.hpp"
#include "record/packed_weights.hpp"
#include "replay/score_steps.hpp"
#include "support/expect_error.hpp"
#include "support/measured.hpp"
#include "support/model_summary.hpp"
#include "view/base64.hpp"

namespace llmx {
namespace {

using nlohmann::json;

TEST(PackedWeights, AreWithinHalfAStep) {
    std::vector<float> row(700, 0.0F);  // runs of more zeros than a byte counts
    row[3] = 0.5F;
    row[4] = 1e-6F;  // less than half a step: nothing
    row[600] = 0.25F;
    row[699] = 0.001F;
    AttentionMap map;
    record::pack_row(row, map);
    record::pack_row(std::vector<float>(700, 0.0F), map);  // nothing at all
    record::pack_row(std::vector<float>(700, 1.0F / 700), map);
    EXPECT_LT(map.packed.size(), 730U);
    const Tensor back = unpack(map, 700);
    ASSERT_EQ(back.shape, (std::vector<std::int64_t>{3, 700}));
    for (std::size_t k = 0; k < row.size(); ++k) {
        EXPECT_MEASURED(std::abs(back.row(0)[k] - row[k]) - map.steps[0] * 0.5F, 1e-9) << k;
        EXPECT_EQ(back.row(1)[k], 0) << k;
        EXPECT_CLOSE(back.row(2)[k], 1.0 / 700, 1e-9) << k;
    }
    EXPECT_FLOAT_EQ(map.steps[0], 0.5F / 255);
}

TEST(PackedWeights, DamageIsFound) {
    AttentionMap map;
    record::pack_row(std::vector<float>{0.5F, 0, 0, 0.5F}, map);
    for (const int keys : {3, 5})
        test::expect_error(ErrorCode::input, {"attention map"}, [&] { (void)unpack(map, keys); });
    map.packed = {255, 0};  // a run without its length
    test::expect_error(ErrorCode::input, {"attention map"}, [&] { (void)unpack(map, 4); });
}

TEST(Base64, ThereAndBack) {
    for (std::size_t size = 0; size < 10; ++size) {
        std::vector<std::uint8_t> bytes(size);
        for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(251 * i + 7);
        EXPECT_EQ(view::from_base64(view::base64(bytes)), bytes) << size;
    }
    EXPECT_EQ(view::base64(std::vector<std::uint8_t>{'f', 'o'}), "Zm8=");  // RFC 4648
    for (const char* bad : {"Zm8", "Zm=v", "Z===", "Zm 8", "====", "Zm8=Zm8="})
        EXPECT_FALSE(view::from_base64(bad)) << bad;
    const std::vector<float> numbers = {1.5F, -1e-30F, 0};
    EXPECT_EQ(view::floats_from_base64(view::base64_floats(numbers)), numbers);
    EXPECT_FALSE(view::floats_from_base64("Zm8="));
    EXPECT_FALSE(view::floats_from_base64(view::base64_floats(std::vector<float>{NAN})));
}

TEST(BudgetedSelection, KeepsTheFirstInWhateverOrderTheyCome) {
    const std::vector<std::pair<int, std::size_t>> offers = {{4, 10}, {1, 30}, {3, 40},
                                                             {0, 20}, {2, 30}, {5, 1}};
    for (std::size_t start = 0; start < offers.size(); ++start) {
        record::BudgetedSelection<int> fitting(100);
        for (std::size_t i = 0; i < offers.size(); ++i) {
            const auto [rank, size] = offers[(start + i) % offers.size()];
            fitting.offer({rank, 0, 0}, size, rank);
        }
        EXPECT_EQ(fitting.finish(), (std::vector<int>{0, 1, 2})) << start;  // 3 is too much; 5 comes after it
    }
}

TEST(BudgetedSelection, SpreadsOverTheModel) {
    EXPECT_EQ(record::spread(1), (std::vector<int>{0}));
    EXPECT_EQ(record::spread(5), (std::vector<int>{0, 3, 2, 4, 1}));  // 0, 4, 2, 1, 3
    EXPECT_EQ(ranges({0, 1, 2, 5, 7, 8}), "0 to 2, 5, 7 to 8");
}

/// Slopes of eight and of twelve heads as Press et al. 2022 give them.
TEST(ScoreSteps, SlopesOfAlibi) {
    EXPECT_FLOAT_EQ(replay::alibi_slope(8, 0, 8), 0.5F);
    EXPECT_FLOAT_EQ(replay::alibi_slope(8, 7, 8), 1.0F / 256);
    EXPECT_FLOAT_EQ(replay::alibi_slope(8, 8, 12), std::exp2(-0.5F));
    EXPECT_FLOAT_EQ(replay::alibi_slope(8, 11, 12), std::exp2(-3.5F));
    EXPECT_FLOAT_EQ(replay::alibi_slope(0, 3, 8), 1);
}

ViewData some() {
    ViewData views;
    views.budget = 1000;
    views.left_out = {"self attention: single heads of 1 of 2 blocks (1)"};
    AttentionMaps maps{"self", 4, 4, 2, {0, 2}, {1, 1}, {}};
    AttentionMap map{0, -1, 2, {}, {}};
    record::pack_row(std::vector<float>{0.5F, 0.25F, 0, 0}, map);
    record::pack_row(std::vector<float>{0.1F, 0, 0, 0.9F}, map);
    maps.maps = {map};
    map.head = 0;
    maps.maps.push_back(map);
    views.attention = {maps};
    NeuronGroup group;
    group.kind = "self";
    group.block = 2;
    group.first_head = 2;
    group.first_row = 2;
    group.scale = 0.5F;
    group.softcap = 50;
    group.visible = {{0, 2}, {1, 3}};
    group.queries = {{1, 2, 2}, {1, 2, 3, 4}};
    group.keys = {{3, 2}, {1, 2, 3, 4, 5, 6}};
    group.bias = {{1, 2, 3}, {0, -1, -2, 0, 0, 1}};
    group.sinks = {0.5F};
    views.neuron = {group};
    LogitLens lens;
    lens.top = 2;
    lens.blocks = {0, 1};
    lens.ids = {5, 6, 5, 7, 5, 6, 7, 5};
    lens.probabilities = {{2, 2, 2}, {0.5F, 0.25F, 0.5F, 0.125F, 0.75F, 0.1F, 0.5F, 0.3F}};
    lens.answer_probabilities = {{2, 2}, {0.1F, 0.2F, 0.3F, 0.4F}};
    lens.answer_ranks = {3, 2, 1, 1};
    lens.text = {{5, "a"}, {6, " b"}, {7, "\xEF\xBF\xBD"}};
    views.logit_lens = lens;
    return views;
}

std::string written(const ViewData& views) {
    Explanation result;
    result.model = test::some_model();
    result.views = views;
    return view::json(result);
}

TEST(ViewDataJson, GivesWhatWasWritten) {
    const std::string text = written(some());
    const Explanation back = view::read_json(text, "a.json").explanation;
    EXPECT_EQ(written(*back.views), text);
    EXPECT_EQ(unpack(back.views->attention[0].maps[1], 4).values,
              unpack(some().attention[0].maps[1], 4).values);
    EXPECT_EQ(back.views->neuron[0].queries.values, some().neuron[0].queries.values);
    EXPECT_EQ(back.views->neuron[0].visible, some().neuron[0].visible);
    EXPECT_EQ(back.views->logit_lens->text, some().logit_lens->text);
    ViewData none;
    EXPECT_FALSE(view::read_json(written(none), "a.json").explanation.views->logit_lens);
    Explanation plain;
    const json without = json::parse(view::json(plain));
    EXPECT_FALSE(without.contains("views"));
}

TEST(ViewDataJson, SaysWhatIsWrong) {
    const auto refused = [](auto&& change, std::initializer_list<std::string> words) {
        json j = json::parse(written(some()));
        change(j["views"]);
        test::expect_error(ErrorCode::input, words, [&] { (void)view::read_json(j.dump(), "a.json"); });
    };
    refused([](json& v) { v["attention"][0]["maps"][0]["weights"] = "AAA="; }, {"attention map"});
    refused([](json& v) { v["attention"][0]["maps"][0]["weights"] = "A"; }, {"maps[0].weights", "base64"});
    refused([](json& v) { v["attention"][0]["maps"][1]["rows"] = 3; }, {"maps[1].rows", "rows of 4"});
    refused([](json& v) { v["attention"][0]["maps"][1]["steps"] = "AAAAAA=="; }, {"steps", "1 numbers", "2"});
    refused([](json& v) { v["attention"][0]["keys"] = -1; }, {"keys", "number from 0"});
    refused([](json& v) { v["attention"][0]["heads"] = {1}; }, {"heads", "one number a block"});
    refused([](json& v) { v["neuron"][0]["size"] = 3; }, {"queries", "4 numbers", "expected 6"});
    refused([](json& v) { v["neuron"][0]["heads"] = {2, 2}; }, {"heads", "range of heads"});
    refused([](json& v) { v["neuron"][0]["visible"][0] = {0, 4}; }, {"visible", "ranges of keys"});
    refused([](json& v) { v["neuron"][0]["sinks"] = {1, 2}; }, {"sinks", "one number a head"});
    refused([](json& v) { v["logit_lens"]["ids"][1].erase(0); }, {"ids[1]", "2 rows"});
    refused([](json& v) { v["logit_lens"]["answer_ranks"][0].erase(0); }, {"answer_ranks"});
    refused([](json& v) { v["logit_lens"]["top"] = 3; }, {"probabilities", "3 numbers a place"});
    refused([](json& v) { v["logit_lens"]["text"]["x"] = "y"; }, {"text", "token ids"});
    refused([](json& v) { v.erase("left_out"); }, {"views: has no left_out"});
}

}  // namespace
}  // namespace llmx

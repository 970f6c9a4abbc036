// What the views are drawn from, against the softmax weights of the same pass and PyTorch's numbers.

#include <gtest/gtest.h>

#include <llmx/llmx.hpp>
#include <map>

#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/golden_file.hpp"
#include "support/measured.hpp"
#include "support/neurons.hpp"

namespace llmx {
namespace {

struct Subject {
    const char* name;
    const char* form;  // ".gguf", or "": a directory
    double golden;     // of a weight, beside half a step of its 8 bits
};
void PrintTo(const Subject& subject, std::ostream* out) { *out << subject.name; }

class Views : public testing::TestWithParam<Subject> {
protected:
    const std::string stem = test::data_file(GetParam().name, "-tiny");
    const test::GoldenFile golden{stem + ".golden.gguf"};
    const Model model = Model::load(stem + GetParam().form);

    [[nodiscard]] Request request() const {
        Request asked;
        if (model.facts().kind == ModelKind::encoder) {
            asked.task = Task::question_answering;
            asked.pair.question = golden.text("golden.question");
            asked.pair.context = golden.text("golden.context");
        } else if (model.facts().kind == ModelKind::encoder_decoder) {
            asked.task = Task::translation;
            asked.input_ids = golden.ids("encoder_ids");
            asked.output.ids = golden.ids("target_ids");
        } else {
            const Tokens ids = golden.ids("ids");
            const auto prompt = std::min<std::ptrdiff_t>(18, static_cast<std::ptrdiff_t>(ids.size()) - 2);
            asked.input_ids.assign(ids.begin(), ids.begin() + prompt);
            asked.output.ids.assign(ids.begin() + prompt, ids.end());
        }
        asked.keep_attention = true;
        asked.all_attention_rows = true;
        asked.views = {.attention = true, .neuron = true, .budget = 0};
        return asked;
    }
    [[nodiscard]] Explanation explain(const Request& asked) const {
        const std::vector<Method> methods = {"attention"};
        return Explainer(model, methods).compute(asked);
    }
};

/// The whole weights of a kind and block, [heads, rows, keys].
const Tensor& weights_of(const AttentionResult& all, const std::string& kind, int block, bool has_source) {
    const auto at =
        static_cast<std::size_t>(std::find(all.blocks.begin(), all.blocks.end(), block) - all.blocks.begin());
    if (!has_source) return all.weights.at(at);
    if (kind == "cross") return all.cross_weights.at(at);
    return (kind == "self" ? all.decoder_weights : all.encoder_weights).at(static_cast<std::size_t>(block));
}

TEST_P(Views, MapsAreTheWeightsWithinAStep) {
    const Explanation result = explain(request());
    const bool has_source = model.facts().kind == ModelKind::encoder_decoder;
    ASSERT_EQ(result.views->attention.size(), has_source ? 3U : 1U);
    EXPECT_TRUE(result.views->left_out.empty() ||
                result.views->left_out[0].find("neurons: the prompt's rows") != std::string::npos);
    for (const AttentionMaps& maps : result.views->attention) {
        std::map<std::pair<int, int>, std::vector<bool>> seen;  // block, head -> rows
        double most = 0;
        for (const AttentionMap& map : maps.maps) {
            const Tensor& truth = weights_of(*result.original.attention, maps.kind, map.block, has_source);
            const Tensor ours = unpack(map, maps.keys);
            const auto heads = static_cast<int>(truth.shape[0]);
            for (std::size_t r = 0; r < map.steps.size(); ++r) {
                auto& rows = seen[{map.block, map.head}];
                rows.resize(static_cast<std::size_t>(maps.rows));
                rows[r + static_cast<std::size_t>(map.first_row)] = true;
                for (std::size_t k = 0; k < static_cast<std::size_t>(maps.keys); ++k) {
                    double exact = 0;
                    for (int h = 0; h < heads; ++h) {
                        if (map.head >= 0 && map.head != h) continue;
                        const auto row = static_cast<std::size_t>(h * truth.shape[1]) + r +
                                         static_cast<std::size_t>(map.first_row);
                        exact += truth.row(row)[k] / (map.head < 0 ? heads : 1.0);
                    }
                    const double error = std::abs(ours.row(r)[k] - exact);
                    most = std::max(most, error);
                    ASSERT_MEASURED(error - map.steps[r] * 0.5, 6e-8)
                        << maps.kind << " block " << map.block << " head " << map.head << " row " << r;
                }
            }
        }
        EXPECT_GT(most, 1e-6) << "8 bits cannot be that exact: were there any weights?";
        // every row of every head and of their mean is there
        std::size_t expected = maps.blocks.size();
        for (const int heads : maps.heads) expected += static_cast<std::size_t>(heads);
        EXPECT_EQ(seen.size(), expected) << maps.kind;
        for (const auto& [map, rows] : seen)
            EXPECT_EQ(std::count(rows.begin(), rows.end(), false), 0) << maps.kind;
    }
}

TEST_P(Views, QueriesAndKeysGiveTheWeights) {
    const Explanation result = explain(request());
    const bool has_source = model.facts().kind == ModelKind::encoder_decoder;
    double worst = 0;
    std::map<std::string, int> heads;
    for (const NeuronGroup& group : result.views->neuron) {
        const Tensor& truth = weights_of(*result.original.attention, group.kind, group.block, has_source);
        for (std::size_t h = 0; h < static_cast<std::size_t>(group.queries.shape[0]);
             ++h, ++heads[group.kind]) {
            for (std::size_t r = 0; r < group.visible.size(); ++r) {
                const auto row = (static_cast<std::size_t>(group.first_head) + h) *
                                     static_cast<std::size_t>(truth.shape[1]) +
                                 static_cast<std::size_t>(group.first_row) + r;
                const auto exact = truth.row(row).first(static_cast<std::size_t>(group.keys.shape[0]));
                const std::vector<float> ours = test::weights_of(group, h, r);
                worst =
                    std::max(worst, test::relative_l2(ours, std::vector<float>(exact.begin(), exact.end())));
            }
        }
    }
    std::cout << GetParam().name << ": weights from queries and keys " << worst << '\n';
    EXPECT_MEASURED(worst,
                    2.7e-6);  // a score is rounded to float32: T5 does not scale its own, they reach 100
    for (const AttentionMaps& maps : result.views->attention) {
        int all = 0;
        for (const int count : maps.heads) all += count;
        EXPECT_EQ(heads[maps.kind], all) << maps.kind;
    }
}

TEST_P(Views, MapsAreCloseToPyTorch) {
    const Explanation result = explain(request());
    for (const AttentionMaps& maps : result.views->attention) {
        const std::string key = model.facts().kind == ModelKind::encoder_decoder
                                    ? (maps.kind == "self" ? "decoder" : maps.kind) + "_attention."
                                    : "attention.";
        for (const AttentionMap& map : maps.maps) {
            if (map.head < 0 || !golden.has(key + std::to_string(map.block))) continue;
            const auto truth = golden.floats(key + std::to_string(map.block));
            const auto heads = static_cast<std::size_t>(
                maps.heads[static_cast<std::size_t>(map.block - maps.blocks.front())]);
            // a decoder's last row and column are not kept
            const bool cut = model.facts().kind == ModelKind::decoder;
            const std::size_t columns = static_cast<std::size_t>(maps.keys) + (cut ? 1 : 0);
            const std::size_t rows = truth.size() / heads / columns;
            const Tensor ours = unpack(map, maps.keys);
            for (std::size_t r = 0; r < map.steps.size(); ++r) {
                const std::size_t at = (static_cast<std::size_t>(map.head) * rows + r +
                                        static_cast<std::size_t>(map.first_row)) *
                                       columns;
                for (std::size_t k = 0; k < static_cast<std::size_t>(maps.keys); ++k)
                    ASSERT_MEASURED(std::abs(ours.row(r)[k] - truth[at + k]) - map.steps[r] * 0.5,
                                    GetParam().golden)
                        << maps.kind << " block " << map.block << " head " << map.head;
            }
        }
    }
}

TEST_P(Views, PiecesAndMicroBatchesChangeNothing) {
    Request asked = request();
    const Explanation whole = explain(asked);
    const auto expect_same = [&](const Explanation& other, double measured) {
        ASSERT_EQ(other.views->attention.size(), whole.views->attention.size());
        ASSERT_EQ(other.views->neuron.size(), whole.views->neuron.size());
        for (std::size_t i = 0; i < whole.views->attention.size(); ++i) {
            const AttentionMaps& a = whole.views->attention[i];
            const AttentionMaps& b = other.views->attention[i];
            ASSERT_EQ(a.maps.size(), b.maps.size());
            for (std::size_t m = 0; m < a.maps.size(); ++m) {
                ASSERT_EQ(a.maps[m].steps.size(), b.maps[m].steps.size());
                EXPECT_EQ(a.maps[m].first_row, b.maps[m].first_row);
                EXPECT_LE(
                    test::max_difference(unpack(a.maps[m], a.keys).values, unpack(b.maps[m], b.keys).values),
                    test::margin * measured + 1.0 / 255);
            }
        }
        for (std::size_t i = 0; i < whole.views->neuron.size(); ++i) {
            EXPECT_EQ(whole.views->neuron[i].visible, other.views->neuron[i].visible);
            EXPECT_MEASURED(test::max_difference(whole.views->neuron[i].queries.values,
                                                 other.views->neuron[i].queries.values),
                            measured);
            EXPECT_MEASURED(
                test::max_difference(whole.views->neuron[i].keys.values, other.views->neuron[i].keys.values),
                measured);
        }
    };
    asked.memory_budget = std::size_t{400} << 10;
    expect_same(explain(asked), 0);
    if (model.facts().kind == ModelKind::encoder) return;
    asked.memory_budget = 0;
    asked.micro_batch = 5;
    expect_same(explain(asked), model.facts().kind == ModelKind::encoder_decoder ? 9.2e-6 : 5e-7);
}

INSTANTIATE_TEST_SUITE_P(Kinds, Views,
                         testing::Values(Subject{"llama", ".gguf", 6e-8}, Subject{"qwen2", ".gguf", 6e-8},
                                         Subject{"qwen3", ".gguf", 6e-8}, Subject{"mixtral", ".gguf", 6e-8},
                                         Subject{"gpt2", ".gguf", 2.4e-5}, Subject{"gemma3", ".gguf", 3.9e-4},
                                         Subject{"gemma2", "", 9.3e-5}, Subject{"falcon", "", 4e-4},
                                         Subject{"t5", ".gguf", 3.7e-6}, Subject{"bertqa", "", 3.9e-6}),
                         [](const auto& subject) { return std::string(subject.param.name); });

class ThinnedViews : public testing::Test {
protected:
    const Model model = Model::load(test::data_file("llama-tiny.gguf"));
    [[nodiscard]] Explanation explain(const RecordChoice& views) const {
        Request asked;
        asked.input_ids = {1, 5, 9, 13, 17, 21};
        asked.output.ids = {25, 29, 33};
        asked.views = views;
        const std::vector<Method> methods = {"gradient"};
        return Explainer(model, methods).compute(asked);
    }
};

TEST_F(ThinnedViews, FitIntoTheirBudgetAndSayWhatDoesNot) {
    std::size_t before = 0;
    for (const std::size_t budget : {600U, 3000U, 20000U, 200000U}) {
        const Explanation result = explain({.attention = true, .neuron = true, .budget = budget});
        const ViewData& views = *result.views;
        const std::string text = view::json(result);
        // but for what stands around the maps
        EXPECT_LE(text.size(), budget + view::json(explain({})).size() + 1200) << budget;
        const std::size_t maps = views.attention.at(0).maps.size() + views.neuron.size();
        EXPECT_GE(maps, before);
        before = maps;
        if (budget <= 3000U) {
            ASSERT_FALSE(views.left_out.empty());
            EXPECT_NE(views.left_out[0].find("self attention: "), std::string::npos) << views.left_out[0];
        }
    }
    EXPECT_GT(before, 10U);
}

/// The mean over heads comes before single heads, and the answer's rows before the prompt's.
TEST_F(ThinnedViews, KeepTheMeanOfTheAnswersRowsFirst) {
    const ViewData all = *explain({.attention = true, .budget = 0}).views;
    EXPECT_TRUE(all.left_out.empty());
    const ViewData few = *explain({.attention = true, .budget = 1200}).views;
    ASSERT_FALSE(few.attention[0].maps.empty());
    for (const AttentionMap& map : few.attention[0].maps) {
        EXPECT_EQ(map.first_row, few.attention[0].answer_row);
        EXPECT_TRUE(map.head == -1 || few.attention[0].maps.size() > few.attention[0].blocks.size());
    }
}

TEST_F(ThinnedViews, ChosenBlocksOnly) {
    const ViewData views = *explain({.attention = true, .neuron = true, .blocks = {1}, .budget = 0}).views;
    for (const AttentionMap& map : views.attention.at(0).maps) EXPECT_EQ(map.block, 1);
    for (const NeuronGroup& group : views.neuron) EXPECT_EQ(group.block, 1);
    EXPECT_FALSE(views.neuron.empty());
    test::expect_error(ErrorCode::usage, {"`view_blocks`: got 99", "0 to"},
                       [&] { (void)explain({.attention = true, .blocks = {99}}); });
}

}  // namespace
}  // namespace llmx

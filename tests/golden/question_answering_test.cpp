// Encoders with a question-answering head against PyTorch in double: start and end logits, the loss and
// its gradient at the embeddings.

#include <gtest/gtest.h>

#include "objective/span.hpp"
#include "replay/gradient.hpp"
#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/golden_file.hpp"
#include "support/measured.hpp"
#include "support/pass_results.hpp"

namespace llmx {
namespace {

struct QaCase {
    const char* name;
    const char* model;  ///< a GGUF file has no head: the directory's
    const char* head;
    const char* golden;
};
void PrintTo(const QaCase& source, std::ostream* out) { *out << source.name; }

class TinyQa : public testing::TestWithParam<QaCase> {
protected:
    const test::GoldenFile golden{test::data_file(GetParam().golden, ".golden.gguf")};
    const Model model = Model::load(test::data_file(GetParam().model));
    const Model with_head = Model::load(test::data_file(GetParam().head));
    const QaHead& head = *with_head.qa_head();

    [[nodiscard]] engine::PassInput input() const {
        engine::PassInput input{.ids = golden.ids("ids")};
        if (golden.has("token_type_ids")) input.token_types = golden.ids("token_type_ids");
        const auto is_zero = [](int type) { return type == 0; };
        if (std::all_of(input.token_types.begin(), input.token_types.end(), is_zero))
            input.token_types.clear();
        for (std::size_t p = 0; p < input.ids.size(); ++p) input.outputs.push_back(static_cast<int>(p));
        return input;
    }
};

TEST_P(TinyQa, LogitsLossAndGradient) {
    const engine::PassInput asked = input();
    const auto tokens = static_cast<int>(asked.ids.size());
    engine::Session session(model, {.tokens = tokens, .outputs = tokens});
    replay::Replay replay(session, asked, std::make_shared<tape::Arena>());
    const replay::Gradient gradient(replay.graph(), false);
    replay.plan(gradient.needs(), 0);
    replay.visit();
    const objective::SpanLogits logits = objective::span_logits(replay.results(), head);
    const int start = static_cast<int>(golden.number("golden.start"));
    const int end = static_cast<int>(golden.number("golden.end"));
    vjp::Weights weights(0, false);
    const auto result = gradient.whole(
        replay, [&](const Tensor& hidden) { return objective::span_gradient(hidden, head, start, end); },
        weights, 2);
    const double starts = test::relative_l2(logits.start, golden.floats("start_logits"));
    const double ends = test::relative_l2(logits.end, golden.floats("end_logits"));
    const double grad = test::relative_l2(result.embedding.values, golden.floats("grad_loss"));
    std::cout << GetParam().name << ": start " << starts << ", end " << ends << ", gradient " << grad << '\n';
    EXPECT_MEASURED(starts, 8.6e-4);
    EXPECT_MEASURED(ends, 5.8e-4);
    EXPECT_MEASURED(grad, 1.2e-3);
    EXPECT_CLOSE(objective::span_loss(logits, start, end), golden.number("golden.loss"), 3.4e-4);
}

TEST_P(TinyQa, AttentionOfAllTokens) {
    const engine::PassInput asked = input();
    const AttentionResult ours =
        test::attention(model, asked, replay::AttentionKind::self, static_cast<int>(asked.ids.size()), 0);
    double worst = 0;
    for (std::size_t b = 0; b < ours.weights.size(); ++b) {
        const auto truth = golden.floats("attention." + std::to_string(b));
        worst = std::max(worst, test::relative_l2(ours.weights[b].values, truth));
    }
    std::cout << GetParam().name << ": attention " << worst << '\n';
    EXPECT_MEASURED(worst, 6.6e-4);
    EXPECT_EQ(ours.weights.size(), static_cast<std::size_t>(model.facts().blocks));
    EXPECT_EQ(ours.pair.attention.size(), asked.ids.size());
    EXPECT_TRUE(ours.mean_group.values.empty());
}

TEST_P(TinyQa, TokenTypesMatterWhereThereAreAny) {
    engine::PassInput typed = input();
    const auto tokens = static_cast<int>(typed.ids.size());
    engine::Session session(model, {.tokens = tokens, .outputs = tokens});
    if (typed.token_types.empty()) {
        typed.token_types.assign(typed.ids.size(), 0);
        test::expect_error(ErrorCode::input, {"token types", "leave them out"}, [&] { session.run(typed); });
        return;
    }
    engine::PassInput untyped = typed;
    untyped.token_types.clear();
    const auto run = [&](const engine::PassInput& asked) {
        session.run(asked);
        const auto first = session.result(0);
        return std::vector<float>(first.begin(), first.end());
    };
    const std::vector<float> with = run(typed);
    EXPECT_GT(test::relative_l2(run(untyped), with), 1e-2);
    EXPECT_EQ(run(typed), with);
    typed.token_types.back() = 2;
    test::expect_error(ErrorCode::input, {"token types", "got 2", "0 to 1"}, [&] { session.run(typed); });
    typed.token_types.pop_back();
    test::expect_error(ErrorCode::input, {"token types", "expected one per token"},
                       [&] { session.run(typed); });
}

TEST_P(TinyQa, MicroBatchesAreRefused) {
    test::expect_error(ErrorCode::unsupported, {"`ubatch`", "reads a text all at once"},
                       [&] { engine::Session(model, {.tokens = 16, .outputs = 16, .micro_batch = 4}); });
}

INSTANTIATE_TEST_SUITE_P(
    Sources, TinyQa,
    testing::Values(QaCase{"bert_gguf", "bertqa-tiny.gguf", "bertqa-tiny", "bertqa-tiny"},
                    QaCase{"bert_directory", "bertqa-tiny", "bertqa-tiny", "bertqa-tiny"},
                    QaCase{"distilbert_directory", "distilbertqa-tiny", "distilbertqa-tiny",
                           "distilbertqa-tiny"},
                    QaCase{"roberta_directory", "robertaqa-tiny", "robertaqa-tiny", "robertaqa-tiny"}),
    [](const auto& source) { return std::string(source.param.name); });

}  // namespace
}  // namespace llmx

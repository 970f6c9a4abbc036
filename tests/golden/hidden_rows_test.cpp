// Rows hidden from attention, against PyTorch in double with an explicit mask.

#include <gtest/gtest.h>

#include <cmath>

#include "engine/scoring/scorer.hpp"
#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/golden_file.hpp"
#include "support/measured.hpp"
#include "support/pass_results.hpp"

namespace llmx {
namespace {

using engine::PassInput;

class HiddenRows : public testing::Test {
protected:
    const test::GoldenFile golden{test::data_file("hidden-rows.golden.gguf")};

    static PassInput every_output(PassInput input) {
        for (int p = 0; p < static_cast<int>(input.ids.size()); ++p) input.outputs.push_back(p);
        return input;
    }
    static Tensor run(const Model& model, const PassInput& input, int micro_batch = 0) {
        engine::Session session(model, {.tokens = static_cast<int>(input.ids.size()),
                                        .outputs = static_cast<int>(input.outputs.size()),
                                        .source = static_cast<int>(input.source.size()),
                                        .micro_batch = micro_batch});
        session.run(input);
        return session.results();
    }
    void compare(const Tensor& ours, const std::string& name, double measured) const {
        const double difference = test::relative_l2(ours.values, golden.floats(name));
        std::cout << name << ": " << difference << '\n';
        EXPECT_MEASURED(difference, measured) << name;
    }
};

TEST_F(HiddenRows, OfDecoders) {
    for (const std::string family : {"llama", "gemma3"}) {  // gemma3: two masks, one with a window of 8
        const Model model = Model::load(test::data_file(family, "-tiny.gguf"));
        PassInput input =
            every_output({.ids = test::GoldenFile(test::data_file(family, "-tiny.golden.gguf")).ids("ids")});
        for (const std::string what : {"some", "prompt"}) {
            input.hidden = golden.ids(family + "." + what + ".hidden");
            for (const int micro_batch : {0, 5})
                compare(run(model, input, micro_batch), family + "." + what + ".logits",
                        family == "llama" ? 2.4e-7 : 4.7e-4);
        }
    }
}

TEST_F(HiddenRows, OfAnEncoder) {
    const Model model = Model::load(test::data_file("bertqa-tiny.gguf"));
    const test::GoldenFile text(test::data_file("bertqa-tiny.golden.gguf"));
    PassInput input = every_output({.ids = text.ids("ids"), .token_types = text.ids("token_type_ids")});
    input.hidden = golden.ids("bertqa.some.hidden");
    compare(run(model, input), "bertqa.some.last_hidden", 1.9e-4);
}

TEST_F(HiddenRows, OfASource) {
    const Model model = Model::load(test::data_file("t5-tiny.gguf"));
    const test::GoldenFile text(test::data_file("t5-tiny.golden.gguf"));
    PassInput input = every_output({.source = text.ids("encoder_ids"), .ids = text.ids("decoder_ids")});
    input.hidden = golden.ids("t5.some.hidden");
    for (const int micro_batch : {0, 3}) compare(run(model, input, micro_batch), "t5.some.logits", 3e-6);
}

// No golden numbers: transformers spreads attention over what is hidden when nothing else is left.
TEST_F(HiddenRows, AWholeSourceIsNotReadAtAll) {
    const Model model = Model::load(test::data_file("t5-tiny.gguf"));
    const test::GoldenFile text(test::data_file("t5-tiny.golden.gguf"));
    PassInput input = every_output({.source = text.ids("encoder_ids"), .ids = text.ids("decoder_ids")});
    const Tensor plain = run(model, input);
    for (int row = 0; row < static_cast<int>(input.source.size()); ++row) input.hidden.push_back(row);
    const Tensor hidden = run(model, input);
    for (const float z : hidden.values) ASSERT_TRUE(std::isfinite(z));
    EXPECT_GT(test::relative_l2(hidden.values, plain.values), 1e-2);
    for (Token& id : input.source) id = id == 9 ? 11 : 9;
    EXPECT_EQ(run(model, input).values, hidden.values);
}

TEST_F(HiddenRows, AreThereInAWatchedPass) {
    const Model model = Model::load(test::data_file("llama-tiny.gguf"));
    PassInput input =
        every_output({.ids = test::GoldenFile(test::data_file("llama-tiny.golden.gguf")).ids("ids")});
    input.hidden = golden.ids("llama.some.hidden");
    const Tokens next(input.ids.begin() + 1, input.ids.end());
    const test::PassResults watched =
        test::per_term(model, input, objective::terms(Objective::generated, next, {}));
    EXPECT_MEASURED(test::relative_l2(watched.results, golden.floats("llama.some.logits")), 2.6e-7);
}

TEST_F(HiddenRows, AreForgottenByTheNextPass) {
    const Model model = Model::load(test::data_file("llama-tiny.gguf"));
    engine::Session session(model, {.tokens = 8, .outputs = 1});
    PassInput input{.ids = {5, 6, 7, 8, 9, 10, 11, 12}, .outputs = {7}};
    session.run(input);
    const Tensor plain = session.results();
    PassInput hidden = input;
    hidden.hidden = {2, 3};
    // a scorer runs such texts whole, and the others together
    engine::Scorer scorer(session);
    std::vector<Tensor> results(3);
    scorer.run(std::vector<PassInput>{input, hidden, input},
               [&](std::size_t i, Tensor&& found) { results[i] = std::move(found); });
    EXPECT_MEASURED(test::relative_l2(results[0].values, plain.values), 6e-8);
    EXPECT_MEASURED(test::relative_l2(results[2].values, plain.values), 6e-8);
    EXPECT_GT(test::relative_l2(results[1].values, plain.values), 1e-2);
    EXPECT_EQ(scorer.computed(), 16);
}

}  // namespace
}  // namespace llmx

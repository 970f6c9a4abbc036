// Beam search against exhaustive search and against the same search without a shared memory.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <llmx/model.hpp>
#include <set>

#include "engine/model/model_impl.hpp"
#include "support/data.hpp"
#include "support/expect_error.hpp"
#include "support/gguf_edit.hpp"
#include "support/golden_file.hpp"
#include "support/measured.hpp"
#include "support/temporary.hpp"

namespace llmx {
namespace {

using test::expect_error;

/// log softmax of the logits after prompt and answer, by a pass of its own.
std::vector<double> log_probabilities(const Model& model, Tokens prompt, const Tokens& answer) {
    prompt.insert(prompt.end(), answer.begin(), answer.end());
    const Tensor logits =
        model.generate(prompt, {.max_new_tokens = 1, .context = 1000, .keep_logits = true}).logits;
    double sum = 0;
    for (const float z : logits.values) sum += std::exp(static_cast<double>(z));
    std::vector<double> result;
    for (const float z : logits.values) result.push_back(z - std::log(sum));
    return result;
}

class Beams : public testing::Test {
protected:
    const test::TemporaryDirectory dir;

    /// A model of so many tokens without a tokenizer, so that nothing ends its texts.
    [[nodiscard]] Model small_vocabulary(const std::string& family, std::int64_t tokens) const {
        test::GgufEdit edit(test::data_file(family, "-tiny.gguf"));
        edit.cut_vocabulary(family, tokens);
        edit.write(dir / (family + ".gguf"));
        return Model::load(dir / (family + ".gguf"));
    }
};

TEST_F(Beams, AsManyAsTextsAreExhaustiveSearch) {
    constexpr int tokens = 9;
    for (const char* family : {"llama", "gemma3"}) {
        const Model model = small_vocabulary(family, tokens);
        const Tokens prompt{1, 5, 3, 3, 7};
        Tokens best;
        double best_score = -INFINITY;
        double greedy_score = 0;
        const Tokens greedy = model.generate(prompt, {.max_new_tokens = 3}).ids;
        const std::function<void(Tokens, double)> visit = [&](const Tokens& answer, double score) {
            if (answer == greedy) greedy_score = score;
            if (answer.size() == 3) {
                if (score > best_score) best = answer;
                best_score = std::max(best_score, score);
                return;
            }
            const std::vector<double> log_p = log_probabilities(model, prompt, answer);
            for (Token id = 0; id < tokens; ++id) {
                Tokens longer = answer;
                longer.push_back(id);
                visit(longer, score + log_p[static_cast<std::size_t>(id)]);
            }
        };
        visit({}, 0);
        // Nine beams hold every text of one token, eighty-one of two: nothing can be lost.
        const Generation found =
            model.generate(prompt, {.max_new_tokens = 3, .num_beams = 81, .length_penalty = 2.0F});
        EXPECT_EQ(found.ids, best) << family;
        EXPECT_CLOSE(found.score, best_score / 9, 6.8e-7) << family;
        EXPECT_GE(best_score, greedy_score) << family;
    }
}

/// transformers' _beam_search (5.x) written down again, every log-probability by a pass of its own.
struct Plain {
    const Model& model;
    Tokens prompt;
    GenerateOptions options;
    std::vector<Token> ends;

    struct Text {
        Tokens ids;
        double score = 0;
    };
    static bool better(const Text& a, const Text& b) { return a.score > b.score; }

    [[nodiscard]] Text search() const {
        const auto beams = static_cast<std::size_t>(options.num_beams);
        std::vector<Text> running{{}};
        std::vector<Text> finished;
        for (int length = 1;; ++length) {
            std::vector<Text> all;
            for (const Text& text : running) {
                std::vector<double> log_p = log_probabilities(model, prompt, text.ids);
                Tokens seen = prompt;
                seen.insert(seen.end(), text.ids.begin(), text.ids.end());
                for (std::size_t id = 0; id < log_p.size(); ++id) {
                    const bool repeated =
                        std::find(seen.begin(), seen.end(), static_cast<Token>(id)) != seen.end();
                    if (repeated) log_p[id] *= options.repetition_penalty;
                    all.push_back({text.ids, text.score + log_p[id]});
                    all.back().ids.push_back(static_cast<Token>(id));
                }
            }
            std::stable_sort(all.begin(), all.end(), better);
            all.resize(std::max<std::size_t>(2, 1 + ends.size()) * beams);
            const bool last = length == options.max_new_tokens;
            const bool closed = finished.size() == beams && options.early_stopping == EarlyStopping::yes;
            std::vector<Text> next;
            for (std::size_t i = 0; i < all.size(); ++i) {
                const bool ended =
                    last || std::find(ends.begin(), ends.end(), all[i].ids.back()) != ends.end();
                if (!ended && next.size() < beams) next.push_back(all[i]);
                if (ended && i < beams && !closed) {
                    finished.push_back({all[i].ids, all[i].score / std::pow(length, options.length_penalty)});
                }
            }
            std::stable_sort(finished.begin(), finished.end(), better);
            if (finished.size() > beams) finished.resize(beams);
            if (last) break;
            running = next;
            const bool full = finished.size() == beams;
            if (full && options.early_stopping == EarlyStopping::yes) break;
            const bool hopeful = options.early_stopping == EarlyStopping::never && options.length_penalty > 0;
            const double reach = hopeful ? options.max_new_tokens : length;
            if (full && running[0].score / std::pow(reach, options.length_penalty) <= finished.back().score)
                break;
        }
        return finished.front();
    }
};

TEST_F(Beams, AreThoseOfTransformers) {
    // The end of the text made likely, so that beams end at all lengths.
    test::GgufEdit edit(test::data_file("llama-tiny.gguf"));
    const auto eos = gguf_find_key(edit.keys(), "tokenizer.ggml.eos_token_id");
    const Token end = eos < 0 ? 0 : static_cast<Token>(gguf_get_val_u32(edit.keys(), eos));
    std::vector<float> head = edit.floats("output.weight");
    const auto width = static_cast<std::size_t>(edit.at("output.weight").shape[1]);
    for (std::size_t i = 0; i < head.size(); ++i)
        head[i] *= i / width == static_cast<std::size_t>(end) ? 0.9F : 0.3F;
    edit.set("output.weight", edit.at("output.weight").shape, head);
    edit.write(dir / "ending.gguf");
    const Model model = Model::load(dir / "ending.gguf");
    const Tokens ids = test::GoldenFile(test::data_file("llama-tiny.golden.gguf")).ids("ids");
    std::set<std::size_t> lengths;
    std::set<Tokens> answers;
    int ended = 0;
    for (int start = 0; start < 5; ++start) {
        const Tokens prompt(ids.begin() + start, ids.begin() + start + 12);
        for (const EarlyStopping stop : {EarlyStopping::no, EarlyStopping::yes, EarlyStopping::never}) {
            for (const float penalty : {1.0F, -0.7F, 2.5F}) {
                GenerateOptions options{.max_new_tokens = 8,
                                        .repetition_penalty = start == 0 ? 1.3F : 1.0F,
                                        .num_beams = 2 + start % 3,
                                        .length_penalty = penalty,
                                        .early_stopping = stop};
                std::vector<Token> ends;
                for (Token id = 0; id < model.facts().vocabulary; ++id) {
                    if (llama_vocab_is_eog(engine::impl_of(model).vocab(), id)) ends.push_back(id);
                }
                ASSERT_GT(ends.size(), 1U);
                const Plain::Text expected = Plain{model, prompt, options, ends}.search();
                const Generation found = model.generate(prompt, options);
                EXPECT_EQ(found.ids, expected.ids)
                    << start << ' ' << static_cast<int>(stop) << ' ' << penalty;
                EXPECT_CLOSE(found.score, expected.score, 2.3e-6);
                lengths.insert(found.ids.size());
                answers.insert(found.ids);
                ended += found.ended ? 1 : 0;
            }
        }
    }
    EXPECT_GE(lengths.size(), 3U);
    EXPECT_GE(answers.size(), 6U);
    EXPECT_GT(ended, 3);
}

TEST_F(Beams, KeepLogitsAndStream) {
    const Model model = Model::load(test::data_file("llamamha-tiny.gguf"));
    const Tokens prompt = test::GoldenFile(test::data_file("llamamha-tiny.reference.gguf")).ids("prompt_ids");
    std::string streamed;
    const Generation found = model.generate(prompt, {.max_new_tokens = 10,
                                                     .num_beams = 4,
                                                     .keep_logits = true,
                                                     .on_token = [&](Token, std::string_view text) {
                                                         streamed += text;
                                                         return true;
                                                     }});
    EXPECT_EQ(streamed, found.text);
    ASSERT_EQ(found.logits.shape, (std::vector<std::int64_t>{std::ssize(found.ids), 384}));
    double score = 0;
    for (std::size_t t = 0; t < found.ids.size(); ++t) {
        double sum = 0;
        for (const float z : found.logits.row(t)) sum += std::exp(static_cast<double>(z));
        score += found.logits.row(t)[static_cast<std::size_t>(found.ids[t])] - std::log(sum);
    }
    EXPECT_CLOSE(found.score, score / static_cast<double>(found.ids.size()), 3e-7);
}

TEST_F(Beams, Cancel) {
    const Model model = Model::load(test::data_file("llamamha-tiny.gguf"));
    expect_error(ErrorCode::cancelled, {"generate: cancelled"}, [&] {
        (void)model.generate(Tokens{1, 2, 3},
                             {.max_new_tokens = 50,
                              .num_beams = 3,
                              .progress = [](std::string_view, double done) { return done < 0.5; }});
    });
}

TEST_F(Beams, RefuseWhatDoesNotFit) {
    const Model model = Model::load(test::data_file("llamamha-tiny.gguf"));
    const auto run = [&](const GenerateOptions& options) {
        return [&, options] { (void)model.generate(Tokens{1, 2, 3}, options); };
    };
    expect_error(ErrorCode::usage, {"`num_beams`: got 0"}, run({.num_beams = 0}));
    expect_error(ErrorCode::usage, {"`num_beams`: got 129", "128"}, run({.num_beams = 129}));
    expect_error(ErrorCode::usage, {"`num_beams`: got 2 with `temperature` 1"},
                 run({.temperature = 1.0F, .num_beams = 2}));
    expect_error(ErrorCode::usage, {"`num_beams`: got 2 with an assistant"},
                 run({.prompt_lookup = true, .num_beams = 2}));
    expect_error(ErrorCode::usage, {"`length_penalty`: got nan"}, run({.length_penalty = NAN}));
}

}  // namespace
}  // namespace llmx

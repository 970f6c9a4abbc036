// Ratios of our passes over a plain llama.cpp pass of the same tokens, taken in turn in one run.
//   llmx_bench MODEL [ROUNDS]     MODEL: the demo model; a float32 copy is made beside the system's
//                                 temporary files and removed again.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <llmx/llmx.hpp>
#include <numeric>

#include "../tests/support/compare.hpp"
#include "../tests/support/golden_file.hpp"
#include "core/memory.hpp"
#include "method/norm.hpp"
#include "original/attention.hpp"
#include "plain_llama.hpp"
#include "replay/gradient.hpp"

namespace {

using namespace llmx;

double seconds(const std::function<void()>& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Best times of several pieces of work, run in turn so that a slow spell of the machine meets all.
std::vector<double> best_times(const std::vector<std::function<void()>>& works, int rounds) {
    std::vector<double> best(works.size(), 1e9);
    for (const auto& work : works) work();
    for (int r = 0; r < rounds; ++r) {
        for (std::size_t i = 0; i < works.size(); ++i) best[i] = std::min(best[i], seconds(works[i]));
    }
    return best;
}

/// The chat example as the methods see it.
struct Example {
    Model model;
    Tokens ids;
    std::vector<int> outputs;
    std::size_t prompt;
    objective::Terms terms;

    Example(const std::string& path, const test::GoldenFile& reference)
        : model(Model::load(path)),
          ids(reference.ids("sequence_ids")),
          prompt(reference.ids("prompt_ids").size()) {
        outputs.resize(ids.size() - prompt);
        std::iota(outputs.begin(), outputs.end(), static_cast<int>(prompt) - 1);
        terms = objective::terms(Objective::generated,
                                 Tokens(ids.begin() + static_cast<std::ptrdiff_t>(prompt), ids.end()), {});
    }
};

class Passes {
public:
    explicit Passes(const Example& example)
        : example_(example),
          session_(example.model, {.tokens = static_cast<int>(example.ids.size()),
                                   .outputs = static_cast<int>(example.outputs.size())}) {}

    void plain() { session_.run({.ids = example_.ids, .outputs = example_.outputs}); }

    void attention() {
        replay::Replay replay = make();
        original::Attention attention(replay, example_.model.modules(), example_.model.facts(),
                                      {{"q_proj", "k_proj", "v_proj"}, false, false, false, false, threads()},
                                      static_cast<int>(example_.prompt),
                                      static_cast<int>(example_.outputs.size()));
        replay.plan(attention.needs(), 0);
        replay.visit();
    }

    void record() {
        replay::Replay replay = make();
        const replay::Gradient gradient(replay.graph(), true);
        replay.plan(gradient.needs(), 0);
        replay.visit();
    }

    void whole() {
        replay::Replay replay = make();
        const replay::Gradient gradient(replay.graph(), true);
        replay.plan(gradient.needs(), 0);
        vjp::Weights weights;
        gradient.whole(replay, example_.terms, weights, threads());
    }

    /// All per-token gradients; the L2 norms of their rows.
    std::vector<float> per_token(bool bfloat16) {
        replay::Replay replay = make();
        const replay::Gradient gradient(replay.graph(), false);
        replay.plan(gradient.needs(), 0);
        vjp::Weights weights(std::size_t{1} << 30, bfloat16);
        const std::size_t tokens = example_.ids.size();
        std::vector<float> scores(example_.terms.size() * tokens);
        gradient.per_term(replay, example_.terms, weights, threads(),
                          [&](std::size_t t, const TensorView<const float>& g) {
                              for (std::size_t row = 0; row < tokens; ++row) {
                                  const auto of_row = method::row_of(g, static_cast<std::int64_t>(row));
                                  scores[t * tokens + row] = static_cast<float>(method::norm(of_row, "l2"));
                              }
                          },
                          {});
        return scores;
    }

    [[nodiscard]] int threads() const { return example_.model.threads(); }

private:
    replay::Replay make() { return {session_, {.ids = example_.ids, .outputs = example_.outputs}, arena_}; }

    const Example& example_;
    engine::Session session_;
    std::shared_ptr<tape::Arena> arena_ = std::make_shared<tape::Arena>();
};

void row(const std::string& what, double time, double unit, const char* unit_name) {
    fmt::print("{:<58} {:8.3f} s   {:6.2f} x {}\n", what, time, time / unit, unit_name);
}

void run(const std::string& path, const char* type, int rounds) {
    const test::GoldenFile reference(std::string(LLMX_TEST_DATA) + "/smollm2-chat.reference.gguf");
    const Example example(path, reference);
    Passes passes(example);
    PlainLlama llama(path, example.ids, example.prompt - 1, passes.threads());
    fmt::print("{}: {} tokens, {} threads, best of {}\n", type, example.ids.size(), passes.threads(), rounds);
    const auto times =
        best_times({[&] { llama.pass(); }, [&] { passes.plain(); }, [&] { passes.attention(); },
                    [&] { passes.record(); }, [&] { passes.whole(); }},
                   rounds);
    // The replay cannot use flash attention, which leaves no attention to see: its own plain pass is the
    // unit.
    const double plain = times[1];
    row("plain pass, llama.cpp's own defaults (flash attention)", times[0], plain, "plain pass");
    row("plain pass, replay settings", times[1], plain, "plain pass");
    row("attention capture during replay", times[2], plain, "plain pass");
    row("record for the gradient", times[3], plain, "plain pass");
    row("whole-answer gradient (record + reverse)", times[4], plain, "plain pass");
    std::vector<float> exact;
    std::vector<float> rounded;
    const auto each =
        best_times({[&] { exact = passes.per_token(false); }, [&] { rounded = passes.per_token(true); }},
                   std::max(1, rounds / 5));
    row(fmt::format("all {} per-token gradients, float32", example.terms.size()), each[0], times[4],
        "whole answer");
    row(fmt::format("all {} per-token gradients, bfloat16 products", example.terms.size()), each[1], times[4],
        "whole answer");
    fmt::print("bfloat16 products change the per-token saliency by {:.2e} (relative L2)\n",
               test::relative_l2(rounded, exact));
    fmt::print("peak memory {} MiB\n\n", peak_rss() >> 20U);
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc < 2) {
        fmt::print(stderr, "usage: llmx_bench MODEL [ROUNDS]\n");
        return 2;
    }
    const int rounds = argc > 2 ? std::stoi(argv[2]) : 10;
    const auto float32 =
        std::filesystem::temp_directory_path() / fmt::format("llmx-bench-{}.gguf", ::getpid());
    quantize(argv[1], float32, "F32");
    run(float32, "F32", rounds);
    std::filesystem::remove(float32);
    run(argv[1], "as given", rounds);
    return 0;
} catch (const std::exception& failure) {
    fmt::print(stderr, "llmx_bench: {}\n", failure.what());
    return 1;
}

// Integrated gradients of the chat example in units of one whole-answer gradient (record and reverse), and
// the work of Captum's users: one answer token at a time.
//   llmx_bench_integrated_gradients MODEL [ROUNDS [STEPS]]    MODEL: a float32 file; a whole path is run once

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <llmx/llmx.hpp>
#include <numeric>

#include "../tests/support/golden_file.hpp"
#include "core/memory.hpp"
#include "method/bound_method.hpp"
#include "method/replay_function.hpp"

namespace {

using namespace llmx;

double seconds(const std::function<void()>& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The chat example: a session and what is measured of the answer.
class Example {
public:
    Example(const Model& model, const test::GoldenFile& reference)
        : ids(reference.ids("sequence_ids")),
          prompt(reference.ids("prompt_ids").size()),
          model_(model),
          session_(model, {.tokens = static_cast<int>(ids.size()),
                           .outputs = static_cast<int>(ids.size() - prompt)}) {
        input.ids = ids;
        input.outputs.resize(ids.size() - prompt);
        std::iota(input.outputs.begin(), input.outputs.end(), static_cast<int>(prompt) - 1);
        terms = objective::terms(Objective::generated,
                                 Tokens(ids.begin() + static_cast<std::ptrdiff_t>(prompt), ids.end()), {});
    }

    /// The unit: everything is made anew, the memory of the recording is there.
    void whole() {
        replay::Replay replay(session_, input, arena_);
        const replay::Gradient gradient(replay.graph(), true);
        replay.plan(gradient.needs(), 0);
        vjp::Weights weights;
        gradient.whole(replay, terms, weights, model_.threads());
    }

    /// The answer's tokens [first, last) as one target, or as one each.
    method::AttributionContext scene(std::size_t first, std::size_t last, bool each) {
        std::vector<objective::Target> targets(each ? last - first : 1);
        for (std::size_t t = first; t < last; ++t)
            targets[each ? t - first : 0].terms.push_back({0, terms[t]});
        const auto rows = static_cast<int>(prompt);
        return {.session = session_,
                .texts = {input},
                .answer = {ids.begin() + rows, ids.end()},
                .prompt = rows,
                .sources = rows,
                .fixed = std::vector<bool>(prompt),
                .context = {},
                .units = {},
                .readout = objective::written_readout(Measure::logprob, std::move(targets)),
                .target_rows = {},
                .arena = arena_,
                .memory_budget = std::size_t{2} << 30,
                .threads = model_.threads(),
                .tick = [](double) {}};
    }

    Tokens ids;
    std::size_t prompt;
    engine::PassInput input;
    objective::Terms terms;

private:
    const Model& model_;
    engine::Session session_;
    std::shared_ptr<tape::Arena> arena_ = std::make_shared<tape::Arena>();
};

void run(method::AttributionContext scene, const char* name,
         const std::map<std::string, std::string>& options) {
    method::ReplayFunction function(scene);
    method::differentiate(function, method::bind({name, options}));
}

void measure(Example& example, int rounds, const std::string& steps) {
    const std::size_t answer = example.terms.size();
    const std::map<std::string, std::string> path = {{"steps", steps}};
    double unit = 1e9, whole_path = 1e9, products = 1e9, token_path = 1e9;
    const auto keep_best = [](double& best, const std::function<void()>& work) {
        best = std::min(best, seconds(work));
    };
    example.whole();
    for (int r = 0; r < rounds; ++r) {
        for (int i = 0; i < 5; ++i) keep_best(unit, [&] { example.whole(); });
        keep_best(whole_path, [&] { run(example.scene(0, answer, false), "integrated_gradients", path); });
        for (int i = 0; i < 5; ++i) keep_best(unit, [&] { example.whole(); });
        keep_best(products, [&] { run(example.scene(0, answer, true), "input_x_gradient", {}); });
        keep_best(token_path, [&] {
            run(example.scene(0, 1, false), "integrated_gradients", {{"steps", "20"}});
        });
    }
    fmt::print("whole-answer gradient (record and reverse): {:.3f} s\n", unit);
    fmt::print("integrated gradients, {} steps, whole answer: {:.2f} s, {:.1f} x whole-answer gradient\n",
               steps, whole_path, whole_path / unit);
    fmt::print("input x gradient, each of {} answer tokens: {:.3f} s a token\n", answer,
               products / static_cast<double>(answer));
    fmt::print("integrated gradients, 20 steps, one answer token: {:.2f} s\n", token_path);
    fmt::print("peak memory {} MiB\n", peak_rss() >> 20U);
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc < 2) {
        fmt::print(stderr, "usage: llmx_bench_integrated_gradients MODEL [ROUNDS [STEPS]]\n");
        return 2;
    }
    const Model model = Model::load(argv[1]);
    const test::GoldenFile reference(std::string(LLMX_TEST_DATA) + "/smollm2-chat.reference.gguf");
    Example example(model, reference);
    measure(example, argc > 2 ? std::stoi(argv[2]) : 3, argc > 3 ? argv[3] : "50");
    return 0;
} catch (const std::exception& failure) {
    fmt::print(stderr, "llmx_bench_integrated_gradients: {}\n", failure.what());
    return 1;
}

// Leave-one-out over all prompt tokens of the chat example, in units of a plain pass taken in the same run.
//   llmx_bench_leave_one_out MODEL [ROUNDS]     MODEL: the demo model; a float32 copy is made for the time.
// On a machine that others use too, look at the processor's time, with OMP_WAIT_POLICY=passive.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <functional>
#include <llmx/llmx.hpp>
#include <numeric>

#include "../tests/support/compare.hpp"
#include "../tests/support/golden_file.hpp"
#include "core/memory.hpp"
#include "method/replay_game.hpp"

namespace {

using namespace llmx;

std::vector<int> places(int first, int count) {
    std::vector<int> all(static_cast<std::size_t>(count));
    std::iota(all.begin(), all.end(), first);
    return all;
}

struct Time {
    double wall = 1e9;
    double processor = 1e9;  // of all threads, divided by their number
};

Time time_of(const std::function<void()>& work, int threads) {
    const auto start = std::chrono::steady_clock::now();
    const std::clock_t processor = std::clock();
    work();
    return {std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
            static_cast<double>(std::clock() - processor) / CLOCKS_PER_SEC / threads};
}

void keep_best(Time& best, Time now) {
    best.wall = std::min(best.wall, now.wall);
    best.processor = std::min(best.processor, now.processor);
}

/// Leave-one-out for some of the answer's tokens.
struct Work {
    Work(engine::Session& session, const Tokens& ids, int prompt, int answer)
        : scene{.session = session,
                .texts = {{.ids = Tokens(ids.begin(), ids.begin() + prompt + answer),
                           .outputs = places(prompt - 1, answer)}},
                .answer = Tokens(ids.begin() + prompt, ids.begin() + prompt + answer),
                .prompt = prompt,
                .sources = prompt,
                .fixed = {},
                .context = {},
                .units = {},
                .readout = nullptr,
                .target_rows = {},
                .arena = nullptr,
                .tick = [](double) {}} {
        for (int i = 0; i < prompt; ++i) scene.units.push_back({"", "token", {i}});
        std::vector<objective::Target> targets;
        for (int t = 0; t < answer; ++t)
            targets.push_back({{{0, {t, ids[static_cast<std::size_t>(prompt + t)], 1.0}}}});
        scene.readout = objective::written_readout(Measure::logprob, std::move(targets));
    }

    /// [answer, prompt], definitions 4.
    std::vector<float> run() {
        std::vector<method::Coalition> coalitions(scene.units.size() + 1,
                                                  method::Coalition(scene.units.size(), 1));
        for (std::size_t u = 0; u < scene.units.size(); ++u) coalitions[u + 1][u] = 0;
        method::ReplayGame game(scene, {Absence::token, 0});
        const auto values = game.values(coalitions);
        computed = game.computed();
        std::vector<float> scores;
        for (std::size_t t = 0; t < values[0].size(); ++t) {
            for (std::size_t u = 1; u < values.size(); ++u)
                scores.push_back(static_cast<float>(values[0][t] - values[u][t]));
        }
        return scores;
    }

    method::AttributionContext scene;
    std::int64_t computed = 0;
};

/// A quantised model rounds activations to 8 bits, and another kernel's last bit can tip a rounding: how far
/// is a text's sum of log p in the scorer from that of its own pass, beside the scores themselves?
void noise(const std::string& path, int answer) {
    const test::GoldenFile reference(std::string(LLMX_TEST_DATA) + "/smollm2-chat.reference.gguf");
    const Model model = Model::load(path);
    Tokens ids = reference.ids("sequence_ids");
    const auto prompt = static_cast<int>(reference.ids("prompt_ids").size());
    ids.resize(static_cast<std::size_t>(prompt + answer));
    engine::Session session(model, {.tokens = prompt + answer, .outputs = answer});
    std::vector<engine::PassInput> texts{{.ids = ids, .outputs = places(prompt - 1, answer)}};
    for (int i = 0; i < prompt; i += 8) {
        texts.push_back(texts[0]);
        texts.back().ids[static_cast<std::size_t>(i)] = 0;
    }
    const auto value = [&](const Tensor& results) {
        double sum = 0;
        for (int t = 0; t < answer; ++t)
            sum += objective::log_probability(results.row(static_cast<std::size_t>(t)),
                                              ids[static_cast<std::size_t>(prompt + t)]);
        return sum;
    };
    std::vector<double> together(texts.size()), alone(texts.size());
    engine::Scorer scorer(session);
    scorer.run(texts, [&](std::size_t i, Tensor&& results) { together[i] = value(results); });
    for (std::size_t i = 0; i < texts.size(); ++i) {
        session.run(texts[i]);
        alone[i] = value(session.results());
    }
    double difference = 0, worst = 0, score = 0, of_scores = 0;
    for (std::size_t i = 1; i < texts.size(); ++i) {
        difference += std::pow(together[i] - alone[i], 2);
        worst = std::max(worst, std::abs(together[i] - alone[i]));
        score += std::pow(alone[0] - alone[i], 2);
        of_scores += std::pow((together[0] - together[i]) - (alone[0] - alone[i]), 2);
    }
    const auto count = static_cast<double>(texts.size() - 1);
    fmt::print(
        "{}, {} answer tokens: sum of log p of {} texts, together and each alone: differs by {:.3g} (root "
        "mean square), "
        "at most {:.3g}; leave-one-out scores are {:.3g}, and differ by {:.3g}\n",
        model.facts().type, answer, texts.size() - 1, std::sqrt(difference / count), worst,
        std::sqrt(score / count), std::sqrt(of_scores / count));
    std::fflush(stdout);
}

void row(const std::string& what, Time time, Time unit) {
    fmt::print("{:<52} {:8.2f} s {:8.2f} processor s   {:7.2f} {:7.2f} x plain pass\n", what, time.wall,
               time.processor, time.wall / unit.wall, time.processor / unit.processor);
    std::fflush(stdout);
}

void run(const std::string& path, int rounds) {
    const std::string data = LLMX_TEST_DATA;
    const test::GoldenFile reference(data + "/smollm2-chat.reference.gguf");
    const test::GoldenFile torch(data + "/smollm2-chat.torch.gguf");
    const Model model = Model::load(path);
    const Tokens ids = reference.ids("sequence_ids");
    const auto prompt = static_cast<int>(reference.ids("prompt_ids").size());
    const auto answer = static_cast<int>(ids.size()) - prompt;
    engine::Session session(model, {.tokens = static_cast<int>(ids.size()), .outputs = answer});
    const engine::PassInput whole{.ids = ids, .outputs = places(prompt - 1, answer)};
    const int threads = model.threads();
    Time plain;
    const auto plain_pass = [&] { keep_best(plain, time_of([&] { session.run(whole); }, threads)); };
    plain_pass();
    Work all(session, ids, prompt, answer);
    Work six(session, ids, prompt, 6);
    Time all_time, six_time;
    std::vector<float> scores;
    for (int round = 0; round < rounds; ++round) {
        for (int i = 0; i < 5; ++i) plain_pass();
        keep_best(all_time, time_of([&] { scores = all.run(); }, threads));
        for (int i = 0; i < 5; ++i) plain_pass();
        keep_best(six_time, time_of([&] { six.run(); }, threads));
    }
    fmt::print("float32, {} prompt tokens, {} threads, best of {}\n", prompt, threads, rounds);
    row(fmt::format("plain pass, {} tokens, {} results", ids.size(), answer), plain, plain);
    row(fmt::format("leave-one-out, {} answer tokens", answer), all_time, plain);
    fmt::print("    {} tokens computed, {:.1f} passes of {}\n", all.computed,
               static_cast<double>(all.computed) / static_cast<double>(ids.size()), ids.size());
    row("leave-one-out, 6 answer tokens", six_time, plain);
    fmt::print("    {} tokens computed\n", six.computed);
    fmt::print("against PyTorch: {:.2e} relative L2; peak memory {} MiB\n",
               test::relative_l2(scores, torch.floats("ablation_to_id0")), peak_rss() >> 20U);
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc < 2) {
        fmt::print(stderr, "usage: llmx_bench_leave_one_out MODEL [ROUNDS]\n");
        return 2;
    }
    const auto float32 =
        std::filesystem::temp_directory_path() / fmt::format("llmx-bench-{}.gguf", ::getpid());
    quantize(argv[1], float32, "F32");
    for (const int answer : {6, 73}) {
        noise(argv[1], answer);
        noise(float32, answer);
    }
    run(float32, argc > 2 ? std::stoi(argv[2]) : 2);
    std::filesystem::remove(float32);
    return 0;
} catch (const std::exception& failure) {
    fmt::print(stderr, "llmx_bench_leave_one_out: {}\n", failure.what());
    return 1;
}

#include "verify.hpp"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <llmx/error.hpp>
#include <llmx/explainer.hpp>
#include <numeric>
#include <random>
#include <set>

#include "difference.hpp"
#include "engine/pass/attention.hpp"
#include "replay/attention_sites.hpp"
#include "support/compare.hpp"
#include "support/ggml_products.hpp"
#include "support/short_texts.hpp"
#include "traits.hpp"

namespace llmx::test {

namespace {

constexpr int directions = 8;

/// Longer than the sliding windows of 32. DeepSeek 4 also compresses keys in blocks of 128. qwen4exp takes
/// roots of either sign of numbers, one for each token and stream; in a long text one is always near zero,
/// where no step is small enough.
int text_length(const std::string& architecture) {
    if (architecture == "deepseek4") return 140;
    return architecture == "qwen4exp" ? 17 : 40;
}

double length(std::span<const float> v) {
    double sum = 0;
    for (const float x : v) sum += static_cast<double>(x) * static_cast<double>(x);
    return std::sqrt(sum);
}

/// A standard normal number from a generator whose numbers are the same everywhere (Box and Muller).
double normal(std::mt19937_64& draw) {
    const auto uniform = [&] { return (static_cast<double>(draw() >> 11U) + 0.5) * 0x1p-53; };
    const double radius = std::sqrt(-2 * std::log(uniform()));
    return radius * std::cos(2 * M_PI * uniform());
}

/// Direction number k, of the embeddings' size: the first four move all tokens, each of the others only a
/// quarter of the text, so that tokens that act through attention or memory alone count too.
std::vector<float> direction(int k, const Tensor& embeddings) {
    std::mt19937_64 draw(static_cast<std::uint64_t>(100 + k));
    const std::int64_t rows = embeddings.shape[0];
    const std::int64_t columns = embeddings.shape[1];
    const double size = length(embeddings.values) / std::sqrt(static_cast<double>(embeddings.values.size()));
    const std::int64_t first = k < 4 ? 0 : (k - 4) * rows / 4;
    const std::int64_t last = k < 4 ? rows : (k - 3) * rows / 4;
    std::vector<float> v(embeddings.values.size(), 0.0F);
    for (std::int64_t i = first * columns; i < last * columns; ++i) {
        v[static_cast<std::size_t>(i)] = static_cast<float>(size * normal(draw));
    }
    return v;
}

std::string check_gradient(Probe& probe, const Tensor& gradient, Verdict& verdict) {
    const Tensor& at = probe.embeddings();
    verdict.strength = length(gradient.values) * length(at.values);
    if (!(verdict.strength > 1e-3)) return fmt::format("the gradient vanishes ({:.0e})", verdict.strength);
    const Value here = probe.value(at.values);
    double off = 0, all = 0, uncertain = 0;
    double rough = 0;
    for (int k = 0; k < directions; ++k) {
        const std::vector<float> v = direction(k, at);
        const double ours = std::inner_product(v.begin(), v.end(), gradient.values.begin(), 0.0);
        const Line line = [&](double h) -> Sample {
            std::vector<float> moved = at.values;
            for (std::size_t i = 0; i < v.size(); ++i) moved[i] += static_cast<float>(h) * v[i];
            const Value there = probe.value(moved);
            return {there.objective, there.chosen == here.chosen};
        };
        if (k == 0) rough = roughness(line);
        const Derivative truth = differentiate(line, rough);
        verdict.flips += truth.flips;
        if (!truth.found) return fmt::format("direction {}: a choice changes at every step", k);
        off += std::pow(ours - truth.value, 2);
        all += std::pow(truth.value, 2);
        uncertain += std::pow(truth.error, 2);
        if (!truth.sharp()) continue;
        ++verdict.sharp;
        verdict.worst = std::max(verdict.worst, std::abs(ours - truth.value) / std::abs(truth.value));
    }
    verdict.gradient = std::sqrt(off / all);
    verdict.uncertain = std::sqrt(uncertain / all);
    if (verdict.uncertain > gradient_bound / 2) {
        return fmt::format("central differences are uncertain by {:.1e}", verdict.uncertain);
    }
    if (!(verdict.gradient <= gradient_bound)) return fmt::format("gradient off by {:.1e}", verdict.gradient);
    if (!(verdict.worst <= gradient_bound)) return fmt::format("a direction off by {:.1e}", verdict.worst);
    return {};
}

/// The cause alone: no path of this machine, nothing of what would work.
std::string without_advice(std::string message, const std::string& path) {
    message = message.substr(0, message.find(';'));
    if (const auto at = message.find(path); at != std::string::npos) {
        message.replace(at, path.size(), std::filesystem::path(path).stem().string());
    }
    return message;
}

std::string check(const std::string& path, Verdict& verdict) {
    const Model model = Model::load(path, {.threads = 1});  // several processes share the cores
    verdict.architecture = model.facts().architecture;
    Probe probe(model, text_length(verdict.architecture));
    const Probe::Gradient gradient = probe.gradient();
    verdict.replay =
        relative_l2(gradient.results.values, plain_results(path, probe.input(), probe.gives_logits()));
    if (!(verdict.replay <= replay_bound)) return fmt::format("replay off by {:.1e}", verdict.replay);

    const AttentionCheck attention = check_attention(probe);
    verdict.traits = traits(probe.graph(), attention);
    if (!(attention.worst_row <= row_bound)) {
        return fmt::format("attention rows sum to one but for {:.1e}", attention.worst_row);
    }
    return check_gradient(probe, gradient.embedding, verdict);
}

/// From ggml's float16 table, which makes the last bit of its argument count.
bool reads_gelu_table(const std::string& architecture) {
    static const std::set<std::string> names{"bloom", "codeshell", "gptneox", "starcoder2"};
    return names.contains(architecture);
}

}  // namespace

double micro_batch_difference(const Model& model) {
    const int tokens = text_length(model.facts().architecture);
    Probe whole(model, tokens);
    Probe pieces(model, tokens, 16);
    return relative_l2(pieces.gradient().embedding.values, whole.gradient().embedding.values);
}

StripDifference strip_difference(const Model& model) {
    const int tokens = text_length(model.facts().architecture);
    Probe matrices(model, tokens);
    const Probe::Gradient expected = matrices.gradient();
    const std::vector<float> weights = matrices.attention();
    const ShortTexts by_strips;
    Probe strips(model, tokens);
    const Probe::Gradient found = strips.gradient();
    return {!replay::find_attention(strips.graph()).empty(),
            static_cast<int>(engine::find_long_attention(strips.graph()).size()),
            relative_l2(found.results.values, expected.results.values),
            relative_l2(found.embedding.values, expected.embedding.values),
            weights.empty() ? 0.0 : relative_l2(strips.attention(), weights)};
}

ProductDifference product_difference(const Model& model) {
    const int tokens = text_length(model.facts().architecture);
    const auto gradient = [&](bool by_ggml) {
        const GgmlProducts products(by_ggml);
        return Probe(model, tokens).gradient();
    };
    const Probe::Gradient expected = gradient(true);
    const Probe::Gradient found = gradient(false);
    return {relative_l2(found.results.values, expected.results.values),
            relative_l2(found.embedding.values, expected.embedding.values)};
}

double product_bound(const std::string& architecture) { return reads_gelu_table(architecture) ? 9e-5 : 2e-5; }

std::string value_norm_failure(const Model& model) {
    const Probe probe(model, text_length(model.facts().architecture));
    Tokens prompt = probe.input().source;
    Tokens answer = probe.input().ids;
    if (prompt.empty()) {
        prompt = std::exchange(answer, {});
        answer.assign(prompt.end() - 4, prompt.end());
        prompt.resize(prompt.size() - 4);
    }
    Request request;
    request.input_ids = std::move(prompt);
    request.output.ids = std::move(answer);
    try {
        const Explanation explanation = Explainer(model, {"value_norm"}).compute(request);
        const std::vector<float>& scores = explanation.attributions.at(0).scores.values;
        const bool is_finite = std::all_of(scores.begin(), scores.end(), [](float x) { return x >= 0.0F; });
        return is_finite ? "" : "scores are no numbers";
    } catch (const Error& error) {
        return error.what();
    }
}

double strip_bound(const std::string& architecture) {
    return reads_gelu_table(architecture) ? 1.2e-4 : 1.4e-5;
}

Verdict verify(const std::string& path) {
    Verdict verdict;
    verdict.file = std::filesystem::path(path).stem();
    try {
        verdict.failure = check(path, verdict);
    } catch (const std::exception& e) {
        verdict.failure = without_advice(e.what(), path);
    }
    return verdict;
}

}  // namespace llmx::test

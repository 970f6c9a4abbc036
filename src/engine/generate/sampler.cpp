#include "engine/generate/sampler.hpp"

#include <algorithm>
#include <cmath>

namespace llmx::engine {
namespace {

LlamaSamplerPtr make_chain(const GenerateOptions& o) {
    llama_sampler_chain_params params = llama_sampler_chain_default_params();
    params.no_perf = true;
    LlamaSamplerPtr chain(llama_sampler_chain_init(params));
    const auto add = [&](llama_sampler* sampler) { llama_sampler_chain_add(chain.get(), sampler); };
    if (o.top_k > 0) add(llama_sampler_init_top_k(o.top_k));
    if (o.top_p < 1.0F) add(llama_sampler_init_top_p(o.top_p, 1));
    if (o.min_p > 0.0F) add(llama_sampler_init_min_p(o.min_p, 1));
    if (o.temperature > 0.0F) add(llama_sampler_init_temp(o.temperature));
    return chain;
}

Distribution softmax(std::span<const llama_token_data> candidates) {
    double largest = -INFINITY;
    for (const llama_token_data& c : candidates) largest = std::max<double>(largest, c.logit);
    Distribution result;
    double sum = 0;
    for (const llama_token_data& c : candidates) {
        const double p = std::exp(static_cast<double>(c.logit) - largest);
        if (p == 0) continue;
        result.ids.push_back(c.id);
        result.probabilities.push_back(p);
        sum += p;
    }
    for (double& p : result.probabilities) p /= sum;
    return result;
}

}  // namespace

void penalize(std::span<const Token> text, float penalty, std::span<float> scores) {
    if (penalty == 1.0F) return;
    std::vector<bool> seen(scores.size(), false);
    for (const Token id : text) {
        const auto index = static_cast<std::size_t>(id);
        if (seen[index]) continue;
        seen[index] = true;
        scores[index] = scores[index] > 0 ? scores[index] / penalty : scores[index] * penalty;
    }
}

Sampler::Sampler(const GenerateOptions& options, std::uint32_t stream)
    : penalty_(options.repetition_penalty),
      greedy_(options.temperature == 0.0F),
      chain_(make_chain(options)) {
    std::seed_seq seed{options.seed, stream};
    random_.seed(seed);
}

Distribution Sampler::distribution(std::span<const float> logits, std::span<const Token> text) {
    scores_.assign(logits.begin(), logits.end());
    penalize(text, penalty_, scores_);
    if (greedy_) {
        return certain(
            static_cast<Token>(std::max_element(scores_.begin(), scores_.end()) - scores_.begin()));
    }
    candidates_.clear();
    for (std::size_t i = 0; i < scores_.size(); ++i)
        candidates_.push_back({static_cast<Token>(i), scores_[i], 0.0F});
    llama_token_data_array array{candidates_.data(), candidates_.size(), -1, false};
    llama_sampler_apply(chain_.get(), &array);
    return softmax({array.data, array.size});
}

Token Sampler::draw(const Distribution& distribution) {
    return distribution.ids.size() == 1 ? distribution.ids.front() : engine::draw(distribution, uniform());
}

double Sampler::uniform() { return static_cast<double>(random_() >> 11) * 0x1p-53; }

}  // namespace llmx::engine

#include "objective/readout.hpp"

#include <algorithm>
#include <cmath>
#include <llmx/error.hpp>

#include "objective/span.hpp"

namespace llmx::objective {

namespace {

/// Entropy of softmax(z), and its gradient: dH/dz_v = -p_v (log p_v + H).
double entropy(std::span<const float> z) {
    const double normaliser = log_sum_exp(z);
    double sum = 0;
    for (const float v : z) sum -= std::exp(v - normaliser) * (v - normaliser);
    return sum;
}

void add_entropy_gradient(std::span<const float> z, double weight, std::span<float> gradient) {
    const double normaliser = log_sum_exp(z);
    const double h = entropy(z);
    for (std::size_t v = 0; v < z.size(); ++v) {
        const double log_p = z[v] - normaliser;
        gradient[v] -= static_cast<float>(weight * std::exp(log_p) * (log_p + h));
    }
}

/// The gradient of KL(softmax(z) || softmax(q)): p_v (log p_v - log q_v - KL).
void add_divergence_gradient(std::span<const float> z, std::span<const float> q, double weight,
                             std::span<float> gradient) {
    const double z_norm = log_sum_exp(z);
    const double q_norm = log_sum_exp(q);
    const double kl = divergence(z, q);
    for (std::size_t v = 0; v < z.size(); ++v) {
        const double log_p = z[v] - z_norm;
        gradient[v] += static_cast<float>(weight * std::exp(log_p) * (log_p - (q[v] - q_norm) - kl));
    }
}

class Written : public Readout {
public:
    Written(Measure measure, std::vector<Target> targets, Tensor reference)
        : measure_(measure), targets_(std::move(targets)), reference_(std::move(reference)) {
        if (measure == Measure::kl && reference_.empty())
            throw Error(ErrorCode::internal, "kl: no distribution to compare with");
    }

    [[nodiscard]] std::size_t targets() const override { return targets_.size(); }

    [[nodiscard]] std::vector<double> values(std::span<const Tensor> results) const override {
        std::vector<double> all;
        all.reserve(targets_.size());
        for (const Target& target : targets_) {
            double value = 0;
            for (std::size_t text = 0; text < results.size(); ++text)
                value += part(target, text, results[text]);
            all.push_back(value);
        }
        return all;
    }

    [[nodiscard]] int log_probability_tokens(std::size_t target) const override {
        const auto& terms = targets_[target].terms;
        const auto counts = [](const Measured& m) { return m.text == 0 && m.term.weight == 1; };
        if (measure_ != Measure::logprob || !std::all_of(terms.begin(), terms.end(), counts)) return 0;
        return static_cast<int>(terms.size());
    }

    [[nodiscard]] Tensor seed(std::size_t target, std::size_t text, const Tensor& results) const override {
        Tensor gradient = Tensor::zero(results.shape);
        const double product =
            measure_ == Measure::probability ? std::abs(part(targets_[target], text, results)) : 1.0;
        for (const Measured& term : targets_[target].terms) {
            if (static_cast<std::size_t>(term.text) == text) add(term.term, product, results, gradient);
        }
        return gradient;
    }

private:
    /// One text's contribution to a target.
    [[nodiscard]] double part(const Target& target, std::size_t text, const Tensor& results) const {
        double sum = 0;
        bool any = false;
        double sign = 1;
        for (const auto& [of, term] : target.terms) {
            if (static_cast<std::size_t>(of) != text) continue;
            const auto row = results.row(static_cast<std::size_t>(term.output));
            any = true;
            sign = term.weight < 0 ? -1 : 1;
            if (measure_ == Measure::probability) {
                sum += log_probability(row, term.token);
            } else {
                sum += term.weight * measured(row, term);
            }
        }
        return measure_ == Measure::probability && any ? sign * std::exp(sum) : sum;
    }

    [[nodiscard]] double measured(std::span<const float> row, const Term& term) const {
        switch (measure_) {
            case Measure::logit:
                return row[static_cast<std::size_t>(term.token)];
            case Measure::entropy:
                return entropy(row);
            case Measure::kl:
                return divergence(row, reference_.row(static_cast<std::size_t>(term.output)));
            default:
                return log_probability(row, term.token);
        }
    }

    void add(const Term& term, double product, const Tensor& results, Tensor& gradient) const {
        const auto row = results.row(static_cast<std::size_t>(term.output));
        const auto to = gradient.row(static_cast<std::size_t>(term.output));
        switch (measure_) {
            case Measure::logit:
                to[static_cast<std::size_t>(term.token)] += static_cast<float>(term.weight);
                return;
            case Measure::entropy:
                return add_entropy_gradient(row, term.weight, to);
            case Measure::kl:
                return add_divergence_gradient(row, reference_.row(static_cast<std::size_t>(term.output)),
                                               term.weight, to);
            case Measure::probability:
                return objective::add_gradient(row, term.token, (term.weight < 0 ? -1 : 1) * product, to);
            default:
                return objective::add_gradient(row, term.token, term.weight, to);
        }
    }

    Measure measure_;
    std::vector<Target> targets_;
    Tensor reference_;
};

class Span : public Readout {
public:
    Span(const QaHead& head, int start, int end, double factor)
        : head_(head), start_(start), end_(end), factor_(factor) {}

    [[nodiscard]] std::size_t targets() const override { return 1; }
    [[nodiscard]] std::vector<double> values(std::span<const Tensor> results) const override {
        return {factor_ * span_loss(span_logits(results[0], head_), start_, end_)};
    }
    [[nodiscard]] Tensor seed(std::size_t, std::size_t, const Tensor& results) const override {
        Tensor gradient = span_gradient(results, head_, start_, end_);
        for (float& g : gradient.values) g *= static_cast<float>(factor_);
        return gradient;
    }

private:
    const QaHead& head_;
    int start_, end_;
    double factor_;
};

}  // namespace

std::shared_ptr<const Readout> written_readout(Measure measure, std::vector<Target> targets,
                                               Tensor reference) {
    return std::make_shared<Written>(measure, std::move(targets), std::move(reference));
}

std::shared_ptr<const Readout> span_readout(const QaHead& head, int start, int end, double factor) {
    return std::make_shared<Span>(head, start, end, factor);
}

}  // namespace llmx::objective

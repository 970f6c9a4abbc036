#pragma once
// Functions in closed form, for methods that differentiate.

#include <functional>
#include <vector>

#include "method/function.hpp"

namespace llmx::test {

/// A function of the values of a point, and its derivative along each of them, in double.
struct Closed {
    std::function<double(const std::vector<double>& x)> value;
    std::function<std::vector<double>(const std::vector<double>& x)> gradient;
};

class ToyFunction : public method::Function {
public:
    ToyFunction(Tensor input, std::vector<Closed> targets)
        : input_(std::move(input)),
          fixed_(static_cast<std::size_t>(input_.shape[0])),
          targets_(std::move(targets)) {}

    void fix(std::size_t row) { fixed_[row] = true; }

    [[nodiscard]] const Tensor& input() const override { return input_; }
    [[nodiscard]] const std::vector<bool>& fixed() const override { return fixed_; }
    [[nodiscard]] std::size_t targets() const override { return targets_.size(); }

    /// "zero": 0; "mean": -0.25; "token": 0.5 + token.
    [[nodiscard]] Tensor baseline(const std::string& kind, int token) override {
        const float value = kind == "zero"   ? 0.0F
                            : kind == "mean" ? -0.25F
                                             : 0.5F + static_cast<float>(token);
        return with_rows([&] { return value; });
    }
    [[nodiscard]] Tensor drawn(Random& random) override {
        draws.push_back(with_rows([&] { return static_cast<float>(random.uniform()); }));
        return draws.back();
    }
    std::vector<double> values(const Tensor& x) override {
        std::vector<double> all;
        for (const Closed& target : targets_) all.push_back(target.value(doubles(x)));
        return all;
    }
    std::vector<double> gradients(const Tensor& x, const Each& each) override {
        ++gradient_calls;
        for (std::size_t t = 0; t < targets_.size(); ++t) {
            const std::vector<double> g = targets_[t].gradient(doubles(x));
            const std::vector<float> rounded(g.begin(), g.end());
            each(t, dense_view<const float>(rounded.data(), {1, 1, input_.shape[0], input_.shape[1]}));
        }
        return values(x);
    }

    std::vector<Tensor> draws;
    int gradient_calls = 0;

private:
    static std::vector<double> doubles(const Tensor& x) { return {x.values.begin(), x.values.end()}; }
    Tensor with_rows(const std::function<float()>& next) const {
        Tensor all = input_;
        for (std::size_t r = 0; r < fixed_.size(); ++r) {
            if (fixed_[r]) continue;
            for (float& x : all.row(r)) x = next();
        }
        return all;
    }

    Tensor input_;
    std::vector<bool> fixed_;
    std::vector<Closed> targets_;
};

/// Σ_i w_i x_i + constant.
inline Closed linear(std::vector<double> w, double constant) {
    return {[w, constant](const std::vector<double>& x) {
                double sum = constant;
                for (std::size_t i = 0; i < x.size(); ++i) sum += w[i] * x[i];
                return sum;
            },
            [w](const std::vector<double>&) { return w; }};
}

/// Σ_i g(x_i), by g and its derivative.
inline Closed separable(std::function<double(double)> g, std::function<double(double)> slope) {
    return {[g](const std::vector<double>& x) {
                double sum = 0;
                for (const double v : x) sum += g(v);
                return sum;
            },
            [slope](const std::vector<double>& x) {
                std::vector<double> all;
                for (const double v : x) all.push_back(slope(v));
                return all;
            }};
}

}  // namespace llmx::test

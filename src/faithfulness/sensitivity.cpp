#include "faithfulness/sensitivity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <llmx/error.hpp>

#include "method/path/noise.hpp"

namespace llmx::faithfulness {

namespace {

/// A function whose input is another point.
class At : public method::Function {
public:
    At(method::Function& function, Tensor point) : function_(function), point_(std::move(point)) {}

    [[nodiscard]] const Tensor& input() const override { return point_; }
    [[nodiscard]] const std::vector<bool>& fixed() const override { return function_.fixed(); }
    [[nodiscard]] std::size_t targets() const override { return function_.targets(); }
    [[nodiscard]] Tensor baseline(const std::string& kind, int token) override {
        return function_.baseline(kind, token);
    }
    [[nodiscard]] Tensor drawn(Random& random) override { return function_.drawn(random); }
    void go_on() override { function_.go_on(); }
    std::vector<double> values(const Tensor& x) override { return function_.values(x); }
    std::vector<double> gradients(const Tensor& x, const Each& each) override {
        return function_.gradients(x, each);
    }
    void gradients_at(std::size_t count, const std::function<Tensor(std::size_t)>& point,
                      const EachAt& each) override {
        function_.gradients_at(count, point, each);
    }

private:
    method::Function& function_;
    Tensor point_;
};

double length(const std::vector<float>& a, const std::vector<float>& b) {
    double squares = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double difference = static_cast<double>(a[i]) - (b.empty() ? 0.0F : b[i]);
        squares += difference * difference;
    }
    return std::sqrt(squares);
}

}  // namespace

void require_sensitivity(int samples) {
    if (samples >= 0 && samples <= 1000) return;
    throw Error(ErrorCode::usage,
                fmt::format("`sensitivity`: got {}; expected 1 to 1000 points, or 0 for none", samples));
}

Faithfulness::SensitivityMax sensitivity_max(method::Function& function, const Tensor& map,
                                             const std::function<Tensor(method::Function&)>& map_of,
                                             int samples, std::uint32_t seed) {
    require_sensitivity(samples);
    Random random(seed);
    const double deviation = method::deviation(function, noise_level);
    const double size = length(map.values, {});
    Faithfulness::SensitivityMax found{.noise = noise_level, .samples = samples};
    for (int s = 0; s < samples; ++s) {
        At moved(function, method::noisy(function, function.input(), deviation, random));
        const double change = length(map_of(moved).values, map.values);
        found.value = std::max(found.value, change / (size > 0 ? size : 1));
    }
    return found;
}

}  // namespace llmx::faithfulness

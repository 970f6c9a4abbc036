#include "original/saliency.hpp"

#include <algorithm>
#include <cmath>

#include "original/statistics.hpp"

namespace llmx::original {

namespace {

void scale_and_round(std::span<float> scores) {
    min_max(scores);
    for (float& s : scores) s = rounded(s, 3);
}

Tensor first_rows(const Tensor& matrix, int rows) {
    const auto count = static_cast<std::ptrdiff_t>(rows * matrix.shape.back());
    return {{rows, matrix.shape.back()}, {matrix.values.begin(), matrix.values.begin() + count}};
}

}  // namespace

GradientResult gradient_result(const replay::Gradient::Result& gradient, const Tensor& embeddings,
                               const Tokens& replayed, int prompt) {
    GradientResult result;
    result.gradient = first_rows(gradient.embedding, prompt);
    result.input_embeddings = first_rows(embeddings, prompt);
    result.replayed = replayed;
    for (int p = 0; p < prompt; ++p) {
        float largest = 0;
        for (const float g : result.gradient.row(p)) largest = std::max(largest, std::abs(g));
        result.saliency_map.push_back(largest);
    }
    scale_and_round(result.saliency_map);

    result.block_gradient_x_input.shape = {static_cast<std::int64_t>(gradient.residual.size()), prompt};
    for (const auto& [block, rows] : gradient.residual) {
        std::vector<float> norms;
        for (int p = 0; p < prompt; ++p) {
            double sum = 0;
            const auto g = rows.row(p);
            const auto e = embeddings.row(p);
            for (std::size_t d = 0; d < g.size(); ++d) sum += std::pow(static_cast<double>(g[d]) * e[d], 2);
            norms.push_back(static_cast<float>(std::sqrt(sum)));
        }
        scale_and_round(norms);
        auto& values = result.block_gradient_x_input.values;
        values.insert(values.end(), norms.begin(), norms.end());
    }
    return result;
}

}  // namespace llmx::original

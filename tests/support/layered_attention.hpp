#pragma once
// Plain double-precision truth for the attention methods: square maps [rows, rows], one a layer, from golden
// files.

#include <algorithm>
#include <string>
#include <vector>

#include "support/golden_file.hpp"

namespace llmx::test {

using Matrix = std::vector<std::vector<double>>;

inline Matrix identity(std::size_t rows) {
    Matrix m(rows, std::vector<double>(rows, 0.0));
    for (std::size_t r = 0; r < rows; ++r) m[r][r] = 1;
    return m;
}

inline Matrix product(const Matrix& a, const Matrix& b) {
    Matrix m(a.size(), std::vector<double>(b[0].size(), 0.0));
    for (std::size_t i = 0; i < a.size(); ++i)
        for (std::size_t k = 0; k < b.size(); ++k)
            for (std::size_t j = 0; j < b[0].size(); ++j) m[i][j] += a[i][k] * b[k][j];
    return m;
}

/// Golden attention [heads, queries, keys], all heads' mean, put at rows from `first_query` and columns from
/// `first_key` of a square map; the other rows are the identity's.
inline Matrix mean_of_heads(const std::vector<float>& attention, std::size_t queries, std::size_t keys,
                            std::size_t rows, std::size_t first_query = 0, std::size_t first_key = 0) {
    const std::size_t heads = attention.size() / (queries * keys);
    Matrix m = identity(rows);
    for (std::size_t q = 0; q < queries; ++q) {
        std::fill(m[first_query + q].begin(), m[first_query + q].end(), 0.0);
        for (std::size_t h = 0; h < heads; ++h)
            for (std::size_t k = 0; k < keys; ++k)
                m[first_query + q][first_key + k] +=
                    attention[(h * queries + q) * keys + k] / static_cast<double>(heads);
    }
    return m;
}

/// (A + I) / row sum.
inline Matrix with_residual(Matrix m) {
    for (std::size_t r = 0; r < m.size(); ++r) {
        m[r][r] += 1;
        double sum = 0;
        for (const double x : m[r]) sum += x;
        for (double& x : m[r]) x /= sum;
    }
    return m;
}

/// R_L = M_L … M_1.
inline Matrix rollout(const std::vector<Matrix>& layers) {
    Matrix r = identity(layers.front().size());
    for (const Matrix& layer : layers) r = product(layer, r);
    return r;
}

/// Largest flow from (L, from) to (0, to) with the layers' weights as capacities: augmenting along shortest
/// paths (Edmonds and Karp), as a matrix of residual capacities between all nodes.
inline double maximum_flow(const std::vector<Matrix>& layers, std::size_t from, std::size_t to) {
    const std::size_t rows = layers.front().size();
    const std::size_t nodes = (layers.size() + 1) * rows;
    std::vector<std::vector<double>> left(nodes, std::vector<double>(nodes, 0.0));
    for (std::size_t l = 0; l < layers.size(); ++l)
        for (std::size_t i = 0; i < rows; ++i)
            for (std::size_t j = 0; j < rows; ++j) left[(l + 1) * rows + i][l * rows + j] = layers[l][i][j];
    const std::size_t source = layers.size() * rows + from;
    double total = 0;
    while (true) {
        std::vector<int> parent(nodes, -1);
        std::vector<std::size_t> queue = {source};
        parent[source] = static_cast<int>(source);
        for (std::size_t at = 0; at < queue.size() && parent[to] < 0; ++at)
            for (std::size_t v = 0; v < nodes; ++v)
                if (parent[v] < 0 && left[queue[at]][v] > 1e-12) {
                    parent[v] = static_cast<int>(queue[at]);
                    queue.push_back(v);
                }
        if (parent[to] < 0) return total;
        double step = 1e9;
        for (std::size_t v = to; v != source; v = static_cast<std::size_t>(parent[v]))
            step = std::min(step, left[static_cast<std::size_t>(parent[v])][v]);
        for (std::size_t v = to; v != source; v = static_cast<std::size_t>(parent[v])) {
            left[static_cast<std::size_t>(parent[v])][v] -= step;
            left[v][static_cast<std::size_t>(parent[v])] += step;
        }
        total += step;
    }
}

}  // namespace llmx::test

// DSV4_HC_COMB: the mixing matrix of hyper-connections, [source, destination] for each token: logits
// m c + b, softmax over destinations, + eps, then Sinkhorn: columns and rows are divided by their
// sums (+ eps) in turn, columns first and last.
// Backwards through every division y = x / S, S = eps + sum x:  dx_i = (dy_i - <dy, y>) / S, then
// through the softmax and the factor c.

#include <array>
#include <cmath>

#include "vjp/rows.hpp"

namespace llmx::vjp {

namespace {

constexpr int streams = 4;  // the only number that ggml takes
constexpr int first_logit = 2 * streams;
using Matrix = std::array<double, streams * streams>;  // [source, destination]

/// One division of the rows or columns of the matrix: its result, and what each was divided by.
struct Division {
    bool columns = false;
    Matrix result{};
    std::array<double, streams> sums{};
};

std::size_t element(bool columns, int line, int i) {
    return static_cast<std::size_t>(columns ? line + streams * i : i + streams * line);
}

Division divide(const Matrix& x, bool columns, double eps) {
    Division made{columns, {}, {}};
    for (int line = 0; line < streams; ++line) {
        double& sum = made.sums[static_cast<std::size_t>(line)];
        sum = eps;
        for (int i = 0; i < streams; ++i) sum += x[element(columns, line, i)];
        for (int i = 0; i < streams; ++i) {
            made.result[element(columns, line, i)] = x[element(columns, line, i)] / sum;
        }
    }
    return made;
}

/// dy to dx, in place.
void pull_division(const Division& made, Matrix& d) {
    for (int line = 0; line < streams; ++line) {
        double along = 0;
        for (int i = 0; i < streams; ++i) {
            const std::size_t k = element(made.columns, line, i);
            along += d[k] * made.result[k];
        }
        for (int i = 0; i < streams; ++i) {
            double& x = d[element(made.columns, line, i)];
            x = (x - along) / made.sums[static_cast<std::size_t>(line)];
        }
    }
}

Matrix softmax(const float* mixes, const float* base, double c) {
    Matrix p{};
    for (int s = 0; s < streams; ++s) {
        double top = -INFINITY;
        double sum = 0;
        for (int d = 0; d < streams; ++d) {
            const std::size_t k = element(false, s, d);
            const std::size_t at = first_logit + k;
            p[k] = c * static_cast<double>(mixes[at]) + static_cast<double>(base[at]);
            top = std::max(top, p[k]);
        }
        for (int d = 0; d < streams; ++d)
            sum += p[element(false, s, d)] = std::exp(p[element(false, s, d)] - top);
        for (int d = 0; d < streams; ++d) p[element(false, s, d)] /= sum;
    }
    return p;
}

/// dx += the gradient of one token's mixes.
void pull_token(const Node& node, const float* mixes, const float* base, double c, const float* dy,
                float* dx) {
    const auto eps = static_cast<double>(node.param_f32(0));
    const Matrix p = softmax(mixes, base, c);
    Matrix x = p;
    for (double& v : x) v += eps;
    std::vector<Division> divisions{divide(x, true, eps)};
    for (int i = 1; i < node.param_i32(1); ++i) {
        divisions.push_back(divide(divisions.back().result, false, eps));
        divisions.push_back(divide(divisions.back().result, true, eps));
    }
    Matrix d{};
    std::copy_n(dy, d.size(), d.begin());
    for (auto made = divisions.rbegin(); made != divisions.rend(); ++made) pull_division(*made, d);
    for (int s = 0; s < streams; ++s) {
        double along = 0;
        for (int i = 0; i < streams; ++i) along += d[element(false, s, i)] * p[element(false, s, i)];
        for (int i = 0; i < streams; ++i) {
            const std::size_t k = element(false, s, i);
            dx[first_logit + k] += static_cast<float>(c * p[k] * (d[k] - along));
        }
    }
}

SavedValues saved(const Node&) {
    return SavedValues::source(0) | SavedValues::source(1) | SavedValues::source(2);
}

void pull(Pull& pull) {
    if (!pull.wants(0)) return;
    const TensorView<const float> mixes = pull.x(0);
    const auto c = static_cast<double>(pull.x(1).data[2]);
    const TensorView<const float> base = pull.x(2);
    const TensorView<float> dx = pull.dx(0);
    parallel_blocks(pull.threads(), mixes.shape[2], [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t t = first; t < last; ++t) {
            pull_token(pull.node(), mixes.row(0, 0, t), base.data, c, pull.dy().row(0, t, 0),
                       dx.row(0, 0, t));
        }
    });
}

std::string refuses(const Node& node) {
    return node.wants(1) || node.wants(2) ? "scale or base computed in the pass" : "";
}

}  // namespace

extern const Rule dsv4_hc_comb_rule{"DSV4_HC_COMB", saved, pull, refuses};

}  // namespace llmx::vjp

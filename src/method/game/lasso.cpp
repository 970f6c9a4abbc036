#include "method/game/lasso.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

#include "method/game/coalitions.hpp"

namespace llmx::method {

namespace {

constexpr int most_sweeps = 20000;
constexpr int sweeps_a_jump = 10;
constexpr double gap_tolerance = 1e-12;

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;

/// The search for w; of m times the objective, so that its penalty is m alpha.
class Descent {
public:
    Descent(const Matrix& z, const Vector& y, double penalty)
        : z_(z), y_(y), penalty_(penalty), w_(Vector::Zero(z.cols())), r_(y) {}

    [[nodiscard]] const Vector& weights() const { return w_; }

    /// How far the objective is from its minimum at most: to the dual's value at r, shrunk until feasible.
    [[nodiscard]] double gap() const { return gap(w_, r_); }

    /// The minimum along each coordinate in turn.
    void sweep() {
        for (Eigen::Index u = 0; u < w_.size(); ++u) {
            const double squares = z_.col(u).squaredNorm();
            if (squares == 0) continue;
            const double pull = z_.col(u).dot(r_) + squares * w_[u];
            const double next = std::copysign(std::max(0.0, std::abs(pull) - penalty_), pull) / squares;
            if (next != w_[u]) r_ += (w_[u] - next) * z_.col(u);
            w_[u] = next;
        }
    }

    /// To the minimum among the weights that are not 0, their signs kept, if that is nearer: sweeps alone
    /// creep where units outnumber coalitions.
    void jump() {
        std::vector<Eigen::Index> active;
        for (Eigen::Index u = 0; u < w_.size(); ++u)
            if (w_[u] != 0) active.push_back(u);
        if (active.empty() || static_cast<Eigen::Index>(active.size()) > z_.rows()) return;
        const Matrix z = z_(Eigen::all, active);
        const Vector signs = w_(active).cwiseSign();
        const Vector solved =
            Eigen::LDLT<Matrix>(z.transpose() * z).solve(z.transpose() * y_ - penalty_ * signs);
        if (!((solved.array() * signs.array()) > 0).all()) return;
        Vector w = Vector::Zero(w_.size());
        w(active) = solved;
        const Vector r = y_ - z * solved;
        if (!(gap(w, r) < gap())) return;
        w_ = w;
        r_ = r;
    }

private:
    [[nodiscard]] double gap(const Vector& w, const Vector& r) const {
        const double steepest = (z_.transpose() * r).cwiseAbs().maxCoeff();
        const double shrink = steepest > penalty_ ? penalty_ / steepest : 1;
        return r.squaredNorm() * (1 + shrink * shrink) / 2 + penalty_ * w.lpNorm<1>() - shrink * r.dot(y_);
    }

    const Matrix& z_;
    const Vector& y_;
    double penalty_;
    Vector w_, r_;  // r = y - Z w
};

}  // namespace

LassoFit lasso(const std::vector<Coalition>& coalitions, std::span<const double> y, double alpha) {
    Matrix z = as_matrix(coalitions, coalitions.front().size());
    const Vector means = z.colwise().mean();
    const Vector deviations = (means.array() * (1 - means.array())).sqrt();  // of numbers that are 0 or 1
    z.rowwise() -= means.transpose();
    for (Eigen::Index u = 0; u < z.cols(); ++u) z.col(u) *= deviations[u] > 0 ? 1 / deviations[u] : 0.0;

    const Eigen::Map<const Vector> given(y.data(), z.rows());
    const Vector centred = given.array() - given.mean();
    const double tolerance = gap_tolerance * centred.squaredNorm();
    Descent descent(z, centred, alpha * static_cast<double>(z.rows()));
    LassoFit found;
    found.converged = descent.gap() <= tolerance;
    for (int sweep = 1; sweep <= most_sweeps && !found.converged; ++sweep) {
        descent.sweep();
        if (sweep % sweeps_a_jump == 0) descent.jump();
        found.converged = descent.gap() <= tolerance;
    }
    found.weights.assign(z.cols(), 0.0);
    found.intercept = given.mean();
    for (Eigen::Index u = 0; u < z.cols(); ++u) {
        if (deviations[u] > 0) found.weights[u] = descent.weights()[u] / deviations[u];
        found.intercept -= found.weights[u] * means[u];
    }
    return found;
}

}  // namespace llmx::method

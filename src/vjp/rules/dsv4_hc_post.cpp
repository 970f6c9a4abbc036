// DSV4_HC_POST: a block's result x joins the streams r_s of hyper-connections, which mix: for a token
// y_d = p_d x + sum_s C_sd r_s, C the identity where there is none.
// dx = sum_d p_d dy_d;  dr_s = sum_d C_sd dy_d;  dp_d = <x, dy_d>;  dC_sd = <r_s, dy_d>

#include "vjp/rows.hpp"

namespace llmx::vjp {

namespace {

enum Source { from_block, residual, post, mix };

SavedValues saved(const Node& node) {
    SavedValues needed;
    if (node.wants(from_block)) needed = needed | SavedValues::source(post);
    if (node.wants(post)) needed = needed | SavedValues::source(from_block);
    if (node.has(mix)) {
        if (node.wants(residual)) needed = needed | SavedValues::source(mix);
        if (node.wants(mix)) needed = needed | SavedValues::source(residual);
    }
    return needed;
}

/// body(token) for every token, in parallel.
template <class Body>
void for_each_token(const Pull& pull, Body&& body) {
    parallel_blocks(pull.threads(), pull.dy().shape[1], [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t t = first; t < last; ++t) body(t);
    });
}

void pull_block(Pull& pull) {
    const TensorView<const float> p = pull.x(post);
    const TensorView<const float> dy = pull.dy();
    const TensorView<float> dx = pull.dx(from_block);
    for_each_token(pull, [&](std::int64_t t) {
        for (std::int64_t d = 0; d < dy.shape[2]; ++d) {
            add_scaled(dx.row(0, 0, t), dy.row(0, t, d), p.row(0, 0, t)[d], dy.columns());
        }
    });
}

void pull_residual(Pull& pull) {
    const TensorView<const float> dy = pull.dy();
    const bool mixed = pull.node().has(mix);
    const TensorView<const float> c = mixed ? pull.x(mix) : TensorView<const float>{};
    const TensorView<float> dr = pull.dx(residual);
    for_each_token(pull, [&](std::int64_t t) {
        for (std::int64_t s = 0; s < dr.shape[2]; ++s) {
            for (std::int64_t d = 0; d < dy.shape[2]; ++d) {
                if (!mixed && s != d) continue;
                add_scaled(dr.row(0, t, s), dy.row(0, t, d), mixed ? c.row(0, t, s)[d] : 1.0F, dy.columns());
            }
        }
    });
}

void pull_post(Pull& pull) {
    const TensorView<const float> x = pull.x(from_block);
    const TensorView<const float> dy = pull.dy();
    const TensorView<float> dp = pull.dx(post);
    for_each_token(pull, [&](std::int64_t t) {
        for (std::int64_t d = 0; d < dy.shape[2]; ++d) {
            dp.row(0, 0, t)[d] += static_cast<float>(dot(x.row(0, 0, t), dy.row(0, t, d), dy.columns()));
        }
    });
}

void pull_mix(Pull& pull) {
    const TensorView<const float> r = pull.x(residual);
    const TensorView<const float> dy = pull.dy();
    const TensorView<float> dc = pull.dx(mix);
    for_each_token(pull, [&](std::int64_t t) {
        for (std::int64_t s = 0; s < dc.shape[2]; ++s) {
            for (std::int64_t d = 0; d < dy.shape[2]; ++d) {
                dc.row(0, t, s)[d] += static_cast<float>(dot(r.row(0, t, s), dy.row(0, t, d), dy.columns()));
            }
        }
    });
}

void pull(Pull& pull) {
    if (pull.wants(from_block)) pull_block(pull);
    if (pull.wants(residual)) pull_residual(pull);
    if (pull.wants(post)) pull_post(pull);
    if (pull.wants(mix)) pull_mix(pull);
}

}  // namespace

extern const Rule dsv4_hc_post_rule{"DSV4_HC_POST", saved, pull};

}  // namespace llmx::vjp

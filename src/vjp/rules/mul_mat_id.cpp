// MUL_MAT_ID: y[t, e] = W[ids[t, e]] b[t, e mod n_b]: each token through the experts chosen for it.
// db[t, e mod n_b] += W[ids[t, e]]^T dy[t, e].  The choice itself has no gradient.
// Tokens are gathered by expert, so that each expert is one product.

#include "vjp/rows.hpp"
#include "vjp/weights.hpp"

namespace llmx::vjp {

namespace {

SavedValues saved(const Node&) { return SavedValues::source(2); }

std::string refuses(const Node& node) {
    if (node.wants(0)) return "expert weights that are computed from the input";
    if (node.source(0).role != engine::TensorRole::weight) return "experts that are no weights of the model";
    return {};
}

/// One row of dy: token and position among the token's experts.
struct Chosen {
    std::int64_t token, slot;
};

/// For each expert the rows of dy that went through it and are not all zero.
std::vector<std::vector<Chosen>> by_expert(const TensorView<const float>& dy,
                                           const TensorView<const std::int32_t>& ids, std::int64_t experts) {
    std::vector<std::vector<Chosen>> rows(static_cast<std::size_t>(experts));
    for (std::int64_t token = 0; token < dy.shape[1]; ++token) {
        for (std::int64_t slot = 0; slot < dy.shape[2]; ++slot) {
            if (all_zero(dy.row(0, token, slot), dy.columns())) continue;
            rows[static_cast<std::size_t>(ids.at(0, 0, token, slot))].push_back({token, slot});
        }
    }
    return rows;
}

void pull(Pull& pull) {
    if (!pull.wants(1)) return;
    const engine::TensorInfo& weight = pull.node().source(0);  // [1, experts, n, k]
    const std::int64_t n = weight.shape[2];
    const std::int64_t k = weight.shape[3];
    const TensorView<const float> dy = pull.dy();  // [1, tokens, chosen, n]
    const TensorView<float> db = pull.dx(1);       // [1, tokens, chosen or 1, k]
    const auto rows = by_expert(dy, pull.indices(2), weight.shape[1]);
    std::vector<float> gathered;
    std::vector<float> product;
    for (std::size_t expert = 0; expert < rows.size(); ++expert) {
        const auto m = static_cast<std::int64_t>(rows[expert].size());
        if (m == 0) continue;
        gathered.resize(static_cast<std::size_t>(m * n));
        product.resize(static_cast<std::size_t>(m * k));
        float* to = gathered.data();
        for (const Chosen& row : rows[expert]) to = std::copy_n(dy.row(0, row.token, row.slot), n, to);
        pull.weights().multiply(weight, static_cast<std::int64_t>(expert),
                                {m, gathered.data(), n, 0.0F, product.data(), k}, pull.threads());
        const float* from = product.data();
        for (const Chosen& row : rows[expert]) {
            add_scaled(db.row(0, row.token, row.slot % db.shape[2]), from, 1.0F, k);
            from += k;
        }
    }
}

}  // namespace

extern const Rule mul_mat_id_rule{"MUL_MAT_ID", saved, pull, refuses};

}  // namespace llmx::vjp

// ADD_ID: y[t, e] = a[t, e] + b[ids[t, e]]: each expert's own bias.
// da = dy;  db[ids[t, e]] += dy[t, e], in order, as ids repeat

#include "vjp/rows.hpp"

namespace llmx::vjp {

namespace {

SavedValues saved(const Node& node) {
    return node.wants(1) ? SavedValues::source(2) : SavedValues::nothing();
}

void pull_biases(Pull& pull) {
    const TensorView<const float> dy = pull.dy();
    const TensorView<const std::int32_t> ids = pull.indices(2);  // [1, 1, tokens, chosen experts]
    const TensorView<float> db = pull.dx(1);                     // [1, 1, experts, n]
    for (std::int64_t r = 0; r < dy.rows(); ++r) {
        const std::int64_t token = r / dy.shape[2] % dy.shape[1];
        add_scaled(db.row(0, 0, ids.at(0, 0, token, r % dy.shape[2])), dy.row(r), 1.0F, dy.columns());
    }
}

void pull(Pull& pull) {
    if (pull.wants(0)) pull_copied(pull, 0);
    if (pull.wants(1)) pull_biases(pull);
}

}  // namespace

extern const Rule add_id_rule{"ADD_ID", saved, pull};

}  // namespace llmx::vjp

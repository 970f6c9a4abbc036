#include "method/replay_function.hpp"

#include <algorithm>
#include <llmx/error.hpp>
#include <mutex>

#include "engine/requirements.hpp"
#include "engine/vocabulary.hpp"

namespace llmx::method {

namespace {

Tensor first_rows(const Tensor& matrix, int rows) {
    const std::int64_t width = matrix.shape.back();
    return {{rows, width}, {matrix.values.begin(), matrix.values.begin() + rows * width}};
}

}  // namespace

ReplayFunction::ReplayFunction(Scene& scene)
    : scene_(scene), weights_(scene.memory_budget, scene.products == Products::bfloat16) {
    for (const engine::PassInput& input : scene.texts) {
        Replay replay(scene.session, input, scene.arena);
        Gradient gradient(replay.graph(), false);
        Tensor embeddings = engine::embedding_rows(replay.graph(), replay.ids());
        texts_.push_back(
            std::unique_ptr<Text>(new Text{std::move(replay), std::move(gradient), std::move(embeddings)}));
        texts_.back()->replay.plan(texts_.back()->gradient.needs(), scene.memory_budget);
    }
    input_ = first_rows(texts_.front()->embeddings, scene.sources);
}

Tensor ReplayFunction::baseline(const std::string& kind, int token) {
    const engine::Graph& graph = texts_.front()->replay.graph();
    Tensor row = Tensor::zero({1, input_.shape[1]});
    if (kind == "token") {
        const Token id = token >= 0 ? token : engine::neutral_token(scene_.session.model());
        engine::require_tokens(scene_.session.model(), std::span(&id, 1));
        row = engine::embedding_rows(graph, std::span(&id, 1));
    } else if (kind == "mean") {
        if (!mean_) mean_ = engine::mean_embedding(graph);
        row = *mean_;
    } else if (kind != "zero") {
        throw Error(ErrorCode::internal, "baseline: unknown kind " + kind);
    }
    Tensor all = input_;
    for (std::size_t r = 0; r < scene_.held.size(); ++r) {
        if (!scene_.held[r]) std::copy(row.values.begin(), row.values.end(), all.row(r).begin());
    }
    return all;
}

Tensor ReplayFunction::rows_of(const Text& text, const Tensor& x) const {
    Tensor rows = text.embeddings;
    std::copy(x.values.begin(), x.values.end(), rows.values.begin());
    return rows;
}

std::vector<double> ReplayFunction::values(const Tensor& x) {
    std::vector<Tensor> results;
    for (const auto& text : texts_) {
        engine::PassInput input = text->replay.input();
        input.embeddings = rows_of(*text, x);
        scene_.session.run(input);
        results.push_back(scene_.session.results());
    }
    scene_.tick(1);
    return scene_.readout->values(results);
}

/// Tells the gradients of all targets at one text, as it was fed.
void ReplayFunction::differentiate(std::size_t index, const Each& each) {
    Text& text = *texts_[index];
    const auto source_rows = [&](const float* gradient) {
        return dense_view(gradient, {1, 1, input_.shape[0], input_.shape[1]});
    };
    const auto seed = [&](std::size_t target, const Tensor& results) {
        return scene_.readout->seed(target, index, results);
    };
    if (targets() == 1) {
        const auto whole = text.gradient.whole(
            text.replay, [&](const Tensor& results) { return seed(0, results); }, weights_, scene_.threads);
        each(0, source_rows(whole.embedding.values.data()));
    } else {
        text.gradient.per_seed(
            text.replay, targets(), seed, weights_, scene_.threads,
            [&](std::size_t target, const View<const float>& g) { each(target, source_rows(g.data)); },
            [&](double) { return scene_.tick(0), true; });
    }
}

std::vector<double> ReplayFunction::gradients(const Tensor& x, const Each& each) {
    for (const auto& text : texts_) text->replay.feed(rows_of(*text, x));
    if (texts_.size() == 1) {
        differentiate(0, each);
    } else {
        std::vector<Tensor> sums(targets(), Tensor::zero(input_.shape));
        for (std::size_t i = 0; i < texts_.size(); ++i) {
            differentiate(i, [&](std::size_t target, const View<const float>& g) {
                std::vector<float>& sum = sums[target].values;
                for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += g.data[k];
            });
        }
        for (std::size_t t = 0; t < sums.size(); ++t)
            each(t, dense_view<const float>(sums[t].values.data(), {1, 1, input_.shape[0], input_.shape[1]}));
    }
    std::vector<Tensor> results;
    results.reserve(texts_.size());
    for (const auto& text : texts_) results.push_back(text->replay.results());
    scene_.tick(1);
    return scene_.readout->values(results);
}

}  // namespace llmx::method

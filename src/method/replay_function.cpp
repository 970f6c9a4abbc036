#include "method/replay_function.hpp"

#include <algorithm>
#include <llmx/error.hpp>
#include <mutex>

#include "engine/requirements.hpp"
#include "engine/vocabulary.hpp"
#include "method/layer.hpp"

namespace llmx::method {

namespace {

Tensor first_rows(const Tensor& matrix, int rows) {
    const std::int64_t width = matrix.shape.back();
    return {{rows, width}, {matrix.values.begin(), matrix.values.begin() + rows * width}};
}

}  // namespace

ReplayFunction::ReplayFunction(Scene& scene, int layer)
    : scene_(scene), layer_(layer), weights_(scene.memory_budget, scene.products == Products::bfloat16) {
    for (const engine::PassInput& input : scene.texts) {
        Replay replay(scene.session, input, scene.arena);
        Gradient gradient = layer < 0
                                ? Gradient(replay.graph(), false)
                                : Gradient(replay.graph(), layer_nodes(replay.graph(), layer, scene.sources));
        Tensor embeddings = engine::embedding_rows(replay.graph(), replay.ids());
        texts_.push_back(
            std::unique_ptr<Text>(new Text{std::move(replay), std::move(gradient), std::move(embeddings)}));
        texts_.back()->replay.plan(texts_.back()->gradient.needs(), scene.memory_budget);
    }
    embeddings_ = first_rows(texts_.front()->embeddings, scene.sources);
    input_ = layer < 0 ? embeddings_ : residual_of(embeddings_);
}

Tensor ReplayFunction::baseline(const std::string& kind, int token) {
    const engine::Graph& graph = texts_.front()->replay.graph();
    Tensor row = Tensor::zero({1, embeddings_.shape[1]});
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
    Tensor all = embeddings_;
    for (std::size_t r = 0; r < static_cast<std::size_t>(scene_.sources); ++r)
        std::copy(row.values.begin(), row.values.end(), all.row(r).begin());
    return point_of(std::move(all));
}

Tensor ReplayFunction::drawn(Random& random) {
    const Model& model = scene_.session.model();
    const auto vocabulary = static_cast<std::uint64_t>(model.facts().vocabulary);
    Tokens ids(static_cast<std::size_t>(scene_.sources));
    for (Token& id : ids) {
        do {
            id = static_cast<Token>(random.below(vocabulary));
        } while (engine::is_special(model, id));
    }
    return point_of(engine::embedding_rows(texts_.front()->replay.graph(), ids));
}

Tensor ReplayFunction::point_of(Tensor embeddings) {
    const auto hold = [&](Tensor& rows, const Tensor& from) {
        for (std::size_t r = 0; r < scene_.held.size(); ++r) {
            if (scene_.held[r]) std::copy(from.row(r).begin(), from.row(r).end(), rows.row(r).begin());
        }
    };
    hold(embeddings, embeddings_);
    if (layer_ < 0) return embeddings;
    Tensor residual = residual_of(embeddings);
    hold(residual, input_);
    return residual;
}

Tensor ReplayFunction::residual_of(const Tensor& embeddings) {
    if (!reader_) {
        reader_ = std::make_unique<Replay>(scene_.session, scene_.texts.front(), scene_.arena);
        nodes_ = layer_nodes(reader_->graph(), layer_, scene_.sources);
        std::vector<Need> needs;
        for (const int id : nodes_) {
            const int order = reader_->graph().at(id).order;
            needs.push_back({order, reader_->lineage().written_by(order)});
        }
        reader_->plan(std::move(needs), scene_.memory_budget);
    }
    const engine::Graph& graph = reader_->graph();
    engine::PassInput& input = reader_->refeed();
    input.embeddings = texts_.front()->embeddings;
    std::copy(embeddings.values.begin(), embeddings.values.end(), input.embeddings.values.begin());
    Tensor residual = Tensor::zero({scene_.sources, graph.at(nodes_.front()).shape[3]});
    reader_->visit([&](const tape::Tape& tape, int first, int last) {
        for (const int id : nodes_) {
            const int order = graph.at(id).order;
            if (order < first || order >= last) continue;
            const View<const float> value = tape.written_by(order);
            const int row = graph.pass_of(order).first_row;
            for (int r = row; r < std::min(row + static_cast<int>(value.rows()), scene_.sources); ++r)
                std::copy_n(value.row(r - row), value.columns(),
                            residual.row(static_cast<std::size_t>(r)).data());
        }
    });
    return residual;
}

void ReplayFunction::put(const Text& text, const Tensor& x, engine::PassInput& input) const {
    if (layer_ >= 0) {
        input.residual = {layer_, x};
        return;
    }
    input.embeddings = text.embeddings;
    std::copy(x.values.begin(), x.values.end(), input.embeddings.values.begin());
}

std::vector<double> ReplayFunction::values(const Tensor& x) {
    std::vector<Tensor> results;
    for (const auto& text : texts_) {
        engine::PassInput input = text->replay.input();
        put(*text, x, input);
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
    for (const auto& text : texts_) put(*text, x, text->replay.refeed());
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

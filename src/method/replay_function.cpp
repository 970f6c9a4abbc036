#include "method/replay_function.hpp"

#include <algorithm>
#include <llmx/error.hpp>

#include "engine/model/requirements.hpp"
#include "engine/text/vocabulary.hpp"
#include "replay/layer.hpp"
#include "replay/replicas.hpp"

namespace llmx::method {

namespace {

Tensor first_rows(const Tensor& matrix, int rows) {
    const std::int64_t width = matrix.shape.back();
    return {{rows, width}, {matrix.values.begin(), matrix.values.begin() + rows * width}};
}

/// A session's threads, for a while.
class FewerThreads {
public:
    FewerThreads(engine::Session& session, int threads, int before) : session_(session), before_(before) {
        session.set_threads(threads);
    }
    ~FewerThreads() { session_.set_threads(before_); }
    FewerThreads(const FewerThreads&) = delete;
    FewerThreads& operator=(const FewerThreads&) = delete;

private:
    engine::Session& session_;
    int before_;
};

/// At the embeddings, or at the residual stream of the first `sources` rows after a block.
replay::Gradient gradient_at(const engine::Graph& graph, int layer, int sources) {
    return layer < 0 ? replay::Gradient(graph, false)
                     : replay::Gradient(graph, replay::layer_nodes(graph, layer, sources));
}

/// What nodes write.
std::vector<replay::RequiredValue> values_of(const replay::Replay& replay, const std::vector<int>& nodes) {
    std::vector<replay::RequiredValue> needs;
    for (const int id : nodes) {
        const int order = replay.graph().at(id).order;
        needs.push_back({order, replay.lineage().written_by(order)});
    }
    return needs;
}

}  // namespace

ReplayFunction::ReplayFunction(AttributionContext& scene, int layer)
    : scene_(scene),
      layer_(layer),
      weights_(scene.memory_budget, scene.matmul_precision == MatmulPrecision::bfloat16) {
    for (std::size_t i = 0; i < scene.texts.size(); ++i)
        texts_.push_back(text_of(replay_of(scene, i).again(), scene.memory_budget));
    embeddings_ = first_rows(texts_.front()->embeddings, scene.sources);
    input_ = layer < 0 ? embeddings_ : residual_of(embeddings_);
}

std::vector<replay::RequiredValue> ReplayFunction::needs(const replay::Replay& replay, int layer,
                                                         int sources) {
    std::vector<replay::RequiredValue> needs = gradient_at(replay.graph(), layer, sources).needs();
    if (layer < 0) return needs;
    const std::vector<replay::RequiredValue> residual =
        values_of(replay, replay::layer_nodes(replay.graph(), layer, sources));
    needs.insert(needs.end(), residual.begin(), residual.end());
    return needs;
}

std::unique_ptr<ReplayFunction::Text> ReplayFunction::text_of(replay::Replay replay,
                                                              std::size_t budget) const {
    const engine::Graph& graph = replay.graph();
    replay::Gradient gradient = gradient_at(graph, layer_, scene_.sources);
    Tensor embeddings = engine::embedding_rows(graph, replay.ids());
    std::unique_ptr<Text> text(new Text{std::move(replay), std::move(gradient), std::move(embeddings)});
    text->replay.plan(text->gradient.needs(), budget);
    return text;
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
    const engine::Graph& graph = texts_.front()->replay.graph();
    if (!scene_.references.empty())
        return point_of(
            engine::embedding_rows(graph, scene_.references[random.below(scene_.references.size())]));
    const Model& model = scene_.session.model();
    const auto vocabulary = static_cast<std::uint64_t>(model.facts().vocabulary);
    Tokens ids(static_cast<std::size_t>(scene_.sources));
    for (Token& id : ids) {
        do {
            id = static_cast<Token>(random.below(vocabulary));
        } while (engine::is_special(model, id));
    }
    return point_of(engine::embedding_rows(graph, ids));
}

Tensor ReplayFunction::point_of(Tensor embeddings) {
    const auto hold = [&](Tensor& rows, const Tensor& from) {
        for (std::size_t r = 0; r < scene_.fixed.size(); ++r) {
            if (scene_.fixed[r]) std::copy(from.row(r).begin(), from.row(r).end(), rows.row(r).begin());
        }
    };
    hold(embeddings, embeddings_);
    if (layer_ < 0) return embeddings;
    Tensor residual = residual_of(embeddings);
    hold(residual, input_);
    return residual;
}

Tensor ReplayFunction::residual_of(const Tensor& embeddings) {
    replay::Replay& as_it_is = replay_of(scene_, 0);
    const engine::Graph& graph = as_it_is.graph();
    const std::vector<int> nodes = replay::layer_nodes(graph, layer_, scene_.sources);
    const bool at_text = embeddings.values == embeddings_.values;
    if (!at_text && !reader_) reader_.emplace(as_it_is.again());
    replay::Replay& replay = at_text ? as_it_is : *reader_;
    if (!at_text) {
        engine::PassInput& input = replay.refeed();
        input.embeddings = texts_.front()->embeddings;
        std::copy(embeddings.values.begin(), embeddings.values.end(), input.embeddings.values.begin());
    }
    replay.plan(values_of(replay, nodes), scene_.memory_budget);
    Tensor residual = Tensor::zero({scene_.sources, graph.at(nodes.front()).shape[3]});
    replay.visit([&](const tape::Tape& tape, int first, int last) {
        for (const int id : nodes) {
            const int order = graph.at(id).order;
            if (order < first || order >= last) continue;
            const TensorView<const float> value = tape.written_by(order);
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

TensorView<const float> ReplayFunction::source_rows(const float* gradient) const {
    return dense_view(gradient, {1, 1, input_.shape[0], input_.shape[1]});
}

/// Tells the gradients of all targets at one text, as it was fed.
void ReplayFunction::differentiate(replay::Replay& replay, std::size_t index, const Each& each) {
    const replay::Gradient& gradient = texts_[index]->gradient;
    const auto seed = [&](std::size_t target, const Tensor& results) {
        return scene_.readout->seed(target, index, results);
    };
    if (targets() == 1) {
        const auto whole = gradient.whole(
            replay, [&](const Tensor& results) { return seed(0, results); }, weights_, scene_.threads);
        each(0, source_rows(whole.embedding.values.data()));
    } else {
        gradient.per_seed(
            replay, targets(), seed, weights_, scene_.threads,
            [&](std::size_t target, const TensorView<const float>& g) { each(target, source_rows(g.data)); },
            [&](double) { return scene_.tick(0), true; });
    }
}

std::vector<double> ReplayFunction::gradients(const Tensor& x, const Each& each) {
    const bool at_text = x.values == input_.values;
    std::vector<replay::Replay*> replays;
    for (std::size_t i = 0; i < texts_.size(); ++i) {
        Text& text = *texts_[i];
        if (at_text) {
            replays.push_back(&replay_of(scene_, i));
            replays.back()->plan(text.gradient.needs(), scene_.memory_budget);
        } else {
            put(text, x, text.replay.refeed());
            replays.push_back(&text.replay);
        }
    }
    if (texts_.size() == 1) {
        differentiate(*replays.front(), 0, each);
    } else {
        std::vector<Tensor> sums(targets(), Tensor::zero(input_.shape));
        for (std::size_t i = 0; i < texts_.size(); ++i) {
            differentiate(*replays[i], i, [&](std::size_t target, const TensorView<const float>& g) {
                std::vector<float>& sum = sums[target].values;
                for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += g.data[k];
            });
        }
        for (std::size_t t = 0; t < sums.size(); ++t) each(t, source_rows(sums[t].values.data()));
    }
    std::vector<Tensor> results;
    results.reserve(replays.size());
    for (const replay::Replay* replay : replays) results.push_back(replay->results());
    scene_.tick(1);
    return scene_.readout->values(results);
}

/// How many replicas a path is worth: beyond four, their sessions' memory outweighs what waiting costs.
std::size_t ReplayFunction::replicas_for(std::size_t points) const {
    constexpr std::size_t most = 4;
    const replay::Replay& replay = texts_.front()->replay;
    if (targets() > 1 || texts_.size() > 1 || replay.pieces() > 1) return 1;
    const std::size_t replicas = std::min({static_cast<std::size_t>(scene_.threads), points, most});
    return scene_.memory_budget == 0
               ? replicas
               : std::min(replicas, scene_.memory_budget / std::max<std::size_t>(replay.bytes(), 1));
}

/// Makes the replicas, each with its number of threads; the first is the scene's own session and text.
void ReplayFunction::open(std::size_t replicas, int threads) {
    while (replicas_.size() + 1 < replicas) {
        replicas_.push_back(std::make_unique<Lane>(
            Lane{engine::Session(scene_.session.model(), scene_.session.size()), nullptr}));
        replicas_.back()->text = text_of(
            replay::Replay(replicas_.back()->session, scene_.texts.front(), std::make_shared<tape::Arena>()),
            0);
    }
    for (const auto& replica : replicas_) replica->session.set_threads(threads);
}

void ReplayFunction::gradients_at(std::size_t count, const std::function<Tensor(std::size_t)>& point,
                                  const EachAt& each) {
    const std::size_t replicas = replicas_for(count);
    if (replicas < 2) return Function::gradients_at(count, point, each);
    const int threads = scene_.threads / static_cast<int>(replicas);
    open(replicas, threads);
    const FewerThreads share(scene_.session, threads, scene_.threads);
    const auto work = [&](std::size_t replica, replay::Queue& queue) {
        Text& text = replica == 0 ? *texts_.front() : *replicas_[replica - 1]->text;
        vjp::Reverse reverse = text.gradient.reverse(weights_, threads);
        Tensor x;
        while (const auto i = queue.next([&](std::size_t k) { x = point(k); })) {
            put(text, x, text.replay.refeed());
            const auto seed = [&](const Tensor& results) { return scene_.readout->seed(0, 0, results); };
            const Tensor gradient = text.gradient.whole(text.replay, seed, reverse).embedding;
            queue.hand_in(*i, [&] {
                each(*i, 0, source_rows(gradient.values.data()));
                scene_.tick(1);
            });
        }
    };
    replay::in_replicas(replicas, count, work);
}

}  // namespace llmx::method

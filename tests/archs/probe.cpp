#include "probe.hpp"

#include <llama.h>

#include <algorithm>
#include <cmath>
#include <llmx/error.hpp>
#include <random>

#include "replay/attention_reader.hpp"
#include "vjp/weights.hpp"

namespace llmx::test {

namespace {

Tokens random_ids(int tokens, int vocabulary) {
    std::mt19937 draw(7);  // its numbers are the same everywhere, a distribution's are not
    Tokens ids;
    for (int i = 0; i < tokens; ++i)
        ids.push_back(static_cast<Token>(draw() % static_cast<unsigned>(vocabulary)));
    return ids;
}

/// A position in the middle and the last two: earlier tokens act through attention or memory only.
std::vector<int> output_positions(int tokens) { return {tokens / 2, tokens - 2, tokens - 1}; }

objective::Terms fixed_terms(const std::vector<int>& outputs, int vocabulary) {
    objective::Terms terms;
    for (int i = 0; i < static_cast<int>(outputs.size()); ++i) {
        terms.push_back({i, (17 * i + 5) % vocabulary, 1.0});
    }
    return terms;
}

/// Nodes that choose: what is read of the ids of an ARGSORT or TOP_K; and signs (qwen4exp takes a root of
/// either sign, which has no slope where the sign changes).
std::vector<int> choices(const engine::Graph& graph) {
    std::vector<int> result;
    for (const int id : graph.nodes) {
        const engine::TensorInfo& node = graph.at(id);
        const std::string& made_by = graph.at(node.root).op;
        if (made_by == "TOP_K" || (made_by == "ARGSORT" && node.op == "VIEW") || node.kind == "SGN") {
            result.push_back(id);
        }
    }
    return result;
}

/// Notes what the pass chooses.
class Choices : public engine::Watcher {
public:
    Choices(const engine::Session& session, const engine::Graph& graph)
        : session_(session), graph_(graph), stops_(graph.nodes.size()) {
        for (const int id : choices(graph)) {
            const engine::TensorInfo& node = graph.at(id);
            const int order = node.kind == "SGN" ? node.order : graph.at(node.root).order;
            stops_[static_cast<std::size_t>(order)].push_back(id);
        }
    }
    std::vector<std::int32_t> chosen;

    [[nodiscard]] bool wants(int node) const override {
        return !stops_[static_cast<std::size_t>(node)].empty();
    }
    void before(int) override {}
    bool computed(int node) override {
        for (const int id : stops_[static_cast<std::size_t>(node)]) note(graph_.at(id));
        return true;
    }

private:
    void note(const engine::TensorInfo& window) {
        if (window.kind == "SGN") {
            const auto* signs = static_cast<const float*>(session_.bytes(window.id).data);
            for (std::int64_t k = 0; k < window.elements(); ++k) chosen.push_back(static_cast<int>(signs[k]));
            return;
        }
        const auto* root = static_cast<const std::int32_t*>(session_.bytes(window.root).data);
        const TensorView<const std::int32_t> view{root + window.offset, window.shape, window.strides};
        for (std::int64_t r = 0; r < view.rows(); ++r) {
            const auto first = chosen.insert(chosen.end(), view.row(r), view.row(r) + view.columns());
            std::sort(first, chosen.end());
        }
    }

    const engine::Session& session_;
    const engine::Graph& graph_;
    std::vector<std::vector<int>> stops_;  // by node: the windows into what it chose
};

engine::PassInput fixed_input(const Model& model, int tokens) {
    engine::PassInput input;
    input.ids = random_ids(tokens, model.facts().vocabulary);
    input.outputs = output_positions(tokens);
    if (model.facts().kind == ModelKind::encoder_decoder) {
        input.source = random_ids(tokens / 2, model.facts().vocabulary);
        std::reverse(input.source.begin(), input.source.end());
        input.ids.front() = engine::decoder_start_token(model);
    }
    return input;
}

engine::SessionSize size_for(const engine::PassInput& input, int micro_batch) {
    return {static_cast<int>(input.ids.size()), static_cast<int>(input.outputs.size()),
            static_cast<int>(input.source.size()), micro_batch};
}

/// Element k of the projection of an encoder's results.
double weight(std::size_t k) { return std::sin(1.0 + 1.7 * static_cast<double>(k)); }

}  // namespace

Probe::Probe(const Model& model, int tokens, int micro_batch)
    : session_(model, size_for(fixed_input(model, tokens), micro_batch)),
      replay_(session_, fixed_input(model, tokens), std::make_shared<tape::Arena>()),
      gradient_(replay_.graph(), false),
      terms_(fixed_terms(input().outputs, model.facts().vocabulary)),
      embeddings_(engine::embedding_rows(replay_.graph(), replay_.ids())) {
    replay_.plan(gradient_.needs(), 0);
}

double Probe::objective(const Tensor& results) const {
    double value = 0;
    if (gives_logits()) {
        for (const objective::Term& term : terms_) {
            value += term.weight * objective::log_probability(
                                       results.row(static_cast<std::size_t>(term.output)), term.token);
        }
        return value;
    }
    for (std::size_t k = 0; k < results.values.size(); ++k) {
        value += weight(k) * static_cast<double>(results.values[k]);
    }
    return value;
}

Tensor Probe::slope(const Tensor& results) const {
    Tensor slope{results.shape, std::vector<float>(results.values.size())};
    if (gives_logits()) {
        for (const objective::Term& term : terms_) {
            const auto row = static_cast<std::size_t>(term.output);
            objective::add_gradient(results.row(row), term.token, term.weight, slope.row(row));
        }
        return slope;
    }
    for (std::size_t k = 0; k < slope.values.size(); ++k) slope.values[k] = static_cast<float>(weight(k));
    return slope;
}

Probe::Gradient Probe::gradient() {
    vjp::Weights weights;
    const auto seed = [this](const Tensor& results) { return slope(results); };
    Gradient result;
    result.embedding = gradient_.whole(replay_, seed, weights, session_.model().threads()).embedding;
    result.results = replay_.results();
    return result;
}

std::vector<float> Probe::attention() {
    replay::Replay again = replay_.again();
    const replay::AttentionReader reader(again);
    std::vector<replay::RequiredValue> needs;
    for (const replay::AttentionSite& site : reader.sites()) reader.add_needs(site, needs);
    again.plan(std::move(needs), 0);
    std::vector<float> all;
    try {
        again.visit([&](const tape::Tape& tape, int, int) {
            for (const replay::AttentionSite& site : reader.sites()) {
                reader.read(tape, site, [&](std::int64_t, int, std::span<const float> weights) {
                    all.insert(all.end(), weights.begin(), weights.end());
                });
            }
        });
    } catch (const Error& error) {
        if (error.code() != ErrorCode::unsupported) throw;
        return {};
    }
    return all;
}

Value Probe::value(std::span<const float> embeddings) {
    engine::PassInput moved = input();
    moved.embeddings = {embeddings_.shape, {embeddings.begin(), embeddings.end()}};
    Choices choices(session_, graph());
    session_.run(moved, graph(), choices);
    Tensor results;
    for (int i = 0; i < static_cast<int>(moved.outputs.size()); ++i) {
        const auto row = session_.result(i);
        results.shape = {i + 1, static_cast<std::int64_t>(row.size())};
        results.values.insert(results.values.end(), row.begin(), row.end());
    }
    return {objective(results), std::move(choices.chosen)};
}

tape::Tape Probe::record(const std::vector<int>& nodes) {
    tape::Keeps keeps;
    for (const int node : nodes) keeps.insert(replay_.lineage().written_by(node));
    return tape::record(session_, input(), std::make_shared<const engine::Graph>(graph()),
                        {keeps, std::make_shared<tape::Arena>()});
}

namespace {

/// One pass over `ids`; a result at every position of `outputs`.
void run_plain(llama_context* context, const Tokens& ids, const std::vector<int>& outputs, bool every_row,
               bool encode) {
    llama_batch batch = llama_batch_init(static_cast<int>(ids.size()), 0, 1);
    batch.n_tokens = static_cast<int>(ids.size());
    for (int i = 0; i < batch.n_tokens; ++i) {
        batch.token[i] = ids[static_cast<std::size_t>(i)];
        batch.pos[i] = i;
        batch.n_seq_id[i] = 1;
        batch.seq_id[i][0] = 0;
        batch.logits[i] = every_row || std::count(outputs.begin(), outputs.end(), i) > 0 ? 1 : 0;
    }
    const int status = encode ? llama_encode(context, batch) : llama_decode(context, batch);
    llama_batch_free(batch);
    if (status != 0) throw std::runtime_error("plain pass: llama.cpp failed");
}

}  // namespace

std::vector<float> plain_results(const std::string& path, const engine::PassInput& input, bool logits) {
    llama_model_params model_params = llama_model_default_params();
    model_params.n_gpu_layers = 0;
    model_params.use_extra_bufts = false;
    const std::unique_ptr<llama_model, decltype(&llama_model_free)> model(
        llama_model_load_from_file(path.c_str(), model_params), &llama_model_free);
    llama_context_params params = llama_context_default_params();
    params.n_ctx = params.n_batch = params.n_ubatch = static_cast<std::uint32_t>(input.ids.size());
    params.n_threads = params.n_threads_batch = 1;
    params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
    params.type_k = params.type_v = GGML_TYPE_F32;
    params.swa_full = true;
    params.embeddings = !logits;
    params.pooling_type = LLAMA_POOLING_TYPE_NONE;
    const std::unique_ptr<llama_context, decltype(&llama_free)> context(
        llama_init_from_model(model.get(), params), &llama_free);
    if (!input.source.empty()) run_plain(context.get(), input.source, {}, true, true);
    char architecture[64] = {};
    llama_model_meta_val_str(model.get(), "general.architecture", architecture, sizeof architecture);
    run_plain(context.get(), input.ids, input.outputs, !logits || std::string(architecture) == "cogvlm",
              false);
    const int width = logits ? llama_vocab_n_tokens(llama_model_get_vocab(model.get()))
                             : llama_model_n_embd_out(model.get());
    std::vector<float> results;
    for (const int position : input.outputs) {
        const float* row = logits ? llama_get_logits_ith(context.get(), position)
                                  : llama_get_embeddings_ith(context.get(), position);
        results.insert(results.end(), row, row + width);
    }
    return results;
}

}  // namespace llmx::test

#include "explain/lens.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <llmx/error.hpp>
#include <numeric>

#include "engine/pass/output_head.hpp"
#include "objective/objective.hpp"
#include "replay/hidden.hpp"
#include "text/utf8.hpp"

namespace llmx {

namespace {

/// Final norm and head, as the pass has them that computes the answer's last rows.
engine::OutputHead head_of(const replay::Replay& replay, int threads) {
    const engine::Graph& graph = replay.graph();
    const engine::SubPass& pass = graph.passes.back();
    int last = -1;
    for (const auto& [block, nodes] : replay::residual_stream(graph)) {
        for (const int id : nodes) {
            if (&graph.pass_of(graph.at(id).order) == &pass) last = id;  // blocks ascend
        }
    }
    if (last < 0) {
        throw Error(ErrorCode::unsupported,
                    "logit lens: this architecture's graph does not name its residual stream (l_out)");
    }
    return {graph, last, pass.result, replay.result_scale(), threads};
}

/// The rows of a block that predict the answer, or nothing where it has none of them (an encoder's).
Tensor rows_of(const HiddenState& state, int first, int count) {
    const std::int64_t width = state.values.shape.back();
    const std::int64_t at = first - state.first_position;
    if (at < 0 || at + count > state.values.shape[0]) return {};
    const auto begin = state.values.values.begin() + at * width;
    return {{count, width}, {begin, begin + count * width}};
}

class Table {
public:
    Table(int top, const Tokens& answer) : answer_(answer) { lens.top = top; }

    void add(std::span<const float> logits, std::size_t t) {
        std::vector<Token> ids(logits.size());
        std::iota(ids.begin(), ids.end(), 0);
        const auto more = [&](Token a, Token b) {
            const float of_a = logits[static_cast<std::size_t>(a)];
            const float of_b = logits[static_cast<std::size_t>(b)];
            return of_a > of_b || (of_a == of_b && a < b);
        };
        std::partial_sort(ids.begin(), ids.begin() + lens.top, ids.end(), more);
        const double normaliser = objective::log_sum_exp(logits);
        const auto probability = [&](Token id) {
            return static_cast<float>(std::exp(logits[static_cast<std::size_t>(id)] - normaliser));
        };
        for (int k = 0; k < lens.top; ++k) {
            lens.ids.push_back(ids[static_cast<std::size_t>(k)]);
            lens.probabilities.values.push_back(probability(lens.ids.back()));
        }
        const Token own = answer_[t];
        lens.answer_probabilities.values.push_back(probability(own));
        const auto before = std::count_if(ids.begin(), ids.end(), [&](Token id) { return more(id, own); });
        lens.answer_ranks.push_back(static_cast<int>(before) + 1);
    }

    LogitLens lens;

private:
    const Tokens& answer_;
};

}  // namespace

LogitLens logit_lens(const Request& request, const Model& model, const Subject& subject,
                     const replay::Replay& replay, const std::vector<HiddenState>& hidden) {
    const engine::OutputHead head = head_of(replay, model.threads());
    const Tokens& answer = request.output.ids;
    const bool has_source = !subject.input.source.empty();
    const int first = has_source ? subject.prompt : subject.prompt - 1;
    Table table(std::min(request.views.logit_lens, model.facts().vocabulary), answer);
    for (std::size_t b = 0; b < hidden.size(); ++b) {
        const Tensor rows = rows_of(hidden[b], first, subject.text);
        if (rows.empty()) continue;
        head.run(rows, [&](std::int64_t row, std::span<const float> logits) {
            table.add(logits, static_cast<std::size_t>(row));
        });
        table.lens.blocks.push_back(hidden[b].block);
        const double done = static_cast<double>(b + 1) / static_cast<double>(hidden.size());
        if (request.progress && !request.progress("logit_lens", done))
            throw Error(ErrorCode::cancelled, "logit lens: cancelled");
    }
    LogitLens lens = std::move(table.lens);
    const auto blocks = static_cast<std::int64_t>(lens.blocks.size());
    lens.probabilities.shape = {blocks, subject.text, lens.top};
    lens.answer_probabilities.shape = {blocks, subject.text};
    for (const Token id : lens.ids) {
        if (!lens.text.contains(id)) lens.text[id] = utf8::replace_invalid(model.token_bytes(id));
    }
    return lens;
}

}  // namespace llmx

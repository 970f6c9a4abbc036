// explain(Request) -> Explanation: the one composition of all stages.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <llmx/error.hpp>
#include <llmx/version.hpp>
#include <numeric>

#include "core/memory.hpp"
#include "core/utf8.hpp"
#include "engine/requirements.hpp"
#include "explain/check.hpp"
#include "gemm/gemm.hpp"
#include "method/attention.hpp"
#include "method/hidden.hpp"
#include "method/saliency.hpp"

namespace llmx {

struct Explainer::Memory {
    std::shared_ptr<tape::Arena> arena = std::make_shared<tape::Arena>();
};

namespace {

class Clock {
public:
    explicit Clock(Explanation& result) : result_(result) {}
    /// Notes the time since the last call as that of a stage.
    void note(const char* stage) {
        const auto now = std::chrono::steady_clock::now();
        result_.timings.emplace_back(stage, std::chrono::duration<double>(now - last_).count());
        last_ = now;
    }

private:
    Explanation& result_;
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

Tokens joined(const Tokens& a, const Tokens& b) {
    Tokens both = a;
    both.insert(both.end(), b.begin(), b.end());
    return both;
}

/// Positions that predict `count` tokens after a prompt.
std::vector<int> predicting(std::size_t prompt, std::size_t count) {
    std::vector<int> positions(count);
    std::iota(positions.begin(), positions.end(), static_cast<int>(prompt) - 1);
    return positions;
}

void describe_texts(const Request& request, const Model& model, Explanation& result) {
    const auto decode = [&](const Tokens& ids, std::vector<std::string>& texts) {
        for (const Token id : ids) {
            const std::string bytes = model.token_bytes(id);
            const auto index = static_cast<int>(result.prompt.size() + result.decode_output.size());
            if (!utf8::is_valid(bytes)) result.partial_tokens.push_back(index);
            texts.push_back(utf8::replace_invalid(bytes));
        }
    };
    decode(request.input_ids, result.prompt);
    decode(request.output.ids, result.decode_output);
    result.task = request.task;
    result.objective = request.objective;
    result.prompt_ids = request.input_ids;
    result.answer_ids = request.output.ids;
    result.label_ids = request.labels;
    result.prompt_text = utf8::replace_invalid(model.detokenize(request.input_ids));
    result.prediction = utf8::replace_invalid(model.detokenize(request.output.ids));
    result.answer_text = utf8::replace_invalid(model.detokenize(request.output.ids, false));
    result.label_text = utf8::replace_invalid(model.detokenize(request.labels, false));
}

double objective_value(const method::Replay& replay, const objective::Terms& terms) {
    double value = 0;
    for (const auto& term : terms) {
        value += term.weight * objective::log_probability(replay.logits(term.output), term.token);
    }
    return value;
}

void attribute_per_token(const Request& request, const method::Gradient& gradient, method::Replay& replay,
                         const objective::Terms& terms, vjp::Weights& weights, int threads,
                         Explanation& result) {
    const Tensor embeddings = engine::embedding_rows(replay.graph(), replay.ids());
    const auto tokens = static_cast<std::int64_t>(replay.ids().size());
    const Tensor empty{{static_cast<std::int64_t>(terms.size()), tokens},
                       std::vector<float>(terms.size() * tokens)};
    const std::string of = request.objective == Objective::teacher ? "log-probability of each label token"
                                                                   : "log-probability of each answer token";
    Attribution saliency{"saliency", of, false, {{"norm", "l2"}}, empty};
    Attribution product{"input_x_gradient", of, true, {}, empty};
    gradient.per_term(
        replay, terms, weights, threads,
        [&](std::size_t i, const View<const float>& g) {
            method::saliency_l2(g, saliency.scores.row(i));
            method::input_x_gradient(g, embeddings, product.scores.row(i));
        },
        [&](double done) { return !request.progress || request.progress("gradient", done); });
    result.attributions.push_back(std::move(saliency));
    result.attributions.push_back(std::move(product));
}

/// A session that holds the prompt with the longest text that is replayed after it.
engine::Session make_session(const Request& request, const Model& model, bool teacher) {
    const std::size_t longest = std::max(request.output.ids.size(), teacher ? request.labels.size() : 0);
    engine::Session session(model, {.tokens = static_cast<int>(request.input_ids.size() + longest),
                                    .outputs = static_cast<int>(longest)});
    if (request.progress) {
        session.set_progress([&request](double done) { return request.progress("replay", done); });
    }
    return session;
}

method::Replay make_replay(const Request& request, const Tokens& text, engine::Session& session,
                           const std::shared_ptr<tape::Arena>& arena) {
    return {session,
            {.ids = joined(request.input_ids, text),
             .outputs = predicting(request.input_ids.size(), text.size())},
            arena};
}

method::AttentionOptions attention_options(const Request& request, const Model& model) {
    return {request.layer_names,    request.is_input,           request.strict,
            request.keep_attention, request.all_attention_rows, model.threads()};
}

/// Everything that needs reverse passes over one replay.
void explain_gradient(const Request& request, const method::Gradient& gradient, method::Replay& replay,
                      const objective::Terms& terms, int threads, Explanation& result) {
    // A single reverse pass uses each weight once: only more of them are worth keeping converted weights.
    vjp::Weights weights(request.per_token ? request.memory_budget : 0,
                         request.products == Products::bfloat16);
    const auto whole = gradient.whole(replay, terms, weights, threads);
    const Tensor embeddings = engine::embedding_rows(replay.graph(), replay.ids());
    result.gradient = method::gradient_result(whole, embeddings, replay.ids(), request.input_shape);
    if (gradient.sites().residual.empty()) {
        result.warnings.push_back(
            "block_gradient_x_input: this architecture's graph does not name its residual "
            "stream (l_out); left empty");
    }
    if (!request.per_token) return;
    const Objective each =
        request.objective == Objective::teacher ? Objective::teacher : Objective::generated;
    attribute_per_token(request, gradient, replay, objective::terms(each, request.output.ids, request.labels),
                        weights, threads, result);
}

}  // namespace

Explainer::Explainer(Model model, std::vector<Method> methods)
    : model_(std::move(model)), methods_(std::move(methods)), memory_(std::make_unique<Memory>()) {
    if (methods_.empty()) throw Error(ErrorCode::usage, "methods: none given; known: attention, gradient");
}
Explainer::~Explainer() = default;
Explainer::Explainer(Explainer&&) noexcept = default;
Explainer& Explainer::operator=(Explainer&&) noexcept = default;

Explanation Explainer::compute(const Request& given) {
    const Request request = checked(given, model_, methods_);
    const auto uses = [&](Method m) {
        return std::find(methods_.begin(), methods_.end(), m) != methods_.end();
    };
    const Tokens& answer = request.output.ids;
    const auto prompt = static_cast<int>(request.input_ids.size());
    const bool teacher = request.objective == Objective::teacher && uses(Method::gradient);
    const objective::Terms terms = objective::terms(request.objective, answer, request.labels);
    Explanation result;
    describe_texts(request, model_, result);
    const std::string warning = engine::context_warning(model_, prompt + static_cast<int>(answer.size()));
    if (!warning.empty()) result.warnings.push_back(warning);
    Clock clock(result);

    engine::Session session = make_session(request, model_, teacher);
    method::Replay replay = make_replay(request, answer, session, memory_->arena);
    std::optional<method::Attention> attention;
    std::optional<method::Gradient> gradient;
    std::optional<method::Hidden> hidden;
    std::vector<method::Need> needs;
    const auto add = [&](const std::vector<method::Need>& more) {
        needs.insert(needs.end(), more.begin(), more.end());
    };
    if (uses(Method::attention)) {
        attention.emplace(replay, model_.modules(), model_.facts(), attention_options(request, model_),
                          prompt, static_cast<int>(answer.size()));
        add(attention->needs());
    }
    if (uses(Method::gradient) && !teacher) {
        gradient.emplace(replay.graph(), true);
        add(gradient->needs());
    }
    if (request.keep_hidden) add(hidden.emplace(replay).needs());
    replay.plan(std::move(needs), request.memory_budget, [&](const tape::Tape& tape, int first, int last) {
        if (attention) attention->read(tape, first, last);
        if (hidden) hidden->read(tape, first, last);
    });
    // Recorded in several pieces, the pass is run for all methods at once, by the gradient.
    if (!gradient || replay.pieces() == 1) replay.visit();
    clock.note("replay");

    if (gradient) explain_gradient(request, *gradient, replay, terms, model_.threads(), result);
    if (gradient) clock.note("gradient");
    if (attention) result.attention = attention->finish();
    if (attention) clock.note("attention");
    if (hidden) result.hidden = hidden->finish();
    for (const objective::Term& term : objective::terms(Objective::generated, answer, {})) {
        const double l = objective::log_probability(replay.logits(term.output), term.token);
        result.token_logprobs.push_back(static_cast<float>(l));
    }
    if (teacher) {
        method::Replay of_label = make_replay(request, request.labels, session, memory_->arena);
        const method::Gradient of_teacher(of_label.graph(), true);
        of_label.plan(of_teacher.needs(), request.memory_budget);
        explain_gradient(request, of_teacher, of_label, terms, model_.threads(), result);
        result.objective_value = objective_value(of_label, terms);
        clock.note("gradient");
    } else {
        result.objective_value = objective_value(replay, terms);
    }
    result.peak_rss = peak_rss();
    return result;
}

std::string products_backend() { return gemm::backend(); }

}  // namespace llmx

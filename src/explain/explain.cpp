// explain(Request) -> Explanation: the one composition of all stages.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <llmx/error.hpp>
#include <llmx/version.hpp>

#include "core/memory.hpp"
#include "engine/requirements.hpp"
#include "explain/check.hpp"
#include "explain/subject.hpp"
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

/// A session that holds both subjects of a request: the answer's and, with `teacher`, the label's.
engine::Session make_session(const Request& request, const Model& model, const Subject& subject,
                             bool teacher) {
    const int longer = teacher ? static_cast<int>(request.labels.size()) - subject.text : 0;
    const int more = std::max(longer, 0);
    engine::Session session(model, {.tokens = static_cast<int>(subject.input.ids.size()) + more,
                                    .outputs = static_cast<int>(subject.input.outputs.size()) + more,
                                    .source = static_cast<int>(subject.input.source.size()),
                                    .micro_batch = request.micro_batch});
    if (request.progress) {
        session.set_progress([&request](double done) { return request.progress("replay", done); });
    }
    return session;
}

/// The attention of a pass: the one that the result is about and, where weights are kept of an
/// encoder-decoder, the other two.
class Attentions {
public:
    Attentions(const Request& request, const Model& model, const Subject& subject,
               const method::Replay& replay) {
        const bool has_source = !subject.input.source.empty();
        const auto add = [&](method::AttentionKind kind, int prompt, int answer) {
            all_.emplace_back(replay, model.modules(), model.facts(),
                              method::AttentionOptions{request.layer_names, request.is_input, request.strict,
                                                       request.keep_attention, request.all_attention_rows,
                                                       model.threads(), kind},
                              prompt, answer);
        };
        add(has_source ? method::AttentionKind::cross : method::AttentionKind::self, subject.prompt,
            subject.text);
        if (!has_source || !request.keep_attention) return;
        add(method::AttentionKind::encoder, subject.prompt, 0);
        add(method::AttentionKind::self, subject.text, 0);
    }

    [[nodiscard]] std::vector<method::Need> needs() const {
        std::vector<method::Need> needs;
        for (const auto& attention : all_) {
            const auto more = attention.needs();
            needs.insert(needs.end(), more.begin(), more.end());
        }
        return needs;
    }
    void read(const tape::Tape& tape, int first, int last) {
        for (auto& attention : all_) attention.read(tape, first, last);
    }
    [[nodiscard]] AttentionResult finish() {
        AttentionResult result = all_[0].finish();
        if (all_.size() == 1) return result;
        result.cross_weights = std::move(result.weights);
        result.weights.clear();
        result.encoder_weights = all_[1].finish().weights;
        result.decoder_weights = all_[2].finish().weights;
        return result;
    }

private:
    std::deque<method::Attention> all_;
};

Tensor rows_between(const Tensor& matrix, int first, int last) {
    const std::int64_t columns = matrix.shape.back();
    return {{last - first, columns},
            {matrix.values.begin() + first * columns, matrix.values.begin() + last * columns}};
}

/// Everything that needs reverse passes over one replay.
void explain_gradient(const Request& request, const Subject& subject, const method::Gradient& gradient,
                      method::Replay& replay, int threads, Explanation& result) {
    // A single reverse pass uses each weight once: only more of them are worth keeping converted weights.
    vjp::Weights weights(request.per_token ? request.memory_budget : 0,
                         request.products == Products::bfloat16);
    const auto whole = subject.seed ? gradient.whole(replay, subject.seed, weights, threads)
                                    : gradient.whole(replay, subject.terms, weights, threads);
    const Tensor embeddings = engine::embedding_rows(replay.graph(), replay.ids());
    result.gradient = method::gradient_result(whole, embeddings, replay.ids(), subject.prompt);
    if (!subject.input.source.empty()) {
        const int rows = subject.prompt + subject.text;
        result.gradient->decoder_gradient = rows_between(whole.embedding, subject.prompt, rows);
        result.gradient->decoder_input_embeddings = rows_between(embeddings, subject.prompt, rows);
    }
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
    const bool teacher = request.objective == Objective::teacher && uses(Method::gradient) &&
                         model_.facts().kind != ModelKind::encoder;
    Explanation result;
    result.objective = request.objective;
    Clock clock(result);
    Subject subject;
    if (model_.facts().kind == ModelKind::encoder) {
        const task::Extraction extraction = task::extract(model_, request);
        subject = found(request, model_, extraction);
        describe(extraction, model_, result);
        clock.note("windows");
    } else {
        subject = written(request, model_, request.output.ids);
        describe(request, model_, result);
        if (model_.facts().kind == ModelKind::decoder) {
            std::string warning = engine::context_warning(model_, subject.prompt + subject.text);
            if (!warning.empty()) result.warnings.push_back(std::move(warning));
        }
    }

    engine::Session session = make_session(request, model_, subject, teacher);
    method::Replay replay(session, subject.input, memory_->arena);
    std::optional<Attentions> attention;
    std::optional<method::Gradient> gradient;
    std::optional<method::Hidden> hidden;
    std::vector<method::Need> needs;
    const auto add = [&](const std::vector<method::Need>& more) {
        needs.insert(needs.end(), more.begin(), more.end());
    };
    if (uses(Method::attention)) {
        attention.emplace(request, model_, subject, replay);
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

    if (gradient) explain_gradient(request, subject, *gradient, replay, model_.threads(), result);
    if (gradient) clock.note("gradient");
    if (attention) result.attention = attention->finish();
    if (attention) clock.note("attention");
    if (hidden) result.hidden = hidden->finish();
    for (std::size_t t = 0; t < request.output.ids.size(); ++t) {
        const double l =
            objective::log_probability(replay.logits(static_cast<int>(t)), request.output.ids[t]);
        result.token_logprobs.push_back(static_cast<float>(l));
    }
    if (teacher) {
        const Subject label = written(request, model_, request.labels);
        method::Replay of_label(session, label.input, memory_->arena);
        const method::Gradient of_teacher(of_label.graph(), true);
        of_label.plan(of_teacher.needs(), request.memory_budget);
        explain_gradient(request, label, of_teacher, of_label, model_.threads(), result);
        result.objective_value = label.value(of_label.results());
        clock.note("gradient");
    } else {
        result.objective_value = subject.value(replay.results());
    }
    result.peak_rss = peak_rss();
    return result;
}

std::string products_backend() { return gemm::backend(); }

}  // namespace llmx

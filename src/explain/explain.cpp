// explain(Request) -> Explanation: the one composition of all stages.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <llmx/error.hpp>
#include <llmx/version.hpp>

#include "core/memory.hpp"
#include "engine/model/requirements.hpp"
#include "explain/attributions.hpp"
#include "explain/check.hpp"
#include "explain/faithful.hpp"
#include "explain/lens.hpp"
#include "explain/readers.hpp"
#include "explain/subject.hpp"
#include "gemm/gemm.hpp"
#include "original/saliency.hpp"

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

/// A session that holds every text of a request: the answer's and, with `teacher`, the label's, and that of a
/// contrast.
engine::Session make_session(const Request& request, const Model& model, const Subject& subject,
                             bool teacher) {
    const std::size_t longest = std::max(teacher ? request.labels.size() : 0, request.target.contrast.size());
    const int more = std::max(static_cast<int>(longest) - subject.text, 0);
    engine::Session session(model, {.tokens = static_cast<int>(subject.input.ids.size()) + more,
                                    .outputs = static_cast<int>(subject.input.outputs.size()) + more,
                                    .source = static_cast<int>(subject.input.source.size()),
                                    .micro_batch = request.micro_batch});
    if (request.progress) {
        session.set_progress([&request](double done) { return request.progress("replay", done); });
    }
    return session;
}

Tensor rows_between(const Tensor& matrix, int first, int last) {
    const std::int64_t columns = matrix.shape.back();
    return {{last - first, columns},
            {matrix.values.begin() + first * columns, matrix.values.begin() + last * columns}};
}

/// Everything that needs reverse passes over one replay.
void explain_gradient(const Request& request, const Subject& subject, const method::Gradient& gradient,
                      method::Replay& replay, int threads, Explanation& result) {
    // A single reverse pass uses each weight once: converted ones are not worth keeping.
    vjp::Weights weights(0, request.products == Products::bfloat16);
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
            "block_gradient_x_input: this architecture's graph does not name one residual "
            "stream (l_out); left empty");
    }
}

/// What is explained: an encoder's span in the window that it was found in, or the answer that was written.
Subject subject_of(const Request& request, const Model& model, Clock& clock, Explanation& result) {
    if (model.facts().kind == ModelKind::encoder) {
        const task::Extraction extraction = task::extract(model, request);
        describe(extraction, model, result);
        clock.note("windows");
        return found(request, model, extraction);
    }
    describe(request, model, result);
    Subject subject = written(request, model, request.output.ids);
    if (model.facts().kind == ModelKind::decoder) {
        std::string warning = engine::context_warning(model, subject.prompt + subject.text);
        if (!warning.empty()) result.warnings.push_back(std::move(warning));
    }
    return subject;
}

/// The gradient of the label in the answer's place, by a replay of its own. Returns the objective's value.
double explain_label(const Request& request, const Model& model, engine::Session& session,
                     const std::shared_ptr<tape::Arena>& arena, Explanation& result) {
    const Subject label = written(request, model, request.labels);
    method::Replay replay(session, label.input, arena);
    const method::Gradient gradient(replay.graph(), true);
    replay.plan(gradient.needs(), request.memory_budget);
    explain_gradient(request, label, gradient, replay, model.threads(), result);
    return label.value(replay.results());
}

/// The methods of the registry, one after another, of the label with `teacher`, else of what was found; then
/// the faithfulness of all maps.
void explain_further(const Request& request, const Model& model, const Subject& subject, bool teacher,
                     engine::Session& session, const std::shared_ptr<tape::Arena>& arena,
                     const std::vector<Attributor>& attributors, Clock& clock, Explanation& result) {
    const Tokens& tokens = teacher ? request.labels : request.output.ids;
    const Subject label = teacher ? written(request, model, tokens) : subject;
    Explained explained(request, model, label, tokens, session, arena);
    for (const Attributor& attributor : attributors) {
        result.attributions.push_back(explained.run(attributor, result.warnings));
        clock.note(result.attributions.back().method.c_str());
    }
    if (!request.check) return;
    measure_faithfulness(request, model, explained, result);
    clock.note("faithfulness");
}

bool uses(const std::vector<Method>& methods, std::string_view name) {
    return std::any_of(methods.begin(), methods.end(), [&](const Method& m) { return m.name == name; });
}

}  // namespace

Explainer::Explainer(Model model, std::vector<Method> methods)
    : model_(std::move(model)), methods_(std::move(methods)), memory_(std::make_unique<Memory>()) {
    if (methods_.empty()) throw Error(ErrorCode::usage, "methods: none given; expected at least one");
    attributors_of(methods_);
}
Explainer::~Explainer() = default;
Explainer::Explainer(Explainer&&) noexcept = default;
Explainer& Explainer::operator=(Explainer&&) noexcept = default;

Explanation Explainer::compute(const Request& given) {
    const Request request = checked(given, model_, methods_);
    const bool attention = uses(methods_, "attention");
    const bool gradient = uses(methods_, "gradient");
    const std::vector<Attributor> attributors = attributors_of(methods_);
    const bool teacher = request.objective == Objective::teacher && model_.facts().kind != ModelKind::encoder;
    Explanation result;
    result.objective = request.objective;
    Clock clock(result);
    const Subject subject = subject_of(request, model_, clock, result);

    engine::Session session = make_session(request, model_, subject, teacher);
    method::Replay replay(session, subject.input, memory_->arena);
    Readers readers(request, model_, subject, replay, {attention, gradient && !teacher});
    readers.plan(replay, request.memory_budget);
    // Recorded in several pieces, the pass is run for all methods at once, by the gradient.
    if (!readers.gradient || replay.pieces() == 1) replay.visit();
    clock.note("replay");
    if (readers.gradient) {
        explain_gradient(request, subject, *readers.gradient, replay, model_.threads(), result);
        clock.note("gradient");
    }
    readers.finish(request, result);
    if (attention || request.views.any()) clock.note("attention");
    if (request.views.logit_lens > 0) {
        result.views->logit_lens = logit_lens(request, model_, subject, replay, result.hidden);
        clock.note("logit_lens");
    }
    if (!request.keep_hidden) result.hidden.clear();
    for (std::size_t t = 0; t < request.output.ids.size(); ++t) {
        const double l =
            objective::log_probability(replay.logits(static_cast<int>(t)), request.output.ids[t]);
        result.token_logprobs.push_back(static_cast<float>(l));
    }
    const bool of_label = teacher && gradient;
    result.objective_value = of_label ? explain_label(request, model_, session, memory_->arena, result)
                                      : subject.value(replay.results());
    if (of_label) clock.note("gradient");
    if (!attributors.empty() || request.check) {
        explain_further(request, model_, subject, teacher, session, memory_->arena, attributors, clock,
                        result);
    }
    result.peak_rss = peak_rss();
    return result;
}

std::string products_backend() { return gemm::backend(); }

}  // namespace llmx

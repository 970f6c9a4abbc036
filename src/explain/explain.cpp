// explain(Request) -> Explanation: the one composition of all stages.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <llmx/error.hpp>
#include <llmx/version.hpp>
#include <numeric>

#include "core/memory.hpp"
#include "engine/model/requirements.hpp"
#include "explain/attributions.hpp"
#include "explain/check.hpp"
#include "explain/estimate.hpp"
#include "explain/faithful.hpp"
#include "explain/lens.hpp"
#include "explain/readers.hpp"
#include "explain/replacements.hpp"
#include "explain/sensitive.hpp"
#include "explain/subject.hpp"
#include "explain/units.hpp"
#include "explain/why.hpp"
#include "gemm/gemm.hpp"
#include "replay/budget.hpp"

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

/// By how many tokens replacements of units may lengthen a text.
int growth_of(const Request& request, const Model& model, const Subject& subject, bool teacher) {
    if (request.replacements.empty()) return 0;
    const Subject explained = teacher ? replay_of_text(request, model, request.labels) : subject;
    const std::vector<Unit> units =
        unit::split(unit_text(model, explained, sources_of(request, explained)), request.units);
    return static_cast<int>(growth(replacements_for(request, model, units), units));
}

/// A session that holds every text of a request: the answer's and, with `teacher`, the label's, and that of a
/// contrast.
engine::Session make_session(const Request& request, const Model& model, const Subject& subject,
                             bool teacher) {
    std::size_t longest = teacher ? request.labels.size() : 0;
    if (!request.target.contrast.empty()) {
        const Tokens& explained = teacher ? request.labels : request.output.ids;
        longest = std::max(longest, contrast_text(request.target, model, explained).size());
    }
    const int grown = growth_of(request, model, subject, teacher);
    const int more = std::max(static_cast<int>(longest) - subject.text, 0) + grown;
    const auto source = static_cast<int>(subject.input.source.size());
    engine::Session session(model, {.tokens = static_cast<int>(subject.input.ids.size()) + more,
                                    .outputs = static_cast<int>(subject.input.outputs.size()) + more,
                                    .source = source > 0 ? source + grown : 0,
                                    .micro_batch = request.micro_batch});
    if (request.progress) {
        session.set_progress([&request](double done) { return request.progress("replay", done); });
    }
    return session;
}

/// What is explained: an encoder's span in the window that it was found in, or the answer that was written.
Subject subject_of(const Request& request, const Model& model, Clock& clock, Explanation& result) {
    if (model.facts().kind == ModelKind::encoder) {
        const task::Extraction extraction = task::extract(model, request);
        describe(extraction, model, result);
        clock.note("windows");
        return replay_of_span(request, model, extraction);
    }
    describe(request, model, result);
    Subject subject = replay_of_text(request, model, request.output.ids);
    if (model.facts().kind == ModelKind::decoder) {
        std::string warning = engine::context_warning(model, subject.prompt + subject.text);
        if (!warning.empty()) result.warnings.push_back(std::move(warning));
    }
    return subject;
}

std::vector<method::BoundMethod> bound(const std::vector<Method>& methods) {
    std::vector<method::BoundMethod> all;
    all.reserve(methods.size());
    for (const Method& method : methods) all.push_back(method::bind(method));
    return all;
}

/// Nothing for no tokens, and for an answer so improbable that it is no number.
std::optional<double> perplexity(const std::vector<float>& logprobs) {
    const double sum = std::accumulate(logprobs.begin(), logprobs.end(), 0.0);
    const double value = std::exp(-sum / static_cast<double>(logprobs.size()));
    return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

/// One request under way: its texts, their passes, and what has been found.
class Computation {
public:
    /// Chooses the request's memory budget.
    Computation(Request& request, const Model& model, const std::vector<method::BoundMethod>& methods,
                std::shared_ptr<tape::Arena> arena, Explanation& result)
        : request_(request),
          model_(model),
          arena_(std::move(arena)),
          result_(result),
          clock_(result),
          teacher_(request.objective == Objective::teacher && model.facts().kind != ModelKind::encoder),
          subject_(subject_of(request, model, clock_, result)),
          session_(make_session(request, model, subject_, teacher_)),
          answer_(text_of(subject_)) {
        for (const method::BoundMethod& method : methods) {
            const method::Definition& definition = *method.definition;
            if (definition.read == nullptr) {
                scoring_.push_back(method);
            } else {
                (definition.of_objective ? of_objective_ : reading_).push_back(&definition);
            }
        }
        explained_ = teacher_ && (scores_units() || request_.why.asked || !of_objective_.empty())
                         ? text_of(replay_of_text(request, model, request.labels))
                         : answer_;
        choose_budget();
    }

    void run() {
        read_answer();
        result_.objective_value =
            teacher_ && !of_objective_.empty() ? read_label() : subject_.value(answer_.replay->results());
        if (scores_units()) score_units();
        if (request_.why.asked) find_sources();
        result_.peak_rss = peak_rss();
        warn_of_memory();
    }

private:
    [[nodiscard]] bool scores_units() const {
        return !scoring_.empty() || request_.check || !request_.rationale.empty();
    }

    void find_sources() {
        const Tokens& tokens = teacher_ ? request_.labels : request_.output.ids;
        result_.why =
            find_why(request_, model_, explained_.subject, tokens, session_, arena_, explained_.replay);
        clock_.note("why");
    }

    void choose_budget() {
        const engine::Graph& graph = answer_.replay->graph();
        wanted_ = request_.memory_budget ? *request_.memory_budget
                                         : replay::automatic_budget(graph, model_.facts().bytes);
        const std::size_t least = std::min(wanted_, replay::largest_need(graph));
        request_.memory_budget = std::max(least, fitting_budget(wanted_, free_));
    }

    void warn_of_memory() {
        const bool in_pieces = answer_.replay->pieces() > 1 || explained_.replay->pieces() > 1;
        if (*request_.memory_budget >= wanted_ || !in_pieces) return;
        result_.warnings.push_back(fmt::format(
            "memory: {:.1f} GB were free, so values were recorded {:.1f} GB at a time instead of {:.1f} GB; "
            "it is faster with more free memory",
            static_cast<double>(free_) / 1e9, static_cast<double>(*request_.memory_budget) / 1e9,
            static_cast<double>(wanted_) / 1e9));
    }

    Text text_of(Subject subject) {
        auto replay = std::make_shared<replay::Replay>(session_, subject.input, arena_);
        return {std::move(subject), std::move(replay)};
    }

    /// Has the explained text's pass keep what the methods will read that score units.
    void expect() const { expect_reads(scoring_, request_, explained_.subject, *explained_.replay); }

    /// Runs the answer's pass, once for all that read it.
    void read_answer() {
        replay::Replay& replay = *answer_.replay;
        Readers readers(request_, model_, answer_);
        for (const method::Definition* definition : reading_) readers.add(*definition);
        for (const method::Definition* definition : of_objective_) {
            if (!teacher_) readers.add(*definition);
        }
        readers.add_records();
        readers.plan();
        if (explained_.replay == answer_.replay) expect();
        require_memory(request_, replay, available_memory());
        // Recorded in several pieces, the pass is run for all readers at once, by the reverse pass.
        if (!readers.any_of_objective() || replay.pieces() == 1) replay.visit();
        clock_.note("replay");
        if (readers.any_of_objective()) {
            readers.finish_objective(result_);
            clock_.note("gradient");
        }
        const RecordChoice& views = request_.views;
        if (views.any()) result_.views.emplace().budget = views.budget;
        readers.finish(result_);
        if (!reading_.empty() || views.any()) clock_.note("attention");
        if (views.logit_lens > 0) {
            result_.views->logit_lens = logit_lens(request_, model_, subject_, replay, result_.hidden);
            clock_.note("logit_lens");
        }
        if (!request_.keep_hidden) result_.hidden.clear();
        for (std::size_t t = 0; t < request_.output.ids.size(); ++t) {
            const auto logits = replay.logits(static_cast<int>(t));
            const double l = objective::log_probability(logits, request_.output.ids[t]);
            result_.token_logprobs.push_back(static_cast<float>(l));
        }
        result_.perplexity = perplexity(result_.token_logprobs);
    }

    /// The objective's methods, of the label in the answer's place. Returns the objective's value.
    double read_label() {
        Readers readers(request_, model_, explained_);
        for (const method::Definition* definition : of_objective_) readers.add(*definition);
        readers.plan();
        expect();
        require_memory(request_, *explained_.replay, available_memory());
        readers.finish_objective(result_);
        clock_.note("gradient");
        return explained_.subject.value(explained_.replay->results());
    }

    /// The methods that score units, one after another; then the plausibility and faithfulness of all maps.
    void score_units() {
        const Tokens& tokens = teacher_ ? request_.labels : request_.output.ids;
        expect();
        AttributionRun explained(request_, model_, explained_.subject, tokens, session_, arena_,
                                 explained_.replay);
        explained.run(scoring_, result_.warnings, [&](Attribution&& found) {
            result_.attributions.push_back(std::move(found));
            clock_.note(result_.attributions.back().method.c_str());
        });
        measure_plausibility(request_, explained, result_);
        if (!request_.check) return;
        measure_faithfulness(request_, model_, explained, result_);
        measure_sensitivity(request_, scoring_, explained, result_);
        clock_.note("faithfulness");
    }

    Request& request_;
    const Model& model_;
    std::shared_ptr<tape::Arena> arena_;
    Explanation& result_;
    Clock clock_;
    bool teacher_;  ///< the label is explained in the answer's place
    Subject subject_;
    engine::Session session_;
    std::vector<const method::Definition*> reading_, of_objective_;
    std::vector<method::BoundMethod> scoring_;
    Text answer_, explained_;
    std::uint64_t free_ = available_memory();
    std::size_t wanted_ = 0;  ///< the memory budget, if there were enough free
};

}  // namespace

Explainer::Explainer(Model model, std::vector<Method> methods)
    : model_(std::move(model)), methods_(std::move(methods)), memory_(std::make_unique<Memory>()) {
    bound(methods_);
}
Explainer::~Explainer() = default;
Explainer::Explainer(Explainer&&) noexcept = default;
Explainer& Explainer::operator=(Explainer&&) noexcept = default;

Explanation Explainer::compute(const Request& given) {
    if (methods_.empty() && !given.why.asked)
        throw Error(ErrorCode::usage, "methods: none given; expected at least one");
    const std::vector<method::BoundMethod> methods = bound(methods_);
    Request request = checked(given, model_, methods);
    Explanation result;
    result.model = summary(model_);
    result.objective = request.objective;
    result.products = request.matmul_precision == MatmulPrecision::bfloat16 ? "bfloat16" : "float32";
    result.warnings = request.warnings;
    Computation computation(request, model_, methods, memory_->arena, result);
    computation.run();
    return result;
}

std::string products_backend() { return gemm::backend(); }

}  // namespace llmx

#include "request/carry_out.hpp"

#include <fmt/format.h>

#include <chrono>
#include <llmx/error.hpp>
#include <optional>

#include "explain/feasible.hpp"
#include "explain/value_norms.hpp"
#include "request/automatic_methods.hpp"
#include "request/check.hpp"
#include "request/stop_texts.hpp"

namespace llmx::request {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

bool has_answer(const ExplainRequest& request) { return request.texts.answer || request.texts.answer_ids; }

void require_context(const Model& model, const ExplainRequest& asked, const Request& request) {
    const bool generates = !has_answer(asked);
    const std::size_t prompt = request.input_ids.size();
    const std::size_t answer =
        generates ? static_cast<std::size_t>(asked.writing.max_new_tokens) : request.output.ids.size();
    const int limit = request.context > 0 ? request.context : model.facts().context;
    if (limit <= 0 || prompt + answer <= static_cast<std::size_t>(limit)) return;
    throw Error(
        ErrorCode::context_overflow,
        fmt::format(
            "prompt of {} tokens and answer of {}{} make {}; {} {}; shorten them{} or allow more with "
            "`context_tokens` {}",
            prompt, generates ? "up to " : "", answer, prompt + answer,
            request.context > 0 ? "`context_tokens` allows" : "the model's context is", limit,
            generates ? ", lower `max_new_tokens`" : "", prompt + answer));
}

Generation generate(const Model& model, const Tokens& prompt, const ExplainRequest& asked,
                    Activity& activity) {
    GenerateOptions options = asked.writing;
    std::optional<Model> assistant;
    options.prompt_lookup = asked.assistant == "prompt-lookup";
    if (!asked.assistant.empty() && !options.prompt_lookup) {
        assistant =
            Model::load(asked.assistant, {.threads = asked.load.threads, .progress = activity.progress()});
        options.assistant = &*assistant;
    }
    // `context_tokens` is a bound, checked before; memory is taken only for what can be written.
    if (asked.how.context > 0) options.context = static_cast<int>(prompt.size()) + options.max_new_tokens;
    StopTexts stop(asked.stop);
    options.on_token = [&](Token, std::string_view text) {
        activity.stream(stop.add(text));
        return !stop.is_found();
    };
    options.progress = activity.progress();
    Generation answer = model.generate(prompt, options);
    activity.stream(stop.rest());
    stop.cut(answer);
    return answer;
}

}  // namespace

Model load_model(const ExplainRequest& request, Activity& activity, int randomized_blocks) {
    LoadOptions options = request.load;
    options.randomized_blocks = randomized_blocks;
    options.randomization_seed = request.writing.seed;
    options.progress = activity.progress();
    return Model::load(request.model, options);
}

Prepared prepare(const Model& model, const ExplainRequest& request, Activity& activity, double most) {
    Prepared prepared{.asked = request};
    prepared.asked.texts = completed(model, request.texts);
    RecordChoice& views = prepared.asked.how.views;
    if (views.if_any && !has_softmax_attention(model)) views.attention = views.neuron = false;
    Request how = prepared.asked.how;
    if (request.measure_faithfulness) how.check = request.check;
    how.progress = activity.progress();
    how.notice = [&activity](std::string_view sentence) { activity.notice(sentence); };
    prepared.request = llmx::prepare(model, prepared.asked.texts, std::move(how));
    if (model.facts().kind == ModelKind::decoder) require_context(model, prepared.asked, prepared.request);
    if (is_automatic(prepared.asked.methods)) {
        prepared.asked.methods = automatic_methods(model, prepared.asked, prepared.request);
        settle_methods(prepared.asked);
    }
    require_feasible(prepared.request, model, prepared.asked.methods, most);
    return prepared;
}

void write_answer(const Model& model, Prepared& prepared, Activity& activity) {
    if (model.facts().kind == ModelKind::encoder) return;
    Request& request = prepared.request;
    const auto start = Clock::now();
    if (!has_answer(prepared.asked))
        request.output = generate(model, request.input_ids, prepared.asked, activity);
    prepared.generate_s = seconds_since(start);
    if (request.output.ids.empty()) {
        throw Error(ErrorCode::input,
                    "answer: the model wrote nothing; expected another prompt, or an answer in `answer`");
    }
    activity.clear();
    activity.require_wanted();
}

Explanation explain(const Model& model, const Prepared& prepared, double load_s) {
    const auto start = Clock::now();
    Explanation result = Explainer(model, prepared.asked.methods).compute(prepared.request);
    result.timings.insert(result.timings.begin(), {{"load", load_s}, {"generate", prepared.generate_s}});
    result.timings.emplace_back("total", load_s + prepared.generate_s + seconds_since(start));
    return result;
}

Outcome carry_out(Model model, double load_s, const ExplainRequest& request, Activity& activity) {
    Prepared prepared = prepare(model, request, activity);
    write_answer(model, prepared, activity);
    Explanation explanation = explain(model, prepared, load_s);
    return {std::move(model), std::move(prepared.asked), std::move(explanation)};
}

}  // namespace llmx::request

namespace llmx {

Outcome explain(const ExplainRequest& request, Activity& activity) {
    const ExplainRequest asked = request::checked(request);
    const auto start = request::Clock::now();
    Model model = request::load_model(asked, activity);
    return request::carry_out(std::move(model), request::seconds_since(start), asked, activity);
}

Outcome explain(const ExplainRequest& request) {
    Activity silent;
    return explain(request, silent);
}

Outcome explain(Model model, const ExplainRequest& request, Activity& activity) {
    ExplainRequest asked = request;
    asked.model = model.facts().path;
    asked = request::checked(std::move(asked));
    return request::carry_out(std::move(model), 0, asked, activity);
}

}  // namespace llmx

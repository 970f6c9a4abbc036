// llmx drift: how much of an explanation survives in other copies of a model.

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <filesystem>
#include <iostream>
#include <llmx/compare.hpp>
#include <llmx/error.hpp>
#include <llmx/view.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "flags.hpp"
#include "input.hpp"
#include "numbers.hpp"
#include "output.hpp"
#include "request/carry_out.hpp"
#include "request/fields.hpp"
#include "terminal/comparison.hpp"
#include "terminal/terminal.hpp"
#include "text/utf8.hpp"

namespace llmx::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* footer = R"(Examples:
  llmx drift --model m.F32.gguf --model m.Q8_0.gguf --model m.Q2_K.gguf --user "When is the shop open?"
  llmx drift --model a.gguf --model b.gguf --prompt "Once upon a time" --answer " there was a fox" \
             --method input_x_gradient,leave_one_out --json drift.json
The first model writes the answer, unless one is given; all explain that answer.)";

struct Options {
    std::vector<std::string> models;
    request::Json given = request::Json::object();
    CompareOptions how;
    std::string json, color = "auto";
    bool quiet = false;
};

struct Explained {
    std::string path;
    Model model;
    Request request;  ///< with its answer
    Explanation result;
    Tensor logits;  ///< of the answer
};

[[noreturn]] void refuse(const Model& first, const Model& other, const std::string& how) {
    throw Error(ErrorCode::input,
                fmt::format("drift: {} and {}: {}; expected models of one kind and vocabulary",
                            first.facts().path, other.facts().path, how));
}

void require_same_kind(const Model& first, const Model& other) {
    const ModelFacts& a = first.facts();
    const ModelFacts& b = other.facts();
    if (a.kind != b.kind)
        refuse(first, other, fmt::format("{} and {}", to_string(a.kind), to_string(b.kind)));
    if (a.vocabulary != b.vocabulary)
        refuse(first, other, fmt::format("vocabularies of {} and {} tokens", a.vocabulary, b.vocabulary));
}

/// The same texts in both models' tokens, and the same tokens in both models' texts.
void require_same_tokens(const Explained& first, const Model& other, const Request& request) {
    const Request& before = first.request;
    const auto same = [&](const char* what, const Tokens& a, const Tokens& b) {
        if (a != b)
            refuse(first.model, other,
                   fmt::format("the {} becomes different tokens ({} and {})", what, a.size(), b.size()));
        for (const Token id : a) {
            if (first.model.token_bytes(id) != other.token_bytes(id))
                refuse(first.model, other, fmt::format("token {} is a different text", id));
        }
    };
    same("prompt", before.input_ids, request.input_ids);
    same("answer", before.output.ids, request.output.ids);
    same("label", before.labels, request.labels);
    same("contrast", before.target.contrast, request.target.contrast);
}

/// `first`: nothing for the first model, which writes the answer unless one was given.
Explained explained_by(const std::string& path, ExplainRequest asked, const Explained* first,
                       Activity& activity) {
    asked.model = path;
    const Model model = request::load_model(asked, activity);
    if (model.facts().kind == ModelKind::encoder) {
        throw Error(ErrorCode::unsupported,
                    "drift: an encoder finds its own answer; expected models that write one, or llmx compare "
                    "on two results");
    }
    if (first != nullptr) {
        require_same_kind(first->model, model);
        if (!asked.texts.answer && !asked.texts.answer_ids)
            asked.texts.answer_ids = first->request.output.ids;
    }
    request::Prepared prepared = request::prepare(model, asked, activity);
    request::write_answer(model, prepared, activity);
    if (first != nullptr) require_same_tokens(*first, model, prepared.request);
    Explanation result = request::explain(model, prepared);
    activity.clear();
    require_not_interrupted();
    Tensor logits = answer_logits(model, prepared.request);
    return {path, model, std::move(prepared.request), std::move(result), std::move(logits)};
}

std::string file_name(const Explained& e) {
    return utf8::replace_invalid(std::filesystem::path(e.path).filename().string());
}

Json side(const Explained& e) { return {{"path", file_name(e)}, {"type", e.model.facts().type}}; }

void print(std::ostream& out, const Explained& first, const Explained& other, const AnswerDrift& answer,
           const ExplanationComparison& found, bool color) {
    const auto name = [](const Explained& e) {
        return fmt::format("{} ({})", view::printable(file_name(e)), e.model.facts().type);
    };
    fmt::print(out, "{}{} against {}{}\n", color ? "\x1b[1m" : "", name(other), name(first),
               color ? "\x1b[0m" : "");
    fmt::print(
        out,
        "answer: log p {:.4f}, was {:.4f}; KL a token {:.5f}, at most {:.5f}; same most probable token at "
        "{:.0f} % of {} places\n",
        answer.second_logprob, answer.first_logprob, answer.mean_kl, answer.max_kl,
        100 * answer.greedy_agreement, first.result.answer_ids.size());
    for (const Comparison& c : found.comparisons) print_comparison(out, c, true, color);
    out << '\n';
}

Json json_of(const Explained& other, const AnswerDrift& answer, const ExplanationComparison& found) {
    Json json = {{"model", side(other)},
                 {"answer",
                  {{"first_logprob", answer.first_logprob},
                   {"logprob", answer.second_logprob},
                   {"mean_kl", answer.mean_kl},
                   {"max_kl", answer.max_kl},
                   {"greedy_agreement", answer.greedy_agreement}}},
                 {"comparisons", Json::array()}};
    for (const Comparison& c : found.comparisons) json["comparisons"].push_back(comparison_json(c));
    return json;
}

void run(const Options& options) {
    if (options.models.size() < 2) {
        throw Error(ErrorCode::usage,
                    fmt::format("drift: {} given; expected --model FIRST --model SECOND ...",
                                options.models.empty() ? "no model" : "one model"));
    }
    for (const std::string& path : options.models) {  // before the first has taken its time
        if (!std::filesystem::exists(path)) {
            throw Error(ErrorCode::model,
                        fmt::format("drift: `model` {}: no such file; expected a GGUF file or a Hugging Face "
                                    "directory",
                                    path));
        }
    }
    const bool color = wants_color(options.color);
    require_json_place(options.json);
    InputReader reader;
    request::Json object = options.given;
    object["model"] = options.models.front();
    const ExplainRequest asked = reader.request(std::move(object));
    if (asked.measure_faithfulness || !asked.how.rationale.empty()) {
        throw Error(
            ErrorCode::usage,
            "drift: it compares scores and does not check them; expected no `check` and no `rationale` (llmx "
            "evaluate has both, for each model)");
    }
    catch_interrupts();
    TerminalActivity activity(options.quiet || options.json == "-");
    const Explained first = explained_by(asked.model, asked, nullptr, activity);
    Json result = {{"first", side(first)},
                   {"prompt_text", first.result.prompt_text},
                   {"answer_text", first.result.answer_text},
                   {"models", Json::array()}};
    if (options.json != "-" && !options.quiet) {
        fmt::print(std::cout, "Answer ({} tokens)\n{}\n\n", first.result.answer_ids.size(),
                   view::printable(first.result.answer_text));
    }
    for (std::size_t i = 1; i < options.models.size(); ++i) {
        const Explained other = explained_by(options.models[i], asked, &first, activity);
        const AnswerDrift answer = compare_answers(first.request.output.ids, first.logits, other.logits);
        const ExplanationComparison found = compare(first.result, other.result, options.how);
        if (options.json != "-" && !options.quiet) print(std::cout, first, other, answer, found, color);
        result["models"].push_back(json_of(other, answer, found));
    }
    if (!options.json.empty()) write_json(options.json, result);
}

}  // namespace

Command add_drift(CLI::App& program) {
    CLI::App* app =
        program.add_subcommand("drift", "Show how much of an explanation other copies of a model keep");
    app->footer(footer);
    auto options = std::make_shared<Options>();
    ExplainRequest rows;
    request::Fields fields = request::fields(rows);
    std::erase_if(fields, [](const request::Field& field) { return field.key == "model"; });
    declare_flags(*app, fields, options->given);
    app->option_defaults()->group("Options");
    app->add_option("--model", options->models,
                    "Give two or more: the first is what the others are compared with")
        ->type_name("PATH")
        ->allow_extra_args(false);
    add_number(*app, "--top", options->how.top, "Units of highest score whose overlap is counted", 1);
    add_number(*app, "--differences", options->how.differences, "Units listed that differ most", 1);
    app->option_defaults()->group("Output");
    app->add_option("--json", options->json, "Write JSON to a file; -: to standard output, and only that")
        ->type_name("FILE");
    app->add_option("--color", options->color, "auto, always, never")->capture_default_str();
    app->add_flag("--quiet", options->quiet, "No text, progress or warnings; errors only");
    return {app, [options] { run(*options); }};
}

}  // namespace llmx::cli

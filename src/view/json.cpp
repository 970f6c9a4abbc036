// The result as JSON, schema llm-explainer/1.

#include <fmt/format.h>

#include <filesystem>
#include <llmx/error.hpp>
#include <llmx/version.hpp>
#include <llmx/view.hpp>
#include <nlohmann/json.hpp>

#include "text/utf8.hpp"
#include "view/json_parts.hpp"
#include "view/json_views.hpp"
#include "view/schema.hpp"

namespace llmx::view {
namespace {

Json model_facts(const Model& model) {
    const ModelFacts& facts = model.facts();
    const std::string file = std::filesystem::path(facts.path).filename().string();
    return {{"path", utf8::replace_invalid(file)},
            {"sha256_16", model.sha256_16()},
            {"name", utf8::replace_invalid(facts.name)},
            {"architecture", utf8::replace_invalid(facts.architecture)},
            {"kind", to_string(facts.kind)},
            {"parameters", facts.parameters},
            {"type", facts.type},
            {"blocks", facts.blocks},
            {"heads", facts.heads},
            {"kv_heads", facts.kv_heads},
            {"embedding", facts.embedding}};
}

/// Null where it was not measured.
Json faithfulness(const std::optional<Faithfulness>& measured, const std::string& key) {
    if (!measured) return nullptr;
    const Faithfulness& f = *measured;
    const auto beside_random = [&](const Faithfulness::Number& n, const char* name) -> Json {
        const std::string at = key + '.' + name;
        return {{"value", number(n.value, at)},
                {"random", number(n.random, at)},
                {"random_deviation", number(n.random_deviation, at)}};
    };
    const auto curve = [&](const std::vector<double>& p, const char* name) {
        Json list = Json::array();
        for (const double value : p) list.push_back(number(value, key + '.' + name));
        return list;
    };
    return {{"comprehensiveness", beside_random(f.comprehensiveness, "comprehensiveness")},
            {"sufficiency", beside_random(f.sufficiency, "sufficiency")},
            {"deletion_area", beside_random(f.deletion_area, "deletion_area")},
            {"insertion_area", beside_random(f.insertion_area, "insertion_area")},
            {"kendall_tau", f.kendall_tau ? beside_random(*f.kendall_tau, "kendall_tau") : Json(nullptr)},
            {"fractions", f.fractions},
            {"deletion", curve(f.deletion, "deletion")},
            {"insertion", curve(f.insertion, "insertion")},
            {"random_deletion", curve(f.random_deletion, "random_deletion")},
            {"random_insertion", curve(f.random_insertion, "random_insertion")},
            {"random_seeds", f.random_seeds},
            {"absence", f.absence}};
}

Json attention(const AttentionResult& result, bool raw) {
    const std::string key = "Attention.";
    Json pair = {{"attention", numbers(result.pair.attention, key + "pair_result.attention")},
                 {"attention_mean", numbers(result.pair.attention_mean, key + "pair_result.attention_mean")},
                 {"block", result.pair.block}};
    if (result.pair.faithfulness)
        pair["faithfulness"] = faithfulness(result.pair.faithfulness, key + "pair_result.faithfulness");
    Json by_block = {{"mean_group_df", nested(result.mean_group, key + "attention_result.mean_group_df")}};
    if (raw) {
        by_block["median_raw_df"] = nested(result.median_raw, key + "attention_result.median_raw_df");
    }
    by_block["blocks"] = result.blocks;
    by_block["blocks_without"] = result.blocks_without;
    return {{"pair_result", std::move(pair)},
            {"attention_result", std::move(by_block)},
            {"mean", nested(result.mean, key + "mean")}};
}

Json gradient(const GradientResult& result, bool raw) {
    Json keys = {
        {"saliency_map", numbers(result.saliency_map, "Gradient.saliency_map")},
        {"block_gradient_x_input", nested(result.block_gradient_x_input, "Gradient.block_gradient_x_input")}};
    if (result.faithfulness)
        keys["faithfulness"] = faithfulness(result.faithfulness, "Gradient.faithfulness");
    if (raw) keys["gradient"] = nested(result.gradient, "Gradient.gradient");
    if (raw && !result.decoder_gradient.empty())
        keys["decoder_gradient"] = nested(result.decoder_gradient, "Gradient.decoder_gradient");
    return keys;
}

/// [first, last + 1] of tokens in a row; "parts" besides where there are gaps.
Json unit(const Unit& u) {
    Json parts = Json::array();
    for (std::size_t i = 0; i < u.tokens.size();) {
        std::size_t end = i + 1;
        while (end < u.tokens.size() && u.tokens[end] == u.tokens[end - 1] + 1) ++end;
        parts.push_back({u.tokens[i], u.tokens[end - 1] + 1});
        i = end;
    }
    Json json = {{"text", u.text}, {"kind", u.kind}, {"tokens", {u.tokens.front(), u.tokens.back() + 1}}};
    if (parts.size() > 1) json["parts"] = std::move(parts);
    return json;
}

Json completeness(const std::vector<Completeness>& all, const std::string& key) {
    Json f_input = Json::array();
    Json f_baseline = Json::array();
    Json residual = Json::array();
    for (const Completeness& c : all) {
        f_input.push_back(number(c.f_input, key + ".f_input"));
        f_baseline.push_back(number(c.f_baseline, key + ".f_baseline"));
        residual.push_back(number(c.residual, key + ".residual"));
    }
    return {{"f_input", std::move(f_input)},
            {"f_baseline", std::move(f_baseline)},
            {"residual", std::move(residual)}};
}

/// Tokens are counted through the rows of the pass: prompt, answer; an encoder-decoder's are its source
/// and what its decoder reads, and the row of a target is the one that predicts it.
Json attribution(const Attribution& entry, std::size_t index) {
    const std::string key = fmt::format("attributions[{}]", index);
    Json units = Json::array();
    Json targets = Json::array();
    for (const Unit& u : entry.units) units.push_back(unit(u));
    for (const TargetFacts& t : entry.targets) {
        targets.push_back({{"text", t.text},
                           {"tokens", {t.tokens.first, t.tokens.second}},
                           {"value", number(t.value, key + ".targets.value")}});
    }
    Json json = {{"method", entry.method},
                 {"options", entry.options},
                 {"objective", entry.objective},
                 {"signed", entry.is_signed},
                 {"units", std::move(units)},
                 {"targets", std::move(targets)},
                 {"scores", nested(entry.scores, key + ".scores")}};
    if (!entry.standard_errors.empty())
        json["standard_errors"] = nested(entry.standard_errors, key + ".standard_errors");
    if (!entry.context_sensitivity.empty()) json["context_sensitivity"] = entry.context_sensitivity;
    json["completeness"] =
        entry.completeness.empty() ? Json(nullptr) : completeness(entry.completeness, key + ".completeness");
    json["faithfulness"] = faithfulness(entry.faithfulness, key + ".faithfulness");
    return json;
}

/// What a task has besides the keys of all.
void add_task_keys(const Explanation& result, Json& root) {
    if (result.kind == ModelKind::encoder_decoder) {
        root["source_text"] = result.prompt_text;
        root["source_ids"] = result.prompt_ids;
        root["decoder_inputs"] = result.decoder_inputs;
    }
    if (result.task == Task::generative_text_chat_assistant) root["n_matches"] = result.n_matches;
    if (!result.span) return;
    const SpanResult& span = *result.span;
    root["question"] = span.question;
    root["context"] = span.context;
    root["start_logits"] = numbers(span.start_logits, "start_logits");
    root["end_logits"] = numbers(span.end_logits, "end_logits");
    root["span"] = {{"start_token", span.start_token},
                    {"end_token", span.end_token},
                    {"start_char", span.start_char},
                    {"end_char", span.end_char},
                    {"score", number(span.score, "span.score")},
                    {"no_answer", span.no_answer},
                    {"window", span.window},
                    {"windows", span.windows}};
}

Json head(const Explanation& result, const Model& model, const JsonContext& context) {
    Json command = Json::parse(context.command_json, nullptr, /*allow_exceptions=*/false);
    if (!command.is_object()) {
        throw Error(ErrorCode::usage, "json: command_json is no JSON object; expected the request as one");
    }
    return {{"schema", schema},
            {"version", version()},
            {"command", std::move(command)},
            {"model", model_facts(model)},
            {"task", to_string(result.task)},
            {"prompt_text", result.prompt_text},
            {"answer_text", result.answer_text},
            {"label_text", result.label_text},
            {"prompt_ids", result.prompt_ids},
            {"answer_ids", result.answer_ids},
            {"label_ids", result.label_ids},
            {"token_logprobs", numbers(result.token_logprobs, "token_logprobs")},
            {"objective",
             {{"name", to_string(result.objective)},
              {"value", number(result.objective_value, "objective.value")}}},
            {"Prompt", result.prompt},
            {"Decode_output", result.decode_output},
            {"Prediction", result.prediction},
            {"partial_tokens", result.partial_tokens}};
}

}  // namespace

std::string json(const Explanation& result, const Model& model, const JsonContext& context) {
    Json root = head(result, model, context);
    add_task_keys(result, root);
    if (result.attention) root["Attention"] = attention(*result.attention, context.raw);
    if (result.gradient) root["Gradient"] = gradient(*result.gradient, context.raw);
    if (result.views) root["views"] = views(*result.views);
    root["attributions"] = Json::array();
    for (std::size_t i = 0; i < result.attributions.size(); ++i) {
        root["attributions"].push_back(attribution(result.attributions[i], i));
    }
    Json timings = Json::object();
    for (const auto& [stage, seconds] : result.timings) {
        timings[stage] = number(seconds, "timings_s." + stage);
    }
    root["timings_s"] = std::move(timings);
    root["peak_rss_bytes"] = result.peak_rss;
    root["warnings"] = result.warnings;
    try {
        return root.dump();
    } catch (const Json::type_error& e) {  // the only cause: a text that is not UTF-8
        throw Error(ErrorCode::internal, fmt::format("json: {}; expected UTF-8 everywhere", e.what()));
    }
}

}  // namespace llmx::view

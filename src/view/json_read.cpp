// The JSON result read again, schema llm-explainer/1.

#include <fmt/format.h>

#include <llmx/enums.hpp>
#include <llmx/error.hpp>
#include <llmx/view.hpp>
#include <nlohmann/json.hpp>
#include <numeric>

#include "view/json_place.hpp"
#include "view/json_views.hpp"
#include "view/schema.hpp"

namespace llmx::view {
namespace {

std::map<std::string, std::string> options(const Place& place) {
    std::map<std::string, std::string> all;
    if (!place.json().is_object()) place.refuse("an object");
    for (const auto& [name, value] : place.json().items()) all[name] = place.at(name.c_str()).text();
    return all;
}

Unit unit(const Place& place) {
    Unit u{place.at("text").text(), place.at("kind").text(), {}};
    const auto add = [&](const Place& part) {
        const auto [first, last] = range(part);
        constexpr int most = 1 << 24;  // a text's tokens at most: no file makes us fill the memory
        if (first < 0 || last <= first || last > most) part.refuse("a range of tokens");
        for (int t = first; t < last; ++t) u.tokens.push_back(t);
    };
    if (place.has("parts")) {
        for (std::size_t i = 0; i < place.at("parts").size(); ++i) add(place.at("parts").at(i));
    } else {
        add(place.at("tokens"));
    }
    return u;
}

std::vector<Completeness> completeness(const Place& place, std::size_t targets) {
    const auto f_input = doubles(place.at("f_input"));
    const auto f_baseline = doubles(place.at("f_baseline"));
    const auto residual = doubles(place.at("residual"));
    if (f_input.size() != targets || f_baseline.size() != targets || residual.size() != targets)
        place.refuse("one number a target");
    std::vector<Completeness> all;
    all.reserve(targets);
    for (std::size_t t = 0; t < targets; ++t) all.push_back({f_input[t], f_baseline[t], residual[t]});
    return all;
}

Faithfulness faithfulness(const Place& place) {
    const auto beside_random = [&](const char* name) {
        const Place p = place.at(name);
        return Faithfulness::Number{p.at("value").number(), p.at("random").number(),
                                    p.at("random_deviation").number()};
    };
    Faithfulness f{.comprehensiveness = beside_random("comprehensiveness"),
                   .sufficiency = beside_random("sufficiency"),
                   .deletion_area = beside_random("deletion_area"),
                   .insertion_area = beside_random("insertion_area"),
                   .kendall_tau = {},
                   .fractions = doubles(place.at("fractions")),
                   .deletion = doubles(place.at("deletion")),
                   .insertion = doubles(place.at("insertion")),
                   .random_deletion = doubles(place.at("random_deletion")),
                   .random_insertion = doubles(place.at("random_insertion")),
                   .random_seeds = place.at("random_seeds").whole(),
                   .absence = place.at("absence").text()};
    if (place.has("kendall_tau")) f.kendall_tau = beside_random("kendall_tau");
    return f;
}

Attribution attribution(const Place& place) {
    Attribution a{
        .method = place.at("method").text(),
        .objective = place.at("objective").text(),
        .is_signed = place.at("signed").truth(),
        .options = options(place.at("options")),
        .units = list(place.at("units"), unit),
        .targets =
            list(place.at("targets"),
                 [](const Place& t) {
                     return TargetFacts{t.at("text").text(), range(t.at("tokens")), t.at("value").number()};
                 }),
        .scores = matrix(place.at("scores"), place.at("units").size())};
    if (place.at("scores").size() != a.targets.size())
        place.at("scores").refuse(fmt::format("one row for each of {} targets", a.targets.size()));
    if (place.has("standard_errors")) {
        a.standard_errors = matrix(place.at("standard_errors"), a.units.size());
        if (a.standard_errors.shape != a.scores.shape)
            place.at("standard_errors").refuse("as many as there are scores");
    }
    if (place.has("completeness")) a.completeness = completeness(place.at("completeness"), a.targets.size());
    if (place.has("context_sensitivity")) a.context_sensitivity = doubles(place.at("context_sensitivity"));
    if (place.has("faithfulness")) a.faithfulness = faithfulness(place.at("faithfulness"));
    return a;
}

AttentionResult attention(const Place& place) {
    const Place pair = place.at("pair_result");
    const Place by_block = place.at("attention_result");
    AttentionResult result;
    result.pair.attention = floats(pair.at("attention"));
    result.pair.attention_mean = floats(pair.at("attention_mean"));
    result.pair.block = pair.at("block").whole();
    result.mean_group = matrix(by_block.at("mean_group_df"));
    result.blocks = wholes(by_block.at("blocks"));
    result.blocks_without = wholes(by_block.at("blocks_without"));
    result.mean = matrix(place.at("mean"));
    if (pair.has("faithfulness")) result.pair.faithfulness = faithfulness(pair.at("faithfulness"));
    return result;
}

ModelKind model_kind(const Place& place) {
    for (const ModelKind kind : {ModelKind::decoder, ModelKind::encoder, ModelKind::encoder_decoder}) {
        if (place.text() == to_string(kind)) return kind;
    }
    place.refuse("decoder, encoder or encoder-decoder");
}

/// What says of what kind a file is, before anything else of it is believed.
void require_schema(const Place& root) {
    if (!root.json().is_object()) root.refuse("a result of llmx explain: an object");
    if (!root.has("schema")) {
        throw Error(ErrorCode::input,
                    fmt::format("{}: has no schema; expected a result of llmx explain --json", root.path()));
    }
    const std::string found = root.at("schema").text();
    if (found != schema) {
        throw Error(ErrorCode::input,
                    fmt::format("{}: schema is \"{}\"; expected {}", root.path(), found, schema));
    }
}

SpanResult span(const Place& root) {
    const Place place = root.at("span");
    return {.question = root.at("question").text(),
            .context = root.at("context").text(),
            .start_logits = floats(root.at("start_logits")),
            .end_logits = floats(root.at("end_logits")),
            .start_token = place.at("start_token").whole(),
            .end_token = place.at("end_token").whole(),
            .start_char = place.at("start_char").whole(),
            .end_char = place.at("end_char").whole(),
            .score = place.at("score").number(),
            .no_answer = place.at("no_answer").truth(),
            .window = place.at("window").whole(),
            .windows = place.at("windows").whole()};
}

Explanation explanation(const Place& root) {
    Explanation e;
    e.task = parse_task(root.at("task").text());
    e.kind = model_kind(root.at("model").at("kind"));
    e.prompt = texts(root.at("Prompt"));
    e.decode_output = texts(root.at("Decode_output"));
    if (root.has("decoder_inputs")) e.decoder_inputs = texts(root.at("decoder_inputs"));
    e.partial_tokens = wholes(root.at("partial_tokens"));
    e.prediction = root.at("Prediction").text();
    e.prompt_text = root.at("prompt_text").text();
    e.answer_text = root.at("answer_text").text();
    e.label_text = root.at("label_text").text();
    e.prompt_ids = wholes(root.at("prompt_ids"));
    e.answer_ids = wholes(root.at("answer_ids"));
    e.label_ids = wholes(root.at("label_ids"));
    if (root.has("n_matches")) e.n_matches = wholes(root.at("n_matches"));
    e.token_logprobs = floats(root.at("token_logprobs"));
    e.objective = parse_objective(root.at("objective").at("name").text());
    e.objective_value = root.at("objective").at("value").number();
    if (root.has("span")) e.span = span(root);
    if (root.has("Attention")) e.attention = attention(root.at("Attention"));
    if (root.has("Gradient")) {
        e.gradient.emplace();
        e.gradient->saliency_map = floats(root.at("Gradient").at("saliency_map"));
        e.gradient->block_gradient_x_input = matrix(root.at("Gradient").at("block_gradient_x_input"));
    }
    if (root.has("views")) e.views = read_views(root.at("views"));
    e.attributions = list(root.at("attributions"), attribution);
    const Place timings = root.at("timings_s");
    if (!timings.json().is_object()) timings.refuse("an object");
    for (const auto& [stage, seconds] : timings.json().items())
        e.timings.emplace_back(stage, timings.at(stage.c_str()).number());
    e.warnings = texts(root.at("warnings"));
    return e;
}

/// The original's scores: one a token of the prompt.
void require_lengths(const Explanation& e, const std::string& what) {
    const auto check = [&](const char* key, std::size_t got) {
        if (got == e.prompt.size()) return;
        throw Error(ErrorCode::input, fmt::format("{}: {} has {} numbers; the prompt has {} tokens", what,
                                                  key, got, e.prompt.size()));
    };
    if (e.gradient) check("Gradient.saliency_map", e.gradient->saliency_map.size());
    if (!e.attention) return;
    const std::vector<float>& pair = e.attention->pair.attention;
    if (!pair.empty()) check("Attention.pair_result.attention", pair.size());
    const Tensor& mean = e.attention->mean;  // keys may go on behind the prompt
    const auto keys = static_cast<std::size_t>(mean.shape.back());
    if (!mean.empty() && keys < e.prompt.size()) check("Attention.mean", keys);
}

}  // namespace

StoredResult read_json(std::string_view text, std::string_view what) {
    Json json;
    try {
        json = Json::parse(text);
    } catch (const Json::parse_error& error) {
        throw Error(ErrorCode::input,
                    fmt::format("{}: no valid JSON at byte {}; expected a result of llmx explain --json",
                                what, error.byte));
    }
    const Place root(json, std::string(what));
    require_schema(root);
    StoredResult result;
    result.model = root.at("model").at("path").text();
    result.model_sha256 = root.at("model").at("sha256_16").text();
    result.command_json = root.at("command").json().dump();
    try {
        result.explanation = explanation(root);
    } catch (const Error& error) {  // names that are not known are an input's here, not a user's
        throw Error(ErrorCode::input, error.what());
    }
    require_lengths(result.explanation, std::string(what));
    if (root.has("peak_rss_bytes")) {
        const double bytes = root.at("peak_rss_bytes").number();
        result.explanation.peak_rss = bytes > 0 ? static_cast<std::uint64_t>(bytes) : 0;
    }
    return result;
}

}  // namespace llmx::view

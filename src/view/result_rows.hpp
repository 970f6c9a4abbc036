#pragma once
// Every number of a result, once: its key, and its field. JSON (json_writer.hpp), reading JSON
// (json_reader.hpp) and Python (python/src/result_dict.hpp) are visitors of these rows, in this order.

#include <llmx/result.hpp>

#include "view/rows.hpp"

namespace llmx::view {

void rows(auto& v, Is<AbsenceToken> auto& t) {
    v.field("id", t.id);
    v.field("text", t.text);
}

void rows(auto& v, Is<Faithfulness::Number> auto& n) {
    v.field("value", n.value);
    v.field("random", n.random);
    v.field("random_deviation", n.random_deviation);
    v.optional("p_value", n.p_value);
}

void rows(auto& v, Is<Faithfulness::Infidelity> auto& i) {
    rows(v, i.scaled);
    v.field("unscaled", i.unscaled);
    v.field("scale", i.scale);
    v.field("samples", i.samples);
}

void rows(auto& v, Is<Faithfulness::SensitivityMax> auto& s) {
    v.field("value", s.value);
    v.field("noise", s.noise);
    v.field("samples", s.samples);
}

void rows(auto& v, Is<Faithfulness> auto& f) {
    v.field("comprehensiveness", f.comprehensiveness);
    v.field("sufficiency", f.sufficiency);
    v.field("deletion_area", f.deletion_area);
    v.field("insertion_area", f.insertion_area);
    v.nullable("kendall_tau", f.kendall_tau);
    v.field("fractions", f.fractions);
    v.field("deletion", f.deletion);
    v.field("insertion", f.insertion);
    v.field("random_deletion", f.random_deletion);
    v.field("random_insertion", f.random_insertion);
    v.field("random_seeds", f.random_seeds);
    v.optional("infidelity", f.infidelity);
    v.optional("sensitivity_max", f.sensitivity_max);
    v.field(json_if(!f.measure.empty(), "measure"), f.measure);
    v.field("absence", f.absence);
    v.optional("absence_token", f.absence_token);
}

void rows(auto& v, Is<Plausibility::Number> auto& n) {
    v.field("value", n.value);
    v.field("random", n.random);
}

void rows(auto& v, Is<Plausibility> auto& p) {
    v.field("token_f1", p.token_f1);
    v.field("auprc", p.auprc);
    v.field("rationale_units", p.rationale_units);
}

void rows(auto& v, Is<AttentionResult> auto& a) {
    v.group("pair_result", [&](auto& pair) {
        pair.field({"attention", "pair_attention"}, a.pair.attention);
        pair.field({"attention_mean", "pair_attention_mean"}, a.pair.attention_mean);
        pair.field({"block", "pair_block"}, a.pair.block);
        pair.in_python("pair_missing", a.pair.missing);
        pair.optional({"faithfulness", "pair_faithfulness"}, a.pair.faithfulness);
        pair.optional({"plausibility", "pair_plausibility"}, a.pair.plausibility);
    });
    v.group("attention_result", [&](auto& result) {
        result.field({"mean_group_df", "mean_group"}, nested(a.mean_group, 2));
        result.field(raw({"median_raw_df", "median_raw"}), nested(a.median_raw, 4));
        result.field("blocks", a.blocks);
        result.field("blocks_without", a.blocks_without);
    });
    v.field("mean", nested(a.mean, 2));
    v.in_python("weights", a.weights);
    v.in_python("rows", a.rows);
    v.in_python("encoder_weights", a.encoder_weights);
    v.in_python("decoder_weights", a.decoder_weights);
    v.in_python("cross_weights", a.cross_weights);
}

void rows(auto& v, Is<GradientResult> auto& g) {
    v.field("saliency_map", g.saliency_map);
    v.field("block_gradient_x_input", nested(g.block_gradient_x_input, 2));
    v.optional("faithfulness", g.faithfulness);
    v.optional("plausibility", g.plausibility);
    v.field(raw("gradient"), nested(g.gradient, 2));
    v.optional(raw("decoder_gradient"), nested(g.decoder_gradient, 2));
    v.in_python("input_embeddings", g.input_embeddings);
    v.in_python("decoder_input_embeddings", g.decoder_input_embeddings);
    v.in_python("replayed", g.replayed);
}

void rows(auto& v, Is<SpanResult> auto& s) {
    v.field("question", s.question);
    v.field("context", s.context);
    v.field("start_logits", s.start_logits);
    v.field("end_logits", s.end_logits);
    v.group("span", [&](auto& span) {
        span.field("start_token", s.start_token);
        span.field("end_token", s.end_token);
        span.field("start_char", s.start_char);
        span.field("end_char", s.end_char);
        span.field("score", s.score);
        span.field("no_answer", s.no_answer);
        span.field("window", s.window);
        span.field("windows", s.windows);
    });
}

void rows(auto& v, Is<Unit> auto& u) {
    v.field("text", u.text);
    v.field("kind", u.kind);
    v.tokens("tokens", u.tokens);
}

void rows(auto& v, Is<TargetFacts> auto& t) {
    v.field("text", t.text);
    v.field("tokens", t.tokens);
    v.field("value", t.value);
    v.optional("id", t.id);
}

void rows(auto& v, Is<Completeness> auto& c) {
    v.field("f_input", c.f_input);
    v.field("f_baseline", c.f_baseline);
    v.field("residual", c.residual);
}

/// Tokens are counted through the rows of the pass: prompt, answer; an encoder-decoder's are its source
/// and what its decoder reads, and the row of a target is the one that predicts it.
void rows(auto& v, Is<Attribution> auto& a) {
    v.field("method", a.method);
    v.field("options", a.options);
    v.field("objective", a.objective);
    v.field("signed", a.is_signed);
    v.field("units", a.units);
    v.field("targets", a.targets);
    v.field("scores", nested(a.scores, 2));
    v.optional("standard_errors", nested(a.standard_errors, 2));
    v.extra("interactions", nested(a.interactions, 3));
    v.optional("absence_token", a.absence_token);
    v.optional("noise", a.noise);
    v.extra("context_sensitivity", array(a.context_sensitivity));
    v.extra("cues", a.cues);
    v.nullable("completeness", columns(a.completeness));
    v.nullable("faithfulness", a.faithfulness);
    v.optional("plausibility", a.plausibility);
}

void rows(auto& v, Is<WhyPassage> auto& p) {
    v.field("text", p.text);
    v.field("role", p.role);
    v.field("part", p.part);
    v.field("title", p.title);
    v.field("lines", p.lines);
    v.tokens("tokens", p.tokens);
}

void rows(auto& v, Is<WhySource> auto& s) {
    v.field("passage", s.passage);
    v.field("strength", s.strength);
    v.field("probability_without", s.probability_without);
    v.optional("p_value", s.p_value);
    v.field("substitute", s.is_substitute);
}

void rows(auto& v, Is<WhySentence> auto& s) {
    v.field("text", s.text);
    v.field("tokens", s.tokens);
    v.field("logprob", s.logprob);
    v.field("probability", s.probability);
    v.field("probability_alone", s.probability_alone);
    v.field("grounded", s.is_grounded);
    v.field("sources", s.sources);
    v.field("others", s.others);
}

void rows(auto& v, Is<Why> auto& w) {
    v.field("sentences", w.sentences);
    v.field("passages", w.passages);
    v.field("asked", w.asked);
    v.field("strengths", nested(w.strengths, 2));
    v.field("substitutes", w.substitutes);
    v.field("absence", w.absence);
    v.field("runs", w.runs);
    v.field("passes", w.passes);
}

void rows(auto& v, Is<HiddenState> auto& h) {
    v.field("block", h.block);
    v.field("first_position", h.first_position);
    v.field("values", h.values);
}

void rows(auto& v, Is<AttentionMap> auto& m) {
    auto count_of_rows = static_cast<int>(m.steps.size());
    v.field("block", m.block);
    v.nullable("head", unless(m.head, -1));
    v.field("first_row", count(m.first_row));
    v.field("rows", count(count_of_rows));
    v.field("steps", packed(m.steps));
    v.field("weights", packed(m.packed));
}

void rows(auto& v, Is<AttentionMaps> auto& m) {
    v.field("kind", m.kind);
    v.field("rows", count(m.rows));
    v.field("keys", count(m.keys));
    v.field("answer_row", count(m.answer_row));
    v.field("blocks", m.blocks);
    v.field("heads", m.heads);
    v.field("maps", m.maps);
}

void rows(auto& v, Is<NeuronGroup> auto& g) {
    const auto extent = [](const Tensor& tensor, std::size_t i) {
        return i < tensor.shape.size() ? static_cast<int>(tensor.shape[i]) : 0;
    };
    int heads = extent(g.queries, 0);
    int queries = extent(g.queries, 1);
    int keys = extent(g.keys, 0);
    int size = extent(g.keys, 1);
    v.field("kind", g.kind);
    v.field("block", g.block);
    v.field("heads", range(g.first_head, heads, "heads"));
    v.field("first_row", count(g.first_row));
    v.field("rows", count(queries));
    v.field("key_count", count(keys));
    v.field("size", count(size));
    v.field("scale", g.scale);
    v.nullable("softcap", unless(g.softcap, 0));
    v.field("visible", g.visible);
    v.field("queries", packed(g.queries, {heads, queries, size}));
    v.field("keys", packed(g.keys, {keys, size}));
    v.extra("bias", packed(g.bias, {heads, queries, keys}));
    v.extra("sinks", g.sinks);
}

void rows(auto& v, Is<LogitLens> auto& l) {
    const auto blocks = static_cast<std::int64_t>(l.blocks.size());
    const auto answer = blocks == 0 ? 0 : static_cast<std::int64_t>(l.answer_ranks.size()) / blocks;
    std::vector<std::int64_t> places = {blocks, answer};
    std::vector<std::int64_t> candidates = {blocks, answer, l.top};
    v.field("top", count(l.top));
    v.field("blocks", l.blocks);
    v.field("ids", table(l.ids, candidates));
    v.field("probabilities", nested(l.probabilities, 3));
    v.field("answer_probabilities", nested(l.answer_probabilities, 2));
    v.in_json("answer_ranks", table(l.answer_ranks, places));
    v.in_python("answer_ranks", l.answer_ranks);
    v.field("text", l.text);
}

void rows(auto& v, Is<ViewData> auto& d) {
    v.field("budget", d.budget);
    v.field("left_out", d.left_out);
    v.field("attention", d.attention);
    v.field("neuron", d.neuron);
    v.nullable("logit_lens", d.logit_lens);
}

void rows(auto& v, Is<ModelSummary> auto& m) {
    v.field("path", m.file);
    v.field("sha256_16", m.sha256_16);
    v.field("name", m.name);
    v.field("architecture", m.architecture);
    v.field("kind", m.kind);
    v.field("parameters", m.parameters);
    v.field("type", m.type);
    v.field("blocks", m.blocks);
    v.field("heads", m.heads);
    v.field("kv_heads", m.kv_heads);
    v.field("embedding", m.embedding);
}

void rows(auto& v, Is<Explanation> auto& e) {
    v.field("model", e.model);
    v.in_python("kind", e.model.kind);
    v.in_python("model_name", e.model.file);
    v.field("task", e.task);
    v.field("prompt_text", e.prompt_text);
    v.field("answer_text", e.answer_text);
    v.field("label_text", e.label_text);
    v.field("prompt_ids", array(e.prompt_ids));
    v.field("answer_ids", array(e.answer_ids));
    v.field("label_ids", array(e.label_ids));
    v.field("token_logprobs", e.token_logprobs);
    v.extra("perplexity", e.perplexity);
    v.group("objective", [&](auto& objective) {
        objective.field({"name", "objective"}, e.objective);
        objective.field({"value", "objective_value"}, e.objective_value);
    });
    v.field(json_if(!e.products.empty(), "products"), e.products);
    v.field({"Prompt", "prompt"}, e.prompt);
    v.field({"Decode_output", "decode_output"}, e.decode_output);
    v.field({"Prediction", "prediction"}, e.prediction);
    v.field("partial_tokens", e.partial_tokens);
    v.optional("partial_token_bytes", e.partial_token_bytes);
    const bool reads_a_source = e.model.kind == ModelKind::encoder_decoder;
    v.in_json(json_if(reads_a_source, "source_text"), e.prompt_text);
    v.in_json(json_if(reads_a_source, "source_ids"), e.prompt_ids);
    v.field(json_if(reads_a_source, "decoder_inputs"), e.decoder_inputs);
    v.field(json_if(e.task == Task::generative_text_chat_assistant, "n_matches"), e.n_matches);
    v.section("span", e.span);
    v.optional({"Attention", "attention"}, e.original.attention);
    v.optional({"Gradient", "gradient"}, e.original.gradient);
    v.in_json("views", e.views);
    v.optional("why", e.why);
    v.field("attributions", e.attributions);
    v.in_python("hidden", e.hidden);
    std::optional<LogitLens> no_lens;
    v.in_python("logit_lens", e.views ? e.views->logit_lens : no_lens);
    v.field({"timings_s", "timings"}, e.timings);
    v.field(json_if(true, {"peak_rss_bytes", "peak_rss"}), e.peak_rss);
    v.field("warnings", e.warnings);
}

}  // namespace llmx::view

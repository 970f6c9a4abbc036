// Numbers as text, and what they mean in words.
"use strict";
(() => {
  const h = llmx.h;

  /** Three significant digits, without needless noise. */
  llmx.number = (v) => {
    if (v === null || v === undefined || Number.isNaN(v)) return "–";
    if (v === 0) return "0";
    const size = Math.abs(v);
    const text = size >= 1e5 || size < 1e-3 ? v.toExponential(2) : String(Number(v.toPrecision(3)));
    return text.replace("-", "\u2212");
  };
  llmx.percent = (v) => `${llmx.number(100 * v)} %`;

  /** The shortest digits that read back as the same float32. */
  llmx.shortest = (v) => {
    if (Math.fround(v) !== v) return v;
    for (let digits = 1; digits <= 9; ++digits) {
      const text = Number(v.toPrecision(digits));
      if (Math.fround(text) === v) return text;
    }
    return v;
  };

  const fact = (name, value, meaning, verdict) =>
    h("div", { class: `fact ${verdict ?? ""}` }, h("dt", { text: name }), h("dd", {}, h("strong", { text: value }), " ", meaning));

  // What brings the scores of a method nearer to their sum.
  const better = {
    integrated_gradients: "; more steps (steps auto) reduce the error",
    gradient_shap: "; more samples reduce the error",
    expected_gradients: "; more samples reduce the error",
  };

  /** @param {ScoreMap} map */
  const noise = (map, rows) => {
    if (map.noise === undefined || map.noise === null) return [];
    const most = map.noise * rows.length;
    return [fact("Rounding", `± ${llmx.number(most)}`, "This model is quantised: it rounds a text a little differently beside other texts. Scores up to this size may be nothing but that.", "sound")];
  };

  /** @param {ScoreMap} map */
  const completeness = (map, rows) => {
    if (!map.completeness) return [];
    const sum = (list) => rows.reduce((s, r) => s + list[r], 0);
    const { f_input: input, f_baseline: baseline, residual } = map.completeness;
    const [given, missed] = [sum(input) - sum(baseline), sum(residual)];
    const part = given === 0 ? null : Math.abs(missed / given);
    const verdict = part !== null && part > 0.1 ? "doubtful" : "sound";
    const meaning = part === null
      ? "The explained value is the same without the prompt, so the scores have nothing to add up to."
      : `The scores should add up to the prompt's effect on the explained value, ${llmx.number(given)}. They miss it by ${llmx.number(missed)}` +
        (part > 0.1 ? `: too much to compare sizes in this map${better[map.method] ?? ""}.` : ": close enough to compare sizes in this map.");
    return [fact("Completeness", part === null ? llmx.number(missed) : `off by ${llmx.percent(part)}`, meaning, verdict)];
  };

  /** A number beside random rankings. A random ranking is called better once in 20 times. `better`: 1 where more is better. */
  const beside = (n, better) => {
    const gap = better * (n.value - n.random);
    if (n.random_deviation === 0) return gap > 0 ? "better than random" : "no better than random";
    const random = `${llmx.number(n.random)} ± ${llmx.number(n.random_deviation)}`;
    if (n.p_value === undefined) return `random: ${random}`; // a result of an earlier version
    const chance = `${random}, p = ${llmx.number(n.p_value)}`;
    if (n.p_value < 0.05) return `better than random (${chance})`;
    return n.p_value > 0.95 ? `worse than random (${chance})` : `indistinguishable from random (${chance})`;
  };
  /** @param {ScoreMap} map */
  const faithfulness = (map) => {
    const f = map.faithfulness;
    if (!f) return [];
    const verdict = (n, better) => ((n.p_value === undefined ? better * (n.value - n.random) > 2 * n.random_deviation : n.p_value < 0.05) ? "sound" : "doubtful");
    const what = f.measure && f.measure !== "probability" ? f.measure : "the answer's probability per token";
    const facts = [
      fact("Comprehensiveness", llmx.number(f.comprehensiveness.value), `How much ${what} falls, on average, when the top-scored units are removed: ${beside(f.comprehensiveness, 1)}. Higher is better.`, verdict(f.comprehensiveness, 1)),
      fact("Sufficiency", llmx.number(f.sufficiency.value), `How much it falls when only the top-scored units are kept: ${beside(f.sufficiency, -1)}. Lower is better.`, verdict(f.sufficiency, -1)),
    ];
    if (f.kendall_tau) facts.push(fact("Agreement with leave-one-out", llmx.number(f.kendall_tau.value), `Kendall's τ between these scores and the measured effect of leaving out each unit, from −1 to 1: ${beside(f.kendall_tau, 1)}.`, verdict(f.kendall_tau, 1)));
    if (f.infidelity) facts.push(fact("Infidelity", llmx.number(f.infidelity.value), `The mean squared difference between what a random half of the units is worth by the scores, times the factor that fits best, and what removing it does: ${beside(f.infidelity, -1)}. Lower is better.`, verdict(f.infidelity, -1)));
    if (f.sensitivity_max) facts.push(fact("Sensitivity", llmx.percent(f.sensitivity_max.value), `The largest change of the scores, in parts of their size, when noise of ${llmx.percent(f.sensitivity_max.noise)} is put on the embeddings (${f.sensitivity_max.samples} draws). Lower is steadier.`));
    return facts;
  };

  /** @param {ScoreMap} map */
  const plausibility = (map) => {
    const p = map.plausibility;
    if (!p) return [];
    const random = (n) => `${llmx.number(n.random)} on average for random rankings. Higher is better.`;
    return [
      fact("Token F1", llmx.number(p.token_f1.value), `The share of the rationale among as many units of highest score (${p.rationale_units}); ${random(p.token_f1)}`),
      fact("AUPRC", llmx.number(p.auprc.value), `How far up the ranking the units of the rationale stand, 1 if before all others; ${random(p.auprc)}`),
    ];
  };

  /** Deletion and insertion curves beside random ones, as a small picture. */
  llmx.curves = (f) => {
    const [w, ht, left, bottom] = [300, 130, 34, 22];
    const top = Math.max(...f.deletion, ...f.insertion, ...f.random_deletion, ...f.random_insertion, 1e-12) * 1.05;
    const base = Math.min(0, ...f.deletion, ...f.insertion, ...f.random_deletion, ...f.random_insertion); // a measure may be negative
    const x = (v) => left + v * (w - left - 8);
    const y = (v) => 6 + (1 - (v - base) / (top - base)) * (ht - bottom - 6);
    const [warm, cold] = [llmx.categories()[5], llmx.categories()[1]];
    const line = (values, colour, dash) => llmx.s("polyline", { points: values.map((v, i) => `${x(f.fractions[i]).toFixed(1)},${y(v).toFixed(1)}`).join(" "), fill: "none", stroke: colour, "stroke-width": 1.8, "stroke-dasharray": dash });
    const key = (colour, text) => h("span", {}, colour && llmx.s("svg", { width: 16, height: 8, "aria-hidden": "true" }, llmx.s("rect", { y: 3, width: 14, height: 2.5, fill: colour })), text);
    const label = (text, px, py, anchor = "middle") => llmx.s("text", { x: px, y: py, "text-anchor": anchor, "font-size": 10.5, fill: "currentColor", text });
    return h("figure", { class: "curves" },
      llmx.s("svg", { viewBox: `0 0 ${w} ${ht}`, width: w, height: ht, role: "img", "aria-label": "Probability of the answer against the share of units removed or kept" },
        llmx.s("path", { d: `M${left} 6V${ht - bottom}H${w - 8}`, fill: "none", stroke: "currentColor", "stroke-opacity": 0.4 }),
        line(f.random_deletion, warm, "3 3"), line(f.random_insertion, cold, "3 3"), line(f.deletion, warm), line(f.insertion, cold),
        label(llmx.number(base), left - 4, ht - bottom + 3, "end"), label(llmx.number(top), left - 4, 14, "end"),
        label("0 %", x(0), ht - 8), label("50 %", x(0.5), ht - 8), label("100 %", x(1) - 8, ht - 8)),
      h("figcaption", {}, key(warm, "top units removed"), key(cold, "only top units kept"), key(null, "dashed: random order"), h("span", { text: `${f.measure && f.measure !== "probability" ? f.measure : "Probability per answer token"}; absent units: ${f.absence}.` })));
  };

  /** How far to trust the numbers of a map, as elements. */
  llmx.worth = (map, rows) => {
    const facts = [...completeness(map, rows), ...noise(map, rows), ...faithfulness(map), ...plausibility(map)];
    if (facts.length === 0) {
      const method = llmx.methodName(map.method);
      return [h("p", { class: "quiet", text: `The faithfulness of “${method}” was not measured; the option check measures it. Methods whose scores should add up also report a completeness residual.` })];
    }
    /** @type {HTMLElement[]} */
    const out = [h("dl", { class: "facts" }, facts)];
    if (map.faithfulness) out.push(llmx.curves(map.faithfulness));
    return out;
  };
})();

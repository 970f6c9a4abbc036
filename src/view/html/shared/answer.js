// The answer's side of a text map: what is coloured now, one token's probability and alternatives.
"use strict";
(() => {
  const h = llmx.h;

  /** Ranks by size, 1 the largest; equal ones share the better rank. */
  llmx.ranks = (values) => {
    const order = Array.from(values, (_, i) => i).sort((a, b) => Math.abs(values[b]) - Math.abs(values[a]));
    const ranks = new Array(values.length);
    order.forEach((i, k) => {
      ranks[i] = k > 0 && Math.abs(values[order[k - 1]]) === Math.abs(values[i]) ? ranks[order[k - 1]] : k + 1;
    });
    return ranks;
  };

  /** For the source unit that is chosen: its score for each answer token, or null. */
  llmx.answerColumn = (context, units) => {
    const { state } = context;
    const map = context.map();
    if (state.source === null || state.source >= units.length || map.rowsBy !== "token") return null;
    const column = new Float64Array(context.result.Decode_output.length);
    const unit = [units[state.source]];
    for (const r of llmx.rowsFor(map, null)) {
      const [v] = llmx.aggregate(map.scores[r], unit, state.aggregation);
      column[map.targets[r].first] = state.sign === "absolute" ? Math.abs(v) : v;
    }
    return column;
  };

  /** One sentence on what is coloured now. */
  llmx.saysOf = (context, answer, { map, rows }) => {
    const { state } = context;
    const span = state.hover ?? state.span;
    const name = llmx.methodName(map.method);
    if (state.source !== null && map.rowsBy === "token") return `The answer is coloured by how much each token depends on the selected unit. Press Escape to clear the selection.`;
    if (map.rowsBy === "block") return `Sum over the layers, by ${name}; the matrix shows each layer separately.`;
    if (map.rowsBy === "answer" && map.id.startsWith("attribution")) return `The whole answer, by ${name}. With per_token each of its tokens has a row of its own.`;
    if (map.rowsBy === "answer") return `The whole answer, by ${name}, which has no row for each token (other methods have one with per_token).`;
    if (state.row !== null && !state.hover && rows.length === 1) return `Why “${llmx.tokenLabel(map.targets[rows[0]].text)}” was a candidate here, by ${name}.`;
    if (!span) return `The whole answer (${rows.length} rows summed), by ${name}. Hover over an answer token for its own row, click to pin it, drag to select a span.`;
    if (rows.length === 0) return `${name} has no row for the selected part of the answer.`;
    const what = span.last - span.first === 1 ? `“${llmx.tokenLabel(answer.tokens[span.first] ?? "")}”` : `${span.last - span.first} answer tokens (rows summed)`;
    return `What ${what} depends on, by ${name}${state.hover ? "" : "; press Escape to unpin"}.`;
  };

  const bar = (p) => h("span", { class: "bar", "aria-hidden": "true" }, h("span", { class: "bar-in", style: { width: `${Math.round(100 * p)}%` } }));

  /** Under the answer: the marked token's probability, and what else could have been written. */
  llmx.tokenDetail = (context, answer, span) => {
    if (!span || span.last - span.first !== 1) {
      const some = span ?? { first: 0, last: answer.tokens.length };
      const part = answer.logprobs.slice(some.first, some.last);
      if (part.length === 0) return [];
      const sum = part.reduce((s, v) => s + v, 0);
      return [h("p", { class: "quiet", text: `log-probability ${llmx.number(sum)}; geometric mean probability per token ${llmx.percent(Math.exp(sum / part.length))}` })];
    }
    const t = span.first;
    const logprob = answer.logprobs[t];
    /** @type {HTMLElement[]} */
    const out = [h("p", { class: "quiet", text: `token ${t + 1} of ${answer.tokens.length}${logprob === undefined ? "" : `; probability ${llmx.percent(Math.exp(logprob))}`}` })];
    const others = llmx.alternatives(context, t);
    if (others.length > 0) {
      out.push(h("ul", { class: "alternatives", "aria-label": "Most probable tokens here" }, others.map((o) => h("li", {},
        h("button", { type: "button", class: o.written ? "written" : "", "aria-pressed": String(context.state.row === o.row && context.state.map === o.map), data: { alternative: o.row }, onclick: () => context.set({ map: o.map, row: o.row, span, hover: null, source: null }) },
          h("span", { class: "alternative-text", text: llmx.tokenLabel(o.text) }), bar(o.p), h("span", { class: "alternative-p", text: llmx.percent(o.p) }))))));
    }
    return out;
  };
})();

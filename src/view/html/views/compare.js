// Compare: two results side by side, and their difference.
"use strict";
(() => {
  const h = llmx.h;
  let scaling = "share"; // kept while one looks at other views

  /** The second result's map of the same method (and, if there is one, objective).
   *  @param {ScoreMap} map */
  const partner = (map, others) => {
    const same = others.filter((m) => m.method === map.method && m.id.split("-")[0] === map.id.split("-")[0]);
    return same.find((m) => m.objective === map.objective) ?? same[0];
  };

  /** @param {Context} context @param {ScoreMap} map */
  const sideOf = (context, index, map) => {
    const { result, prompt, name } = context.results[index];
    const unit = map.tokenwise ? context.state.unit : "token";
    const units = llmx.unitsOf(map, prompt, unit).filter((u) => u.tokens[0] < prompt.tokens.length).map((u) => ({ ...u, shown: llmx.shownText(result, prompt, u) }));
    const { state } = context;
    const span = state.hover ?? state.span;
    const sameAnswer = context.results[0].result.Decode_output.join("\0") === context.results[1].result.Decode_output.join("\0");
    const rows = llmx.rowsFor(map, sameAnswer ? span : null);
    let values = llmx.aggregate(llmx.sumRows(map, rows), units, state.aggregation);
    if (map.signed && state.sign === "absolute") values = values.map(Math.abs);
    const total = values.reduce((s, v) => s + Math.abs(v), 0);
    if (scaling === "share") values = values.map((v) => (total > 0 ? v / total : 0));
    return { result, prompt, name, units, values, sameAnswer };
  };

  const text = (side, paint, mark) => {
    const promptSpans = side.units.map((u, i) => {
      const span = h("span", { class: `unit ${mark(i)}`, data: { compared: i } }, llmx.tokenNodes(u.shown));
      const [background, ink] = paint(i);
      span.style.backgroundColor = background;
      span.style.color = ink;
      return span;
    });
    return h("div", { class: "turn" }, h("div", { class: "turn-text", dir: "auto", tabindex: "0", role: "group", "aria-label": `Prompt of ${side.name}` }, promptSpans));
  };

  /** @param {Context} context */
  const answers = (context, pairs, k) => {
    const { result } = context.results[k];
    const common = new Set(pairs.map((p) => p[k]));
    return h("p", { class: "compared-answer", dir: "auto" }, h("span", { class: "quiet", text: "Answer: " }), llmx.answerTexts(result).map((t, i) => h(common.has(i) ? "span" : "mark", {}, llmx.tokenNodes(t))));
  };

  const summary = (pairs, a, b) => {
    const x = pairs.map(([i]) => a.values[i]);
    const y = pairs.map(([, j]) => b.values[j]);
    const top = Math.min(10, pairs.length);
    const rho = x.length > 1 ? llmx.spearman(x, y) : null;
    const parts = [`${pairs.length} units are in both prompts`, `${a.units.length - pairs.length} only in the first, ${b.units.length - pairs.length} only in the second`];
    if (rho !== null) parts.push(`their rank correlation is ${llmx.number(rho)} (Spearman's ρ: 1 is the same order, 0 unrelated)`);
    if (top > 0) parts.push(`of the top ${top}, ${llmx.overlap(x, y, top)} are the same`);
    return h("p", { class: "says", text: `${parts.join("; ")}.` });
  };

  /** @param {Context} context */
  const draw = (context, root) => {
    const map = context.map();
    const other = partner(map, context.results[1].maps);
    if (!other) {
      root.replaceChildren(h("p", { text: `The second result has no ${llmx.methodName(map.method)}. Choose a method that both results have.` }));
      return null;
    }
    const a = sideOf(context, 0, map);
    const b = sideOf(context, 1, other);
    const texts = (side) => side.units.map((u) => `${u.shown}\0${u.text}`); // pieces of characters look alike
    const pairs = llmx.align(texts(a), texts(b));
    const answerPairs = llmx.align(llmx.answerTexts(a.result), llmx.answerTexts(b.result));
    const [inB, inA] = [new Map(pairs), new Map(pairs.map(([i, j]) => [j, i]))];
    const signed = map.signed && context.state.sign === "signed";
    const options = { contrast: context.state.contrast, signed };
    const both = llmx.scaleTop([...a.values, ...b.values]);
    const scale = llmx.scale({ ...options, top: both.top });
    const changes = b.values.map((v, j) => v - (a.values[inA.get(j) ?? -1] ?? 0));
    const change = llmx.scaleTop(changes);
    const changeScale = llmx.scale({ ...options, signed: true, top: change.top });
    const plain = (side) => (i) => [scale.css(side.values[i]), scale.ink(side.values[i])];
    const column = (title, legend, ...content) => h("section", { class: "compared" }, h("h2", { text: title }), legend, content);
    const sides = [
      column(llmx.tokenLabel(a.name || "first", 60), llmx.legend(scale, both.clipped), text(a, plain(a), (i) => (inB.has(i) ? "" : "only")), answers(context, answerPairs, 0)),
      column(llmx.tokenLabel(b.name || "second", 60), llmx.legend(scale, both.clipped), text(b, plain(b), (j) => (inA.has(j) ? "" : "only")), answers(context, answerPairs, 1)),
      column("Second minus first", llmx.legend(changeScale, change.clipped), text({ ...b, name: "the difference" }, (j) => [changeScale.css(changes[j]), changeScale.ink(changes[j])], (j) => (inA.has(j) ? "" : "only")),
        h("p", { class: "quiet", text: "Shown on the second prompt: warm where a unit matters more than in the first, blue where it matters less. Underlined: only in this prompt." })),
    ];
    const scalings = llmx.segmented({ label: "Scores", name: "scaling", choices: [["share", "shares of the total"], ["raw", "raw"]], value: scaling, onchange: (v) => {
      scaling = v;
      draw(context, root);
    } });
    root.replaceChildren(h("div", { class: "map-head" }, summary(pairs, a, b), scalings), h("div", { class: "compare" }, sides));
    sides.forEach((element, k) => {
      const show = (e) => {
        const unit = llmx.closest(e, "[data-compared]");
        if (!unit) return llmx.tooltip.hide();
        const at = Number(unit.dataset.compared);
        const [i, j] = k === 0 ? [at, inB.get(at)] : [inA.get(at), at];
        const label = (k === 0 ? a : b).units[at].shown;
        return llmx.tooltip.show(unit, llmx.tooltipRows(llmx.tokenLabel(label), [["first", i === undefined ? "absent" : llmx.number(a.values[i])], ["second", j === undefined ? "absent" : llmx.number(b.values[j])], i !== undefined && j !== undefined && ["difference", llmx.number(b.values[j] - a.values[i])]]));
      };
      element.addEventListener("pointerover", show);
      element.addEventListener("pointerleave", llmx.tooltip.hide);
    });
    return { a, b, pairs };
  };

  llmx.view({
    name: "compare", title: "Compare", order: 5, controls: ["map", "unit", "sign", "contrast"],
    serves: (result, context) => context.results.length === 2 && context.maps.length > 0,
    view(root, result, context) {
      draw(context, root);
      return {
        update: () => draw(context, root),
        csv() {
          const drawn = draw(context, root);
          if (drawn === null) return undefined;
          const { a, b, pairs } = drawn;
          /** @type {Table} */
          const rows = [["unit_text", "first_unit", "second_unit", "first_score", "second_score"]];
          const [usedA, usedB] = [new Set(), new Set()];
          for (const [i, j] of pairs) {
            usedA.add(i);
            usedB.add(j);
            rows.push([a.units[i].text, i, j, a.values[i], b.values[j]]);
          }
          a.units.forEach((u, i) => usedA.has(i) || rows.push([u.text, i, "", a.values[i], ""]));
          b.units.forEach((u, j) => usedB.has(j) || rows.push([u.text, "", j, "", b.values[j]]));
          return { name: "comparison", rows };
        },
      };
    },
  });
})();

// Neuron view: what a query and a key are made of, and how their product becomes a weight (BertViz, Vig 2019).
"use strict";
(() => {
  const h = llmx.h;

  /** A vector as a strip of coloured cells. */
  const strip = (values, scale, label) => {
    const cell = values.length > 96 ? 2 : 4;
    const canvas = h("canvas", { class: "strip", role: "img", "aria-label": label, width: values.length * cell, height: 14 });
    const pen = llmx.pen(canvas);
    values.forEach((v, d) => {
      pen.fillStyle = scale.css(v);
      pen.fillRect(d * cell, 0, cell, 14);
    });
    canvas.addEventListener("pointermove", (e) => {
      const rect = canvas.getBoundingClientRect();
      const d = Math.min(values.length - 1, Math.max(0, Math.floor(((e.clientX - rect.left) / rect.width) * values.length)));
      llmx.tooltip.show({ x: e.clientX, y: rect.top }, llmx.tooltipRows(`${label}, dimension ${d}`, [["value", llmx.number(values[d])]]));
    });
    canvas.addEventListener("pointerleave", llmx.tooltip.hide);
    return canvas;
  };
  const product = (a, b) => Float32Array.from(a, (v, d) => v * b[d]);
  const largest = (values) => values.reduce((m, v) => Math.max(m, Math.abs(v)), 1e-9);
  const bar = (v) => h("span", { class: "bar", "aria-hidden": "true" }, h("span", { class: "bar-in", style: { width: `${Math.round(100 * v)}%` } }));

  /** The chosen pair in full. */
  const pairOf = (group, head, q, entry, of) => {
    const [query, key] = [group.query(head, q), group.key(entry.k)];
    const times = product(query, key);
    const steps = [["q·k, the sum of q ⊙ k", llmx.number(entry.dot)], [`scaled by ${llmx.number(group.scale)}`, llmx.number(entry.dot * group.scale)]];
    if (group.softcap) steps.push([`soft-capped at ${llmx.number(group.softcap)}`, llmx.number(group.softcap * Math.tanh((entry.dot * group.scale) / group.softcap))]);
    if (group.hasBias) steps.push(["plus the position bias", llmx.number(group.bias(head, q, entry.k))]);
    steps.push(["score", llmx.number(entry.score)], [`softmax over ${of.length} visible keys${group.sink(head) === null ? "" : " and a sink"}`, llmx.percent(entry.weight)]);
    const row = (name, values, scale) => h("tr", {}, h("th", { scope: "row", text: name }), h("td", {}, strip(values, scale, name)));
    return h("div", { class: "pair" },
      h("table", {}, h("tbody", {}, row("q", query, llmx.scale({ top: largest(query) })), row("k", key, llmx.scale({ top: largest(key) })), row("q ⊙ k", times, llmx.scale({ top: largest(times) })))),
      h("table", { class: "steps" }, h("tbody", {}, steps.map(([name, value]) => h("tr", {}, h("th", { scope: "row", text: name }), h("td", { text: value }))))));
  };

  const build = (root, result, context) => {
    const groups = llmx.neurons(result);
    /** @typedef {{group: NeuronGroup, head: number, q: number, k: number | null}} Chosen */
    const state = llmx.remembered(context, "neuron", /** @type {Chosen} */ ({ group: groups[0], head: groups[0].heads[0], q: groups[0].firstRow, k: null }));
    const kinds = [...new Set(groups.map((g) => g.kind))];
    const draw = (focused) => {
      const { group } = state;
      const same = groups.filter((g) => g.kind === group.kind);
      const blocks = [...new Set(same.map((g) => g.block))];
      const heads = same.filter((g) => g.block === group.block).flatMap((g) => g.heads);
      const choose = (block, head) => {
        const here = same.filter((g) => g.block === block);
        state.group = here.find((g) => g.heads.includes(head)) ?? here[0];
        if (!state.group.heads.includes(head)) state.head = state.group.heads[0];
        else state.head = head;
      };
      const entries = group.look(state.head, state.q);
      if (!entries.some((e) => e.k === state.k)) state.k = entries.reduce((a, b) => (b.weight > a.weight ? b : a)).k;
      const rows = Array.from({ length: group.rowCount }, (_, i) => group.firstRow + i);
      const label = (q) => {
        const { text, predicts } = group.rows[q];
        return `${q}: ${llmx.tokenLabel(text, 16)}${predicts === null ? "" : ` → ${llmx.tokenLabel(predicts, 16)}`}`;
      };
      const tops = { k: largest(entries.flatMap((e) => [...group.key(e.k)])), times: largest(entries.flatMap((e) => [...product(group.query(state.head, state.q), group.key(e.k))])) };
      const [ofKey, ofProduct] = [llmx.scale({ top: tops.k }), llmx.scale({ top: tops.times })];
      const pair = h("div", { class: "pair-place", "aria-live": "polite" });
      const lines = entries.map((e) => h("tr", { class: "neuron-row", tabindex: e.k === state.k ? "0" : "-1", "aria-selected": String(e.k === state.k), data: { key: e.k } },
        h("th", { scope: "row", text: llmx.tokenLabel(group.keyTokens[e.k].text, 18) }),
        h("td", {}, strip(group.key(e.k), ofKey, "k")), h("td", {}, strip(product(group.query(state.head, state.q), group.key(e.k)), ofProduct, "q ⊙ k")),
        h("td", { class: "num", text: llmx.number(e.dot) }), h("td", { class: "num", text: llmx.number(e.score) }), h("td", { class: "num", text: llmx.percent(e.weight) }), h("td", {}, bar(e.weight))));
      const show = (k) => {
        state.k = k;
        lines.forEach((line) => line.setAttribute("aria-selected", String(Number(line.dataset.key) === k)));
        pair.replaceChildren(h("h2", { text: `“${llmx.tokenLabel(group.rows[state.q].text)}” attends to “${llmx.tokenLabel(group.keyTokens[k].text)}”` }), pairOf(group, state.head, state.q, entries.find((e) => e.k === k), entries));
      };
      const table = h("table", { class: "neuron-table", role: "grid", "aria-label": "Keys visible to the query" },
        h("thead", {}, h("tr", {}, ["key", "k", "q ⊙ k", "q·k", "score", "softmax"].map((text) => h("th", { scope: "col", colspan: text === "softmax" ? 2 : null, text })))), h("tbody", {}, lines));
      table.addEventListener("click", (e) => {
        const line = llmx.closest(e, "[data-key]");
        if (!line) return;
        lines.forEach((l) => { l.tabIndex = l === line ? 0 : -1; });
        show(Number(line.dataset.key));
      });
      llmx.roving(table, () => lines, (i) => show(entries[i].k));
      root.replaceChildren(
        h("div", { class: "controls" },
          kinds.length > 1 && llmx.select({ label: "Attention", name: "kind", choices: kinds.map((k) => [k, llmx.attentionTitle(result, k)]), value: group.kind, onchange: (kind) => {
            const next = groups.find((g) => g.kind === kind) ?? group;
            Object.assign(state, { group: next, head: next.heads[0], q: next.firstRow, k: null });
            draw("kind");
          } }),
          llmx.select({ label: "Layer", name: "block", choices: blocks.map((b) => [String(b), String(b)]), value: String(group.block), onchange: (b) => {
            choose(Number(b), state.head);
            draw("block");
          } }),
          llmx.select({ label: "Head", name: "head", choices: heads.map((x) => [String(x), String(x)]), value: String(state.head), onchange: (x) => {
            choose(group.block, Number(x));
            draw("head");
          } }),
          llmx.select({ label: "Query", name: "query", choices: rows.map((q) => [String(q), label(q)]), value: String(state.q), onchange: (q) => {
            state.q = Number(q);
            draw("query");
          } })),
        pair, h("div", { class: "table-scroll", tabindex: "0", role: "group", "aria-label": "Keys" }, table),
        h("p", { class: "quiet", text: "Queries and keys as they enter the dot product, after rotary embedding; heads of a group share their keys." }), llmx.leftOut(result, "neurons") ?? "");
      show(state.k);
      if (focused) root.querySelector(`[data-name="${focused}"]`)?.focus();
    };
    draw();
    return {
      csv: () => {
        const { group, head, q } = state;
        return { name: `neurons-layer-${group.block}-head-${head}`, rows: [["key", "key_text", "product", "score", "weight"], ...group.look(head, q).map((e) => [e.k, group.keyTokens[e.k].text, e.dot, e.score, e.weight])] };
      },
    };
  };

  llmx.view({
    name: "neuron", title: "Neurons", order: 43, controls: [],
    hint: "The query and key of a pair of tokens, number by number, and how their product becomes a weight.",
    serves: (result) => llmx.neurons(result).length > 0,
    view: build,
  });
})();

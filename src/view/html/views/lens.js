// Logit lens (nostalgebraist 2020): what the model's own head would write after every layer.
"use strict";
(() => {
  const h = llmx.h;
  const most = 16; // positions at a time

  const build = (root, result, context) => {
    const lens = result.views.logit_lens;
    const answer = result.Decode_output;
    const state = llmx.remembered(context, "lens", { from: 0, cell: "top" });
    const text = (id) => lens.text[id] ?? `token ${id}`;

    const tooltip = (cell, b, t) => {
      const rows = lens.ids[b][t].map((id, k) => [llmx.wordLabel(text(id), 28), llmx.percent(lens.probabilities[b][t][k])]);
      rows.push([`written: ${llmx.tokenLabel(answer[t], 20)}`, `${llmx.percent(lens.answer_probabilities[b][t])}, rank ${lens.answer_ranks[b][t]}`]);
      llmx.tooltip.show(cell, llmx.tooltipRows(`After layer ${lens.blocks[b]}, where “${llmx.tokenLabel(answer[t], 20)}” was written`, rows));
    };

    const draw = (focused) => {
      const last = Math.min(answer.length, state.from + most);
      const positions = Array.from({ length: last - state.from }, (_, i) => state.from + i);
      const scale = llmx.scale({ top: 1, signed: false, contrast: 0.2 });
      const layers = lens.blocks.map((_, b) => lens.blocks.length - 1 - b); // the last on top
      const cells = [];
      const cell = (b, t) => {
        const own = state.cell === "own";
        const p = own ? lens.answer_probabilities[b][t] : lens.probabilities[b][t][0];
        const written = lens.answer_ranks[b][t] === 1;
        const shown = own ? `${llmx.percent(p)} · ${lens.answer_ranks[b][t]}` : llmx.wordLabel(text(lens.ids[b][t][0]), 12);
        const td = h("td", { class: `lens-cell${written ? " written" : ""}`, tabindex: "-1", data: { layer: lens.blocks[b], token: t }, style: { backgroundColor: scale.css(p), color: scale.ink(p) }, text: shown });
        cells.push(td);
        return td;
      };
      const table = h("table", { class: "lens-table", role: "grid", "aria-label": "Most probable tokens: layers down, answer positions across" },
        h("thead", {}, h("tr", {}, h("th", { scope: "col", text: "Layer" }), positions.map((t) => h("th", { scope: "col", text: llmx.wordLabel(answer[t], 12) })))),
        h("tbody", {}, layers.map((b) => h("tr", {}, h("th", { scope: "row", text: String(lens.blocks[b]) }), positions.map((t) => cell(b, t))))));
      if (cells.length > 0) cells[0].tabIndex = 0;
      llmx.roving(table, () => cells);
      const tell = (e) => {
        const td = llmx.closest(e, "[data-token]");
        if (td) tooltip(td, lens.blocks.indexOf(Number(td.dataset.layer)), Number(td.dataset.token));
        else llmx.tooltip.hide();
      };
      for (const type of ["pointerover", "focusin"]) table.addEventListener(type, tell);
      for (const type of ["pointerleave", "focusout"]) table.addEventListener(type, llmx.tooltip.hide);
      root.replaceChildren(
        h("div", { class: "controls" },
          llmx.segmented({ label: "Cells show", name: "cell", choices: [["top", "the most probable token"], ["own", "the written token's probability and rank"]], value: state.cell, onchange: (v) => {
            state.cell = v;
            draw();
          } }),
          answer.length > most && llmx.slider({ label: "From token", name: "from", min: 0, max: answer.length - most, step: 1, value: state.from, text: (v) => `${Number(v) + 1} to ${Math.min(answer.length, Number(v) + most)} of ${answer.length}`, oninput: (v) => {
            state.from = v;
            draw("from");
          } }),
          llmx.legend(scale, null)),
        h("p", { class: "says", text: "The model's final norm and output head, applied after each layer. A frame marks cells where the written token is the most probable one. Early layers were not trained to be read this way." }),
        h("div", { class: "table-scroll", tabindex: "0", role: "group", "aria-label": "Logit lens" }, table));
      if (focused) root.querySelector(`[data-name="${focused}"]`)?.focus();
    };
    draw();
    return {
      csv: () => {
        const rows = [["layer", "answer_token", "answer_text", "rank", "id", "text", "probability"]];
        lens.blocks.forEach((block, b) => answer.forEach((own, t) => {
          lens.ids[b][t].forEach((id, k) => rows.push([block, t, own, k + 1, id, text(id), llmx.shortest(lens.probabilities[b][t][k])]));
        }));
        return { name: "logit-lens", rows };
      },
    };
  };

  llmx.view({
    name: "lens", title: "Logit lens", order: 44, controls: [],
    hint: "What the model would write after each layer.",
    serves: (result) => (result.views?.logit_lens?.blocks.length ?? 0) > 0 && result.Decode_output.length > 0,
    view: build,
  });
})();

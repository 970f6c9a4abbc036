// Matrix: every explained token against every unit of the prompt.
"use strict";
(() => {
  const h = llmx.h;

  const cellsOf = (context) => {
    const { state } = context;
    const map = context.map();
    const units = llmx.unitsOf(map, context.prompt, state.unit);
    const size = state.sign === "absolute" && map.signed;
    const plain = units.length === map.units.length && !size;
    const joined = plain ? map.scores : map.targets.map((_, r) => llmx.aggregate(map.scores[r], units, state.aggregation).map((v) => (size ? Math.abs(v) : v)));
    let [first, second] = [0, 0];
    for (const row of joined) {
      for (const v of row) {
        const s = Math.abs(v);
        if (s > first) [first, second] = [s, first];
        else if (s > second) second = s;
      }
    }
    // Attention's first token gets most of every row: the scale ends where the second largest column does.
    const tops = units.map((_, c) => joined.reduce((m, row) => Math.max(m, Math.abs(row[c])), 0)).sort((a, b) => b - a);
    const clipped = tops.length > 1 && tops[1] > 0 && tops[0] > 3 * tops[1];
    return {
      map, units, rows: joined.length, columns: units.length, at: (r) => joined[r], top: clipped ? tops[1] : first, clipped: clipped ? tops[0] : null, signed: map.signed && state.sign === "signed",
      rowText: (r) => map.targets[r].text, columnText: (c) => units[c].text,
      tell: (r, c) => llmx.tooltipRows(llmx.tokenLabel(units[c].text), [
        [map.rowsBy === "block" ? "at" : "for", llmx.tokenLabel(map.targets[r].text, 24)], ["score", llmx.number(joined[r][c])],
        ["rank in the row", `${llmx.ranks(joined[r])[c]} of ${units.length}`],
        map.errors && units[c].of.length === 1 && ["standard error", llmx.number(map.errors[r][units[c].of[0]])],
      ]),
    };
  };

  llmx.view({
    name: "matrix", title: "Matrix", order: 20, controls: ["map", "unit", "sign", "contrast"],
    hint: "Rows: what is explained. Columns: what it depends on. Selecting a row here selects it in the text map, too.",
    serves: (result, context) => context.maps.some((m) => m.targets.length > 1),
    view(root, result, context) {
      const legend = h("div", { class: "legend-place" });
      const place = h("div", { class: "matrix-place" });
      root.append(legend, place);
      let cells = null;
      const pick = (r) => {
        const { first, last } = cells.map.targets[r];
        const { span } = context.state;
        const same = span && span.first === first && span.last === last;
        context.set({ span: same || cells.map.rowsBy !== "token" ? null : { first, last }, hover: null, row: cells.map.alternatives && !same ? r : null });
      };
      const matrix = llmx.matrix(place, { label: "Matrix of scores", onpick: pick, announce: context.announce });
      Object.assign(root, { matrixStats: matrix.stats }); // for tests
      const mark = () => {
        const { span } = context.state;
        matrix.mark(span && cells.map.rowsBy === "token" ? llmx.rowsFor(cells.map, span) : []);
      };
      const show = (keep) => {
        const scale = llmx.scale({ top: cells.top, contrast: context.state.contrast, signed: cells.signed });
        matrix.show(cells, scale, keep);
        legend.replaceChildren(llmx.legend(scale, cells.clipped));
        mark();
      };
      cells = cellsOf(context);
      show(false);
      return {
        update(changes) {
          if (["map", "unit", "aggregation", "sign"].some((k) => changes.has(k))) {
            cells = cellsOf(context);
            show(false);
          } else if (changes.has("contrast")) show(true);
          else mark();
        },
        close: matrix.close,
      };
    },
  });
})();

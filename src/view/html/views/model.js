// Model view: every head of every layer as a thumbnail; one of them enlarged (BertViz, Vig 2019).
"use strict";
(() => {
  const h = llmx.h;
  const size = 34;

  const rowsOf = (part, block, head) => {
    const from = part.first(block, head);
    return { from, rows: part.rows.map((_, q) => q).slice(from).filter((q) => part.row(block, head, q) !== null) };
  };

  /** A thumbnail: the largest weight of the cells that share a point. */
  const thumbnail = (part, block, head, scale) => {
    const { rows } = rowsOf(part, block, head);
    const canvas = h("canvas", { width: size, height: size, "aria-hidden": "true" });
    const pen = llmx.pen(canvas);
    const picture = pen.createImageData(size, size);
    const most = new Float32Array(size * size);
    rows.forEach((q, r) => {
      const y = Math.floor((r * size) / rows.length);
      const ends = Math.max(y + 1, Math.floor(((r + 1) * size) / rows.length));
      part.row(block, head, q).forEach((v, k) => {
        const x = Math.floor((k * size) / part.keys.length);
        const to = Math.max(x + 1, Math.floor(((k + 1) * size) / part.keys.length));
        for (let a = y; a < ends; ++a) for (let b = x; b < to; ++b) most[a * size + b] = Math.max(most[a * size + b], v);
      });
    });
    most.forEach((v, i) => picture.data.set([...scale.bytes(v), 255], 4 * i));
    pen.putImageData(picture, 0, 0);
    return canvas;
  };

  const enlarged = (part, block, head, width) => {
    const { rows } = rowsOf(part, block, head);
    const columns = part.keys.length;
    const side = Math.min(width, Math.max(300, Math.min(14 * columns, 900)));
    const height = Math.min(700, Math.max(120, Math.min(14 * rows.length, side)));
    const scale = llmx.scale({ top: 1, signed: false, contrast: 0.3 });
    const map = llmx.heatmap({
      rows: rows.length, columns, width: side, height, name: "enlarged", label: `Layer ${block}, ${llmx.headName(head)}: queries down, keys across`,
      cells: (i, k) => part.row(block, head, rows[i])[k], scale: () => scale,
      tell: (i, k, place) => {
        const query = part.rows[rows[i]];
        llmx.tooltip.show(place, llmx.tooltipRows(`${llmx.percent(part.row(block, head, rows[i])[k])} of the attention`, [
          ["query", llmx.tokenLabel(query.text)], query.predicts !== null && ["predicts", llmx.tokenLabel(query.predicts)], ["key", llmx.tokenLabel(part.keys[k].text)]]));
      },
    });
    return h("figure", { class: "enlarged" },
      h("figcaption", { text: `Layer ${block}, ${llmx.headName(head)}: ${rows.length} queries down, ${columns} keys across` }), map.element, llmx.legend(scale, null));
  };

  const build = (root, result, context) => {
    const parts = llmx.attention(result);
    /** @typedef {{part: AttentionPart, block: number | null, head: number | null}} Chosen */
    const state = llmx.remembered(context, "model", /** @type {Chosen} */ ({ part: parts[0], block: null, head: null }));
    const draw = () => {
      const { part } = state;
      const most = Math.max(...part.heads);
      const heads = [llmx.meanHead, ...Array.from({ length: most }, (_, i) => i)];
      const scale = llmx.scale({ top: 1, signed: false, contrast: 0.45 });
      const big = h("div", { class: "enlarged-place" });
      const open = (block, head) => {
        Object.assign(state, { block, head });
        big.replaceChildren(enlarged(part, block, head, Math.max(260, root.clientWidth - 30)));
        for (const b of buttons) b.setAttribute("aria-pressed", String(Number(b.dataset.block) === block && Number(b.dataset.head) === head));
      };
      const buttons = [];
      const cell = (block, head) => {
        if (!part.has(block, head)) return h("td", { class: "no-thumb" }, h("span", { class: "only-heard", text: "left out" }));
        const button = h("button", { type: "button", class: "thumb", tabindex: "-1", "aria-pressed": "false", "aria-label": `Layer ${block}, ${llmx.headName(head)}`, data: { block, head }, onclick: () => {
          open(block, head);
          big.scrollIntoView({ block: "nearest" });
        } }, thumbnail(part, block, head, scale));
        buttons.push(button);
        return h("td", {}, button);
      };
      const table = h("table", { class: "thumbs" },
        h("thead", {}, h("tr", {}, h("th", { scope: "col", text: "Layer" }), heads.map((head) => h("th", { scope: "col", text: head === llmx.meanHead ? "mean" : String(head) })))),
        h("tbody", {}, part.blocks.map((block) => h("tr", {}, h("th", { scope: "row", text: String(block) }), heads.map((head) => cell(block, head))))));
      if (buttons.length > 0) buttons[0].tabIndex = 0;
      llmx.roving(table, () => buttons);
      root.replaceChildren(
        h("div", { class: "controls" }, llmx.kindControl(parts, part, (next) => {
          Object.assign(state, { part: next, block: null, head: null });
          draw();
        }) || ""),
        h("p", { class: "says", text: `${part.title}: ${buttons.length} of ${part.blocks.length * 1 + part.heads.reduce((a, b) => a + b, 0)} maps are in this file (one per head, and the mean). Thumbnails have queries down and keys across; click one or press Enter to enlarge it.` }),
        h("div", { class: "thumbs-scroll", tabindex: "0", role: "group", "aria-label": "Thumbnails of all heads" }, table), big, llmx.leftOut(result, "attention") ?? "");
      if (state.block !== null) open(state.block, state.head);
    };
    draw();
    return {
      csv: () => {
        const { part } = state;
        /** @type {Table} */
        const rows = [["kind", "layer", "head", "query", "query_text", "key", "key_text", "weight"]];
        const [block, head] = [state.block ?? part.blocks[0], state.head ?? llmx.meanHead];
        if (part.has(block, head)) part.rows.forEach((query, q) => part.row(block, head, q)?.forEach((v, k) => v > 0 && rows.push([part.kind, block, head === llmx.meanHead ? "mean" : head, q, query.text, k, part.keys[k].text, llmx.shortest(v)])));
        return { name: `attention-layer-${block}`, rows };
      },
    };
  };

  llmx.view({
    name: "model", title: "All heads", order: 41, controls: [],
    hint: "What every head of every layer attends to, at a glance.",
    serves: (result) => llmx.attention(result).length > 0,
    view: build,
  });
})();

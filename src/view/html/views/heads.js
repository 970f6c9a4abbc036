// Head view: lines from each query to the keys that it attends to, one colour per head (BertViz, Vig 2019).
"use strict";
(() => {
  const h = llmx.h;
  const s = llmx.s;
  const line = 19; // points a token takes
  const gap = 190; // between the columns
  const shades = [0.12, 0.28, 0.5, 0.75, 1];

  const column = (tokens, side, from = 0) => {
    const items = tokens.map((t, i) => h("li", { class: "head-token", role: "option", tabindex: i === 0 ? "0" : "-1", "aria-selected": "false", data: { token: from + i } }, h("span", { class: "head-text", text: llmx.wordLabel(t.text, 22) })));
    const list = h("ul", { class: `head-column ${side}`, role: "listbox", "aria-label": side === "queries" ? "Queries (attending tokens)" : "Keys (attended tokens)" }, items);
    return { list, items };
  };

  /** Lines of the rows and heads at hand as one path a head and shade. */
  const paths = (part, state, from, rows, placeOf) => {
    const colours = llmx.categories();
    const drawn = [];
    for (const head of state.heads) {
      const pieces = shades.map(() => /** @type {string[]} */ ([]));
      for (const q of rows) {
        const row = part.row(state.block, head, q);
        if (row === null) continue;
        row.forEach((v, k) => {
          if (v < state.least || (state.key !== null && k !== state.key) || placeOf[k] < 0) return;
          const shade = Math.min(shades.length - 1, Math.floor(v * shades.length));
          const [y1, y2] = [(q - from + 0.5) * line, (placeOf[k] + 0.5) * line];
          pieces[shade].push(`M0 ${y1}C${gap / 2} ${y1} ${gap / 2} ${y2} ${gap} ${y2}`);
        });
      }
      const colour = colours[Math.max(head, 0) % colours.length];
      pieces.forEach((d, i) => {
        if (d.length > 0) drawn.push(s("path", { d: d.join(""), fill: "none", stroke: colour, "stroke-width": 1.2 + 1.6 * shades[i], "stroke-opacity": shades[i], "data-lines": d.length }));
      });
    }
    return drawn;
  };

  const build = (root, result, context) => {
    const parts = llmx.attention(result);
    /** @typedef {{part: AttentionPart, block: number, heads: Set<number>, row: number | null, key: number | null, least: number, every: boolean}} Heads
     *  block: -1 until one is chosen; row, key: pinned tokens; every: show keys that nothing attends to. */
    const state = llmx.remembered(context, "heads", /** @type {Heads} */ ({ part: parts[0], block: -1, heads: new Set(), row: null, key: null, least: 0.1, every: false }));
    const draw = () => {
      const { part } = state;
      const blocks = part.blocks.filter((b) => part.has(b, llmx.meanHead) || part.keptHeads(b).length > 0);
      const fresh = !blocks.includes(state.block);
      if (fresh) state.block = blocks.find((b) => part.keptHeads(b).length > 0) ?? blocks[0];
      const heads = [...part.keptHeads(state.block), ...(part.has(state.block, llmx.meanHead) ? [llmx.meanHead] : [])];
      if (fresh) state.heads = new Set(heads.some((x) => x >= 0) ? heads.filter((x) => x >= 0) : heads);
      for (const head of [...state.heads]) if (!heads.includes(head)) state.heads.delete(head);
      if (state.heads.size === 0) state.heads.add(heads[heads.length - 1]);
      const from = Math.min(...heads.map((head) => part.first(state.block, head)));
      const queries = column(part.rows.slice(from), "queries", from);
      const keys = column(part.keys, "keys");
      const many = part.keys.length > 60;
      const lines = s("svg", { class: "head-lines", width: gap, role: "img" });
      /** Where each key stands: of many keys those alone that something looks at. */
      const placeKeys = () => {
        const seen = new Uint8Array(part.keys.length);
        if (!many || state.every) seen.fill(1);
        else for (const head of state.heads) part.rows.forEach((_, q) => part.row(state.block, head, q)?.forEach((v, k) => { if (v >= state.least) seen[k] = 1; }));
        if (state.key !== null) seen[state.key] = 1;
        let next = 0;
        const places = Array.from(seen, (on) => (on ? next++ : -1));
        keys.items.forEach((item, k) => { item.hidden = places[k] < 0; });
        const height = Math.max(part.rows.length - from, next, 1) * line;
        lines.setAttribute("height", String(height));
        lines.setAttribute("viewBox", `0 0 ${gap} ${height}`);
        if (!keys.items.some((item) => item.tabIndex === 0 && !item.hidden)) {
          const first = keys.items.find((item) => !item.hidden);
          if (first) first.tabIndex = 0;
        }
        return places;
      };
      const says = h("p", { class: "says", "aria-live": "polite" });
      let shown = state.row;

      const weightOf = (q, k) => Math.max(0, ...[...state.heads].map((head) => part.row(state.block, head, q)?.[k] ?? 0));
      const paint = () => {
        const rows = shown !== null ? [shown] : part.rows.map((_, q) => q).slice(from);
        lines.replaceChildren(...paths(part, state, from, rows, placeKeys()));
        lines.setAttribute("aria-label", `Lines for weights of at least ${llmx.number(state.least)}, layer ${state.block}`);
        const scale = llmx.scale({ top: 1, signed: false });
        queries.items.forEach((item, i) => {
          item.setAttribute("aria-selected", String(from + i === state.row));
          const v = state.key === null ? 0 : weightOf(from + i, state.key);
          item.style.backgroundColor = v > 0 ? scale.css(v) : "";
          item.style.color = v > 0 ? scale.ink(v) : "";
        });
        keys.items.forEach((item, k) => {
          item.setAttribute("aria-selected", String(k === state.key));
          const v = shown === null ? 0 : weightOf(shown, k);
          item.style.backgroundColor = v > 0 ? scale.css(v) : "";
          item.style.color = v > 0 ? scale.ink(v) : "";
        });
        const query = shown === null ? null : part.rows[shown];
        says.textContent = query
          ? `“${llmx.tokenLabel(query.text)}”${query.predicts === null ? "" : `, which predicts “${llmx.tokenLabel(query.predicts)}”,`} attends to: ${topOf(shown)}.`
          : `Layer ${state.block}, ${part.title}. Hover over a token on the left to see its own lines, click to pin it; click a token on the right to see which tokens attend to it.`;
      };
      const topOf = (q) => {
        const found = [...state.heads].flatMap((head) => llmx.topKeys(part.row(state.block, head, q) ?? [], 2).map((e) => ({ ...e, head })));
        found.sort((a, b) => b.v - a.v);
        return found.slice(0, 4).map((e) => `“${llmx.tokenLabel(part.keys[e.k].text)}” ${llmx.percent(e.v)} (${llmx.headName(e.head)})`).join(", ") || "nothing shown here";
      };
      const soon = llmx.framed(paint);
      const at = (event) => {
        const item = llmx.closest(event, "[data-token]");
        return item ? Number(item.dataset.token) : null;
      };
      const preview = (e) => {
        const q = at(e);
        if (q === null || q === shown) return;
        shown = q;
        soon();
      };
      const back = () => {
        shown = state.row;
        soon();
      };
      queries.list.addEventListener("pointerover", preview);
      queries.list.addEventListener("pointerleave", back);
      queries.list.addEventListener("focusin", preview);
      queries.list.addEventListener("focusout", back);
      const pin = (q) => {
        if (q === null) return;
        state.row = state.row === q ? null : q;
        shown = state.row ?? q;
        soon();
      };
      const pinKey = (k) => {
        if (k === null) return;
        state.key = state.key === k ? null : k;
        soon();
      };
      for (const { side, choose } of [{ side: queries, choose: pin }, { side: keys, choose: pinKey }]) {
        side.list.addEventListener("click", (e) => choose(at(e)));
        side.list.addEventListener("keydown", (e) => {
          if (e.key === "Escape") {
            Object.assign(state, { row: null, key: null });
            shown = null;
            soon();
          }
          if (e.key !== "Enter" && e.key !== " ") return;
          e.preventDefault();
          choose(at(e));
        });
        llmx.roving(side.list, () => side.items.filter((item) => !item.hidden));
      }
      root.replaceChildren(
        h("div", { class: "controls" },
          llmx.kindControl(parts, part, (next) => {
            Object.assign(state, { part: next, block: -1, row: null, key: null });
            draw();
          }),
          llmx.blockControl(blocks, state.block, (block) => {
            state.block = block;
            again("block");
          }),
          llmx.headButtons(heads, state.heads, soon),
          llmx.slider({ label: "Minimum weight", name: "least", min: 0.02, max: 0.9, step: 0.01, value: state.least, text: (v) => llmx.percent(v), oninput: (v) => {
            state.least = v;
            soon();
          } }),
          many && llmx.checkbox({ label: "Show unattended keys", name: "every", value: state.every, onchange: (on) => {
            state.every = on;
            soon();
          } })),
        says,
        h("div", { class: "head-view" }, queries.list, lines, keys.list),
        llmx.leftOut(result, "attention") ?? "");
      paint();
    };
    const again = (focused) => {
      draw();
      root.querySelector(`[data-name="${focused}"]`)?.focus();
    };
    draw();
    return {
      csv: () => {
        const { part, block, heads } = state;
        /** @type {Table} */
        const rows = [["kind", "layer", "head", "query", "query_text", "key", "key_text", "weight"]];
        for (const head of heads) part.rows.forEach((query, q) => part.row(block, head, q)?.forEach((v, k) => v > 0 && rows.push([part.kind, block, head === llmx.meanHead ? "mean" : head, q, query.text, k, part.keys[k].text, llmx.shortest(v)])));
        return { name: `attention-layer-${block}`, rows };
      },
    };
  };

  llmx.view({
    name: "heads", title: "Heads", order: 40, controls: [],
    hint: "Which tokens each head of a layer attends to. Attention shows what is read, not how it affects the answer.",
    serves: (result) => llmx.attention(result).length > 0,
    view: build,
  });
})();

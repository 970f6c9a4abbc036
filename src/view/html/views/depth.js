// Words across depth: for a word of the prompt, the attention that each answer token pays it in each layer (what
// DAAM, Tang et al. 2023, does for images), and how far two words' maps overlap.
"use strict";
(() => {
  const h = llmx.h;

  /** Words that can be chosen: [{text, tokens}] of the part's keys. */
  const wordsOf = (context, part) => {
    const prompt = context.prompt;
    const isPrompt = part.kind !== "self" || context.result.model.kind !== "encoder-decoder";
    if (!isPrompt) return part.keys.map((t, k) => ({ text: t.text, tokens: [k] }));
    const words = llmx.groups(prompt, "word").map(({ tokens }) => {
      const [a, b] = [prompt.spans[tokens[0]][0], prompt.spans[tokens[tokens.length - 1]][1]];
      return { text: prompt.text.slice(a, b), tokens };
    });
    return words.filter((w) => w.tokens[w.tokens.length - 1] < part.keys.length);
  };

  /** Rows that predict the answer, and the layers of which the chosen heads are there. */
  const gridOf = (part, heads) => {
    const rows = part.rows.map((_, q) => q).slice(part.answerRow);
    const blocks = part.blocks.filter((b) => heads.every((head) => part.has(b, head)));
    return { rows, blocks };
  };
  const cellsOf = (part, grid, heads, word) => grid.blocks.map((block) => grid.rows.map((q) => {
    const row = llmx.meanRow(part, block, heads, q);
    return row === null ? null : word.tokens.reduce((sum, k) => sum + row[k], 0);
  }));
  const largest = (cells) => Math.max(1e-9, ...cells.flat().map((v) => v ?? 0));

  const build = (root, result, context) => {
    const parts = llmx.attention(result);
    /** @typedef {{part: AttentionPart, heads: Set<number>, words: (number | null)[], off: Set<number>}} Depth
     *  words: indices of the words compared; off: layers left out of the means. */
    const state = llmx.remembered(context, "depth", /** @type {Depth} */ ({ part: parts[0], heads: new Set([llmx.meanHead]), words: [null, null], off: new Set() }));

    const draw = (focused) => {
      const { part } = state;
      const words = wordsOf(context, part);
      const allHeads = [llmx.meanHead, ...Array.from({ length: Math.max(...part.heads) }, (_, i) => i)].filter((head) => part.blocks.some((b) => part.has(b, head)));
      for (const head of [...state.heads]) if (!allHeads.includes(head)) state.heads.delete(head);
      if (state.heads.size === 0) state.heads.add(allHeads[0]);
      const heads = [...state.heads].sort((a, b) => a - b);
      const grid = gridOf(part, heads);
      if (state.words[0] === null) state.words[0] = liveliest(part, grid, heads, words);
      const tokens = grid.rows.map((q) => part.rows[q].predicts ?? part.rows[q].text);
      const chosen = state.words.map((i) => (i === null ? null : words[i]));
      const label = (word) => `“${llmx.tokenLabel(word.text.trim() || word.text, 24)}”`;
      const cells = chosen.map((word) => (word ? cellsOf(part, grid, heads, word) : null));
      const width = Math.max(240, Math.min(root.clientWidth - 70, Math.max(360, tokens.length * 14)));
      const height = Math.max(60, Math.min(460, grid.blocks.length * 14));
      const used = grid.blocks.map((b, i) => [b, i]).filter(([b]) => !state.off.has(b)).map(([, i]) => i);

      const mapOf = (values, title, name, tell) => {
        const scale = llmx.scale({ top: largest(values), signed: false });
        const map = llmx.heatmap({
          rows: grid.blocks.length, columns: tokens.length, width, height, name, label: `${title}: layers down, answer tokens across`,
          cells: (i, j) => (state.off.has(grid.blocks[i]) ? null : values[i][j]), scale: () => scale,
          tell: (i, j, place) => llmx.tooltip.show(place, llmx.tooltipRows(llmx.percent(values[i][j] ?? 0), [["layer", String(grid.blocks[i])], ["answer token", llmx.tokenLabel(tokens[j])], ...tell(i, j)])),
        });
        return h("figure", { class: "depth-map" }, h("figcaption", { text: title }), h("div", { class: "depth-axis" }, h("span", { text: String(grid.blocks[0]) }), h("span", { text: "layer" }), h("span", { text: String(grid.blocks[grid.blocks.length - 1]) })), map.element, llmx.legend(scale, null));
      };
      /** The answer coloured by the mean over the layers that are on. */
      const answerOf = (values, title) => {
        const means = tokens.map((_, j) => (used.length === 0 ? 0 : used.reduce((sum, i) => sum + (values[i][j] ?? 0), 0) / used.length));
        const scale = llmx.scale({ top: Math.max(1e-9, ...means), signed: false });
        return h("div", { class: "depth-answer" }, h("p", { class: "quiet", text: `${title}, mean over ${used.length} layer${used.length === 1 ? "" : "s"}` }),
          h("p", { class: "depth-text", dir: "auto" }, tokens.map((text, j) => h("span", { class: "token", title: llmx.percent(means[j]), style: { backgroundColor: scale.css(means[j]), color: scale.ink(means[j]) } }, llmx.tokenNodes(text)))));
      };

      const figures = [];
      if (grid.blocks.length === 0 || tokens.length === 0) {
        figures.push(h("p", { text: "No layer in this file has all of these heads; select fewer, or the mean." }));
      } else {
        chosen.forEach((word, i) => word && figures.push(mapOf(cells[i], `Attention to ${label(word)}`, `word-${i + 1}`, () => []), answerOf(cells[i], label(word))));
        if (cells[0] && cells[1]) {
          const both = cells[0].map((row, i) => row.map((v, j) => Math.min(v ?? 0, cells[1][i][j] ?? 0)));
          const sum = (pick) => used.reduce((s, i) => s + cells[0][i].reduce((t, v, j) => t + pick(v ?? 0, cells[1][i][j] ?? 0), 0), 0);
          const union = sum(Math.max);
          const overlap = union > 0 ? sum(Math.min) / union : 0;
          figures.push(h("p", { class: "overlap", "aria-live": "polite" }, h("strong", { text: `Overlap ${llmx.percent(overlap)}` }), `: the share of attention that both words get in the same layer from the same token (Σ min / Σ max).`),
            mapOf(both, `Shared by ${label(chosen[0])} and ${label(chosen[1])} (the smaller of the two)`, "overlap", (i, j) => chosen.map((w, k) => [label(w), llmx.percent(cells[k][i][j] ?? 0)])));
        }
      }

      const wordChoice = (i, text, name) => llmx.select({ label: text, name, choices: [...(i === 1 ? [["", "none"]] : []), ...words.map((w, k) => [String(k), `${k + 1}: ${llmx.tokenLabel(w.text.trim() || w.text, 24)}`])], value: state.words[i] === null ? "" : String(state.words[i]), onchange: (v) => {
        state.words[i] = v === "" ? null : Number(v);
        draw(name);
      } });
      const layers = h("div", { class: "heads", role: "group", "aria-label": "Layers" });
      const layerButtons = grid.blocks.map((b) => h("button", { type: "button", class: "head-button", tabindex: "-1", "aria-pressed": String(!state.off.has(b)), data: { layer: b, name: `layer-${b}` }, text: String(b), onclick: () => {
        if (state.off.has(b)) state.off.delete(b);
        else state.off.add(b);
        draw(`layer-${b}`);
      } }));
      if (layerButtons.length > 0) layerButtons[0].tabIndex = 0;
      layers.append(...layerButtons);
      llmx.roving(layers, () => layerButtons);
      root.replaceChildren(
        h("div", { class: "controls" },
          llmx.kindControl(parts, part, (next) => {
            Object.assign(state, { part: next, words: [null, null], off: new Set() });
            draw("kind");
          }),
          wordChoice(0, "Word", "word"), wordChoice(1, "compare with", "other"),
          llmx.headButtons(allHeads, state.heads, () => {
            draw();
          }),
          h("span", { class: "control" }, h("span", { class: "control-name", text: "Layers" }), layers,
            h("button", { type: "button", class: "plain-button", text: state.off.size === 0 ? "none" : "all", data: { name: "layers" }, onclick: () => {
              state.off = state.off.size === 0 ? new Set(grid.blocks) : new Set();
              draw("layers");
            } }))),
        h("p", { class: "says", text: `${part.title}; ${heads.map(llmx.headName).join(", ")}. Rows are layers from first (top) to last, columns are answer tokens.` }),
        ...figures, llmx.leftOut(result, "attention") ?? "");
      if (focused) root.querySelector(`[data-name="${focused}"]`)?.focus();
    };

    /** The word that the answer looks at most, the first two apart: attention to them is a sink's. */
    const liveliest = (part, grid, heads, words) => {
      let best = 0;
      let most = -1;
      words.forEach((word, i) => {
        if (word.tokens[0] < 2 || word.text.trim() === "" || !/[\p{L}\p{N}]/u.test(word.text)) return;
        const sum = grid.blocks.reduce((s, block) => s + grid.rows.reduce((t, q) => {
          const row = llmx.meanRow(part, block, heads, q);
          return t + (row === null ? 0 : word.tokens.reduce((u, k) => u + row[k], 0));
        }, 0), 0);
        if (sum > most) [best, most] = [i, sum];
      });
      return best;
    };

    draw();
    return {
      csv: () => {
        const { part } = state;
        const heads = [...state.heads].sort((a, b) => a - b);
        const grid = gridOf(part, heads);
        const words = wordsOf(context, part);
        const rows = [["word", "layer", "answer_token", "answer_text", "attention"]];
        for (const i of state.words) {
          if (i === null) continue;
          cellsOf(part, grid, heads, words[i]).forEach((row, l) => row.forEach((v, j) => v !== null && rows.push([words[i].text, grid.blocks[l], j, part.rows[grid.rows[j]].predicts ?? part.rows[grid.rows[j]].text, llmx.shortest(v)])));
        }
        return { name: "words-across-depth", rows };
      },
    };
  };

  llmx.view({
    name: "depth", title: "Words by layer", order: 42, controls: [],
    hint: "How much each answer token attends to a word of the prompt, layer by layer; two words can be compared.",
    serves: (result) => llmx.attention(result).length > 0,
    view: build,
  });
})();

// The part "views" of a result: attention maps at 8 bits, queries and keys, unpacked when they are looked at.
"use strict";
(() => {
  const h = llmx.h;

  /** As tokenLabel; a token of blanks alone is seen. */
  llmx.wordLabel = (text, most) => (/^ +$/.test(text) ? "␣".repeat(Math.min(text.length, most)) : llmx.tokenLabel(text, most));

  const bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  /** Little-endian, as every browser's machine is. */
  llmx.floats = (base64) => new Float32Array(bytes(base64).buffer);

  /** Rows of weights; a 0 and the byte n after it are n weights of 0. */
  const unpack = (map, keys) => {
    const packed = bytes(map.weights);
    const steps = llmx.floats(map.steps);
    const values = new Float32Array(map.rows * keys);
    let at = 0;
    for (let i = 0; i < packed.length; ++i) {
      if (packed[i] === 0) at += packed[++i];
      else values[at] = packed[i] * steps[Math.floor(at++ / keys)];
    }
    return Array.from({ length: map.rows }, (_, r) => values.subarray(r * keys, (r + 1) * keys));
  };

  const titles = { self: "self attention", cross: "cross attention (answer to source)", encoder: "self attention of the encoder" };
  const kindTitle = (result, kind) => (kind === "self" && result.model.kind === "encoder-decoder" ? "self attention of the decoder" : titles[kind]);

  /** The tokens that rows and columns of a kind are: [{text, predicts: the token that a row predicts, or null}]. */
  const tokensOf = (result, kind, count, side) => {
    const answer = result.Decode_output;
    if (kind === "encoder" || (kind === "cross" && side === "keys")) return result.Prompt.map((text) => ({ text, predicts: null }));
    if (result.model.kind === "encoder-decoder") return result.decoder_inputs.map((text, i) => ({ text, predicts: answer[i] ?? null }));
    const all = result.model.kind === "encoder" ? result.Prompt : [...result.Prompt, ...answer];
    const predicts = (i) => (result.model.kind !== "encoder" && i + 1 >= result.Prompt.length ? (all[i + 1] ?? null) : null);
    return all.slice(0, count).map((text, i) => ({ text, predicts: predicts(i) }));
  };

  const mean = -1;
  /** One kind of attention: `row(block, head, q)` are the weights of a query (head -1: the mean over heads), or null
   *  where they were left out; `has(block, head)`; `first(block, head)`: the first row that is there. */
  const partOf = (result, maps) => {
    const chunks = new Map();
    for (const map of maps.maps) {
      const key = `${map.block}/${map.head ?? mean}`;
      if (!chunks.has(key)) chunks.set(key, []);
      chunks.get(key).push({ map, rows: null });
    }
    const of = (block, head) => chunks.get(`${block}/${head}`) ?? [];
    const row = (block, head, q) => {
      for (const chunk of of(block, head)) {
        if (q < chunk.map.first_row || q >= chunk.map.first_row + chunk.map.rows) continue;
        chunk.rows ??= unpack(chunk.map, maps.keys);
        return chunk.rows[q - chunk.map.first_row];
      }
      return null;
    };
    return {
      kind: maps.kind, title: kindTitle(result, maps.kind), answerRow: maps.answer_row, blocks: maps.blocks, heads: maps.heads,
      rows: tokensOf(result, maps.kind, maps.rows, "rows"), keys: tokensOf(result, maps.kind, maps.keys, "keys"), row,
      has: (block, head) => of(block, head).length > 0,
      first: (block, head) => Math.min(...of(block, head).map((c) => c.map.first_row)),
      headsOf: (block) => Array.from({ length: maps.heads[maps.blocks.indexOf(block)] ?? 0 }, (_, i) => i),
      keptHeads: (block) => Array.from({ length: maps.heads[maps.blocks.indexOf(block)] ?? 0 }, (_, i) => i).filter((i) => of(block, i).length > 0),
    };
  };

  const cache = new WeakMap();
  /** Every kind of attention of a result that has maps. */
  llmx.attention = (result) => {
    if (!cache.has(result)) cache.set(result, (result.views?.attention ?? []).filter((m) => m.maps.length > 0).map((m) => partOf(result, m)));
    return cache.get(result);
  };
  llmx.meanHead = mean;
  llmx.headName = (head) => (head === mean ? "mean over heads" : `head ${head}`);
  llmx.attentionTokens = tokensOf;
  llmx.attentionTitle = kindTitle;

  /** What does not fit into the result stands under every view of it. `about`: a word of the lines that belong here. */
  llmx.leftOut = (result, about) => {
    const lines = (result.views?.left_out ?? []).filter((line) => line.includes(about));
    if (lines.length === 0) return null;
    const budget = result.views?.budget ?? 0;
    return h("details", { class: "left-out" }, h("summary", { text: `Left out of this file: ${lines.length} item${lines.length === 1 ? "" : "s"}` }),
      h("ul", {}, lines.map((line) => h("li", { text: line }))),
      h("p", { class: "quiet", text: budget > 0 ? `Attention and neurons were limited to ${llmx.number(budget / 1e6)} MB (--view-budget); --view-blocks selects layers.` : "" }));
  };

  /** What a view was last set to, kept over its being built anew. */
  llmx.remembered = (context, name, initial) => {
    const all = (context.remembered ??= new Map());
    const key = `${name}/${context.state.which}`;
    if (!all.has(key)) all.set(key, { ...initial });
    return all.get(key);
  };

  /** A choice of the kind of attention, or nothing where there is one only. */
  llmx.kindControl = (parts, chosen, onchange) => parts.length > 1 && llmx.select({
    label: "Attention", name: "kind", choices: parts.map((p) => [p.kind, p.title]), value: chosen.kind,
    onchange: (kind) => onchange(parts.find((p) => p.kind === kind) ?? chosen),
  });

  /** A choice of one of some blocks by a slider; keys and pointer. */
  llmx.blockControl = (blocks, value, oninput) => llmx.slider({
    label: "Layer", name: "block", min: 0, max: Math.max(0, blocks.length - 1), step: 1, value: Math.max(0, blocks.indexOf(value)),
    text: (i) => `${blocks[i]} (${Number(i) + 1} of ${blocks.length})`, oninput: (i) => oninput(blocks[i]),
  });

  /** Buttons of heads that can be switched one by one, in their colours; those that were left out are not there.
   *  `chosen` is a Set. */
  llmx.headButtons = (heads, chosen, onchange) => {
    const colours = llmx.categories();
    const group = h("div", { class: "heads", role: "group", "aria-label": "Heads" });
    const buttons = heads.map((head) => h("button", {
      type: "button", class: "head-button", tabindex: "-1", "aria-pressed": String(chosen.has(head)), data: { head }, title: llmx.headName(head),
      style: { borderColor: colours[Math.max(head, 0) % colours.length] }, text: head === mean ? "mean" : String(head),
      onclick: () => {
        if (chosen.has(head)) chosen.delete(head);
        else chosen.add(head);
        paint();
        onchange();
      },
    }));
    const paint = () => buttons.forEach((b, i) => {
      const on = chosen.has(heads[i]);
      b.setAttribute("aria-pressed", String(on));
      b.style.boxShadow = on ? `inset 0 -4px ${colours[Math.max(heads[i], 0) % colours.length]}` : "none";
    });
    if (buttons.length > 0) buttons[0].tabIndex = 0;
    group.append(...buttons);
    llmx.roving(group, () => buttons);
    paint();
    return h("span", { class: "control" }, h("span", { class: "control-name", text: "Heads" }), group);
  };

  /** Mean of some heads' rows of weights, or null where one of them was left out. */
  llmx.meanRow = (part, block, heads, q) => {
    if (heads.length === 1) return part.row(block, heads[0], q);
    if (heads.length === 0) return null;
    const sum = new Float32Array(part.keys.length);
    for (const head of heads) {
      const row = part.row(block, head, q);
      if (row === null) return null;
      for (let k = 0; k < sum.length; ++k) sum[k] += row[k] / heads.length;
    }
    return sum;
  };

  /** The largest weights of a row: [{k, v}]. */
  llmx.topKeys = (row, count) => Array.from(row, (v, k) => ({ k, v })).filter((e) => e.v > 0).sort((a, b) => b.v - a.v).slice(0, count);

  /** A matrix as a heat map on a canvas, each cell `cell` points at least, with a frame for the one that the keys or
   *  the pointer are at. cells(i, j) is a number or null (left out). `tell(i, j)` is called on hover and focus. */
  llmx.heatmap = ({ rows, columns, width, height, cells, scale, label, tell, pick, at = [0, 0], name }) => {
    const fine = Math.min(2, window.devicePixelRatio || 1);
    const canvas = h("canvas", { width: Math.round(width * fine), height: Math.round(height * fine), style: { width: `${width}px`, height: `${height}px` } });
    const frame = h("div", { class: "heat-frame", hidden: true });
    const box = h("div", { class: "heat", role: "application", tabindex: "0", "aria-label": label, "aria-roledescription": "heat map, arrow keys move", data: name ? { heat: name } : {}, style: { width: `${width}px`, height: `${height}px` } }, canvas, frame);
    const [cw, ch] = [width / columns, height / rows];
    let [i, j] = at;
    const paint = () => {
      const pen = llmx.pen(canvas);
      pen.setTransform(fine, 0, 0, fine, 0, 0);
      pen.clearRect(0, 0, width, height);
      // Cells finer than a point: the largest of them is shown.
      const [nr, nc] = [Math.min(rows, Math.ceil(height * fine)), Math.min(columns, Math.ceil(width * fine))];
      for (let r = 0; r < nr; ++r) {
        for (let c = 0; c < nc; ++c) {
          let most = null;
          for (let a = Math.floor((r * rows) / nr); a < Math.floor(((r + 1) * rows) / nr); ++a) {
            for (let b = Math.floor((c * columns) / nc); b < Math.floor(((c + 1) * columns) / nc); ++b) {
              const v = cells(a, b);
              if (v !== null && (most === null || Math.abs(v) > Math.abs(most))) most = v;
            }
          }
          if (most === null) continue;
          pen.fillStyle = scale().css(most);
          const [x, y] = [(c * width) / nc, (r * height) / nr];
          pen.fillRect(x, y, width / nc + 0.4, height / nr + 0.4);
        }
      }
    };
    const show = () => {
      Object.assign(frame.style, { left: `${j * cw}px`, top: `${i * ch}px`, width: `${Math.max(cw, 3)}px`, height: `${Math.max(ch, 3)}px` });
      frame.hidden = false;
      const rect = box.getBoundingClientRect();
      tell(i, j, { x: rect.left + (j + 0.5) * cw, y: rect.top + i * ch });
    };
    const hide = () => {
      frame.hidden = true;
      llmx.tooltip.hide();
    };
    const place = (event) => {
      const rect = canvas.getBoundingClientRect();
      return [Math.min(rows - 1, Math.max(0, Math.floor((event.clientY - rect.top) / ch))), Math.min(columns - 1, Math.max(0, Math.floor((event.clientX - rect.left) / cw)))];
    };
    box.addEventListener("pointermove", (e) => {
      [i, j] = place(e);
      show();
    });
    box.addEventListener("pointerleave", hide);
    box.addEventListener("focus", () => box.matches(":focus-visible") && show());
    box.addEventListener("blur", hide);
    box.addEventListener("click", (e) => {
      [i, j] = place(e);
      pick?.(i, j);
    });
    box.addEventListener("keydown", (e) => {
      const moves = { ArrowRight: [i, j + 1], ArrowLeft: [i, j - 1], ArrowDown: [i + 1, j], ArrowUp: [i - 1, j], Home: [i, 0], End: [i, columns - 1], PageUp: [0, j], PageDown: [rows - 1, j] };
      if ((e.key === "Enter" || e.key === " ") && pick) {
        e.preventDefault();
        pick(i, j);
      }
      if (!(e.key in moves) || e.altKey || e.ctrlKey || e.metaKey) return;
      e.preventDefault();
      [i, j] = [Math.min(rows - 1, Math.max(0, moves[e.key][0])), Math.min(columns - 1, Math.max(0, moves[e.key][1]))];
      show();
    });
    paint();
    return { element: box, paint };
  };
})();

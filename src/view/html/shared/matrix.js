// A matrix of scores on a canvas: any size, zoomed and moved, one pointer or keyboard cell.
"use strict";
(() => {
  const h = llmx.h;
  const bins = 4096;

  /** Scores as places on the colour scale, one Int16 a cell: −255 … 255. */
  const placed = ({ rows, columns, at }, scale) => {
    const table = Int16Array.from({ length: bins + 1 }, (_, i) => Math.round(255 * Math.abs(scale.place((i / bins) * scale.top))));
    const out = new Int16Array(rows * columns);
    for (let r = 0, k = 0; r < rows; ++r) {
      const row = at(r);
      for (let c = 0; c < columns; ++c, ++k) {
        const v = row[c];
        const t = table[Math.min(bins, Math.round((Math.abs(v) / (scale.top || 1)) * bins))];
        out[k] = v < 0 && scale.signed ? -t : t;
      }
    }
    return out;
  };

  /** Red, green and blue of a CSS colour, as bytes. */
  const channels = (css) => Array.from(css.matchAll(/\d+/g), Number);

  const colours = (scale) => {
    const packed = new Uint32Array(511);
    for (let i = -255; i <= 255; ++i) {
      const [r, g, b] = channels(scale.cssAt(i / 255));
      packed[i + 255] = (255 << 24) | (b << 16) | (g << 8) | r;
    }
    return packed;
  };

  /** First and past-last cell under each of `points` points of the screen, from `offset` on. */
  const cellsUnder = (points, offset, size, count) => {
    const first = new Int32Array(points);
    const last = new Int32Array(points);
    for (let p = 0; p < points; ++p) {
      first[p] = Math.floor((p - offset) / size);
      last[p] = Math.min(count, Math.max(first[p] + 1, Math.floor((p + 1 - offset) / size)));
      if (first[p] >= count) first[p] = -1;
    }
    return { first, last };
  };

  /** Paints the cells. Where several share a point it shows the one of largest size: no peak is lost. */
  const paint = (context, cells, places, lookup, box, view, paper) => {
    const { x, y, width, height } = box;
    if (width < 1 || height < 1) return;
    const image = context.createImageData(width, height);
    const out = new Uint32Array(image.data.buffer);
    const across = cellsUnder(width, view.x, view.sx, cells.columns);
    const down = cellsUnder(height, view.y, view.sy, cells.rows);
    for (let py = 0; py < height; ++py) {
      const [r0, r1] = [down.first[py], down.last[py]];
      if (py > 0 && r0 === down.first[py - 1] && r1 === down.last[py - 1]) {
        out.copyWithin(py * width, (py - 1) * width, py * width);
        continue;
      }
      for (let px = 0; px < width; ++px) {
        const c0 = across.first[px];
        if (r0 < 0 || c0 < 0) {
          out[py * width + px] = paper;
          continue;
        }
        let best = 0;
        for (let r = r0; r < r1; ++r) {
          for (let c = c0, k = r * cells.columns + c0; c < across.last[px]; ++c, ++k) {
            if (Math.abs(places[k]) > Math.abs(best)) best = places[k];
          }
        }
        out[py * width + px] = lookup[best + 255];
      }
    }
    context.putImageData(image, x, y);
  };

  const clamp = (v, low, high) => Math.min(Math.max(v, low), high);

  /** A matrix in `root`. `cells`: {rows, columns, at(r) → numbers, rowText(r), columnText(c), tell(r, c) → nodes};
   *  `onpick(r, c)`: a click or Enter. Returns {show(cells, scale), mark(rows), close()}. */
  llmx.matrix = (root, { label, onpick, announce }) => {
    const canvas = h("canvas", { class: "matrix", tabindex: "0", role: "application", "aria-label": `${label}. Arrow keys move between cells, plus and minus zoom, 0 shows all, Enter selects a row.` });
    const zoomButton = (text, name, f) => h("button", { type: "button", class: "plain-button", "aria-label": name, data: { zoom: name }, text, onclick: f });
    const help = h("span", { class: "quiet", text: "Drag to pan, Ctrl + wheel to zoom." });
    root.append(h("div", { class: "matrix-tools control" }, zoomButton("−", "Zoom out", () => zoom(1 / 1.5)), zoomButton("+", "Zoom in", () => zoom(1.5)), zoomButton("all", "Show all", () => fit()), help), canvas);
    const context = llmx.pen(canvas, { alpha: false });
    const view = { x: 0, y: 0, sx: 8, sy: 8 };
    /** @type {Cells} */
    let cells; // undefined until show()
    /** @type {Int16Array} */
    let places;
    /** @type {Uint32Array} */
    let lookup;
    /** @type {{r: number, c: number} | null} */
    let cursor = null;
    let marked = new Set();
    let size = { fine: 1, width: 0, height: 0, left: 0, top: 0 };
    const stats = { draws: 0, longest: 0 };

    const measure = () => {
      const fine = window.devicePixelRatio || 1;
      const width = Math.max(200, root.clientWidth);
      const left = width < 500 ? 70 : 120;
      // Labels where they can be read once all is shown; many rows are seen by zooming.
      const few = cells.rows <= 80;
      const top = (width - left) / cells.columns >= 9 ? 84 : 16;
      const height = top + 4 + (few ? cells.rows * clamp(360 / cells.rows, 12, 18) : Math.max(300, window.innerHeight - 240));
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
      canvas.width = Math.round(width * fine);
      canvas.height = Math.round(height * fine);
      size = { fine, width: canvas.width, height: canvas.height, left: Math.round(left * fine), top: Math.round(top * fine) };
    };
    const fit = () => {
      const fine = size.fine;
      view.sx = clamp((size.width - size.left) / cells.columns, 0.02, 22 * fine);
      view.sy = clamp((size.height - size.top) / cells.rows, 0.02, 18 * fine);
      size.top = Math.round((view.sx >= 9 * fine ? 84 : 16) * fine);
      view.x = view.y = 0;
      redraw();
    };
    const keepInside = () => {
      view.x = clamp(view.x, Math.min(0, size.width - size.left - view.sx * cells.columns), 0);
      view.y = clamp(view.y, Math.min(0, size.height - size.top - view.sy * cells.rows), 0);
    };
    const zoom = (factor, px = (size.width - size.left) / 2, py = (size.height - size.top) / 2) => {
      const limit = 40 * size.fine;
      const across = clamp(view.sx * factor, Math.min(view.sx, (size.width - size.left) / cells.columns), limit);
      const down = clamp(view.sy * factor, Math.min(view.sy, (size.height - size.top) / cells.rows), limit);
      view.x = px - ((px - view.x) * across) / view.sx;
      view.y = py - ((py - view.y) * down) / view.sy;
      [view.sx, view.sy] = [across, down];
      size.top = Math.round((view.sx >= 9 * size.fine ? 84 : 16) * size.fine);
      keepInside();
      redraw();
    };

    const drawLabels = (ink, quiet) => {
      const { fine } = size;
      context.font = `${11.5 * fine}px ${getComputedStyle(document.body).fontFamily}`;
      context.textBaseline = "middle";
      if (view.sy >= 9 * fine) {
        context.textAlign = "right";
        for (let r = Math.max(0, Math.floor(-view.y / view.sy)); r < cells.rows; ++r) {
          const y = size.top + view.y + (r + 0.5) * view.sy;
          if (y > size.height) break;
          context.fillStyle = marked.has(r) || cursor?.r === r ? ink : quiet;
          if (y > size.top) context.fillText(llmx.tokenLabel(cells.rowText(r), 15), size.left - 6 * fine, y, size.left - 10 * fine);
        }
      }
      if (view.sx >= 9 * fine && size.top > 40 * fine) {
        context.textAlign = "left";
        for (let c = Math.max(0, Math.floor(-view.x / view.sx)); c < cells.columns; ++c) {
          const x = size.left + view.x + (c + 0.5) * view.sx;
          if (x > size.width) break;
          if (x < size.left) continue;
          context.save();
          context.translate(x, size.top - 6 * fine);
          context.rotate(-Math.PI / 2);
          context.fillStyle = cursor?.c === c ? ink : quiet;
          context.fillText(llmx.tokenLabel(cells.columnText(c), 14), 0, 0, size.top - 10 * fine);
          context.restore();
        }
      }
    };
    const frame = (r, c, wide, colour) => {
      context.strokeStyle = colour;
      context.lineWidth = 1.5 * size.fine;
      const x = wide ? size.left : size.left + view.x + c * view.sx;
      context.strokeRect(x, size.top + view.y + r * view.sy, wide ? Math.min(size.width - size.left, cells.columns * view.sx + view.x) : Math.max(view.sx, 3), Math.max(view.sy, 3));
    };
    const draw = () => {
      if (!cells || !canvas.isConnected) return;
      const from = performance.now();
      const style = getComputedStyle(document.body);
      const paper = style.backgroundColor;
      context.fillStyle = paper;
      context.fillRect(0, 0, size.width, size.height);
      const [pr, pg, pb] = channels(paper);
      paint(context, cells, places, lookup, { x: size.left, y: size.top, width: size.width - size.left, height: size.height - size.top }, view, ((255 << 24) | (pb << 16) | (pg << 8) | pr) >>> 0);
      const quiet = getComputedStyle(help).color;
      drawLabels(style.color, quiet);
      context.strokeStyle = quiet;
      context.globalAlpha = 0.35;
      context.lineWidth = 1;
      context.strokeRect(size.left - 0.5, size.top - 0.5, Math.min(size.width - size.left, view.x + cells.columns * view.sx), Math.min(size.height - size.top, view.y + cells.rows * view.sy) + 1);
      context.globalAlpha = 1;
      context.save();
      context.beginPath();
      context.rect(size.left - 2, size.top - 2, size.width, size.height);
      context.clip();
      for (const r of marked) frame(r, 0, true, style.color);
      if (cursor) frame(cursor.r, cursor.c, false, style.color);
      context.restore();
      stats.draws += 1;
      stats.longest = Math.max(stats.longest, performance.now() - from);
    };
    const redraw = llmx.framed(draw);

    const cellAt = (event) => {
      const box = canvas.getBoundingClientRect();
      const x = (event.clientX - box.left) * size.fine - size.left - view.x;
      const y = (event.clientY - box.top) * size.fine - size.top - view.y;
      const [r, c] = [Math.floor(y / view.sy), Math.floor(x / view.sx)];
      return r >= 0 && c >= 0 && r < cells.rows && c < cells.columns ? { r, c } : null;
    };
    const place = (cell) => {
      const box = canvas.getBoundingClientRect();
      return { x: box.left + (size.left + view.x + (cell.c + 0.5) * view.sx) / size.fine, y: box.top + (size.top + view.y + cell.r * view.sy) / size.fine };
    };
    const point = (cell, heard) => {
      cursor = cell;
      if (cell === null) llmx.tooltip.hide();
      else {
        const nodes = cells.tell(cell.r, cell.c);
        llmx.tooltip.show(place(cell), nodes);
        if (heard) announce((document.getElementById("tooltip")?.innerText ?? "").replace(/\s+/g, " "));
      }
      redraw();
    };
    const bringIn = ({ r, c }) => {
      for (const [i, s, o, room] of [[c, "sx", "x", size.width - size.left], [r, "sy", "y", size.height - size.top]]) {
        const at = view[o] + i * view[s];
        if (at < 0) view[o] -= at;
        else if (at + view[s] > room) view[o] -= at + view[s] - room;
      }
    };
    let held = null;
    canvas.addEventListener("pointerdown", (e) => {
      held = { x: e.clientX, y: e.clientY, from: { ...view }, moved: false };
      canvas.setPointerCapture(e.pointerId);
    });
    canvas.addEventListener("pointermove", (e) => {
      if (held === null) return point(cellAt(e));
      held.moved ||= Math.hypot(e.clientX - held.x, e.clientY - held.y) > 4;
      if (!held.moved) return undefined;
      llmx.tooltip.hide();
      view.x = held.from.x + (e.clientX - held.x) * size.fine;
      view.y = held.from.y + (e.clientY - held.y) * size.fine;
      keepInside();
      return redraw();
    });
    canvas.addEventListener("pointerup", (e) => {
      const cell = held && !held.moved ? cellAt(e) : null;
      held = null;
      if (cell) onpick(cell.r, cell.c);
    });
    canvas.addEventListener("pointercancel", () => { held = null; });
    canvas.addEventListener("pointerleave", () => held === null && point(null));
    canvas.addEventListener("blur", () => point(null));
    canvas.addEventListener("wheel", (e) => {
      if (!e.ctrlKey && !e.metaKey) return;
      e.preventDefault();
      const box = canvas.getBoundingClientRect();
      zoom(2 ** (-e.deltaY / 200), (e.clientX - box.left) * size.fine - size.left, (e.clientY - box.top) * size.fine - size.top);
    }, { passive: false });
    canvas.addEventListener("keydown", (e) => {
      const at = cursor ?? { r: 0, c: 0 };
      const moves = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
      if (e.key in moves) {
        const [dr, dc] = cursor ? moves[e.key] : [0, 0];
        const cell = { r: clamp(at.r + dr, 0, cells.rows - 1), c: clamp(at.c + dc, 0, cells.columns - 1) };
        bringIn(cell);
        point(cell, true);
      } else if (e.key === "+" || e.key === "=") zoom(1.5);
      else if (e.key === "-") zoom(1 / 1.5);
      else if (e.key === "0") fit();
      else if (e.key === "Enter" && cursor) onpick(cursor.r, cursor.c);
      else return;
      e.preventDefault();
    });
    const resized = new ResizeObserver(() => {
      if (!cells || Math.abs(root.clientWidth * size.fine - size.width) < 2) return;
      measure();
      fit();
    });
    resized.observe(root);

    return {
      canvas, stats,
      show(newCells, scale, keep) {
        cells = newCells;
        places = placed(cells, scale);
        lookup = colours(scale);
        if (keep) redraw();
        else {
          cursor = null;
          measure();
          fit();
        }
      },
      mark(rows) {
        marked = new Set(rows);
        redraw();
      },
      close: () => resized.disconnect(),
    };
  };
})();

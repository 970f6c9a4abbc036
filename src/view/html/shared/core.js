// The page's one global: llmx. Files of shared/ add parts to it, files of views/ register views.
"use strict";
(() => {
  const llmx = (window.llmx = /** @type {Llmx} */ ({}));

  /** All views, in the order of their tabs. A view is
   *  { name, title, order, hint: one line under the tab,
   *    controls: names of the common controls it reads ("map", "unit", "sign", "contrast"),
   *    serves(result, context): whether this result has something to show here,
   *    view(root, result, context): builds itself in the empty element `root`, and returns
   *      { update(changes): the state changed (a Set of its keys), or undefined to be built anew,
   *        close(): before the element goes (timers, listeners on window),
   *        csv(): {name, rows} of the numbers at hand, in place of the current map's } } */
  const views = [];
  llmx.view = (definition) => {
    views.push(definition);
    views.sort((a, b) => (a.order ?? 100) - (b.order ?? 100));
  };
  llmx.views = () => views.slice();

  const svg = "http://www.w3.org/2000/svg";
  const fill = (node, properties, children) => {
    for (const [key, value] of Object.entries(properties ?? {})) {
      if (value === undefined || value === null || value === false) continue;
      if (key === "class") node.setAttribute("class", value);
      else if (key === "text") node.textContent = value;
      else if (key === "style") Object.assign(node.style, value);
      else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
      else if (key === "data") Object.assign(node.dataset, value);
      else node.setAttribute(key, value === true ? "" : value);
    }
    for (const child of children.flat(Infinity)) {
      if (child !== undefined && child !== null && child !== false) node.append(child);
    }
    return node;
  };
  /** An element: h("button", {class: "x", onclick: f, text: "…"}, children…). Strings become text nodes. */
  llmx.h = (tag, properties, ...children) => fill(document.createElement(tag), properties, children);
  llmx.s = (tag, properties, ...children) => fill(document.createElementNS(svg, tag), properties, children);

  /** A store of plain values; listeners get the Set of keys that changed. */
  llmx.store = (initial) => {
    const state = { ...initial };
    const listeners = new Set();
    return {
      state,
      set(patch) {
        const changes = new Set();
        for (const [key, value] of Object.entries(patch)) {
          if (state[key] !== value) changes.add(key);
          state[key] = value;
        }
        if (changes.size > 0) for (const listen of [...listeners]) listen(changes);
      },
      on(listen) {
        listeners.add(listen);
        return () => listeners.delete(listen);
      },
    };
  };

  let counter = 0;
  /** An id for label/for and the like, once in a page. */
  llmx.id = (stem) => `${stem}-${++counter}`;

  /** The element of `selector` in which an event happened, or null. */
  llmx.closest = (event, selector) => (event.target instanceof Element ? event.target.closest(selector) : null);

  /** What draws on a canvas. */
  llmx.pen = (canvas, options) => {
    const pen = canvas.getContext("2d", options);
    if (pen === null) throw new Error("canvas: this browser cannot draw on it");
    return pen;
  };

  /** Runs `f` at most once a frame. */
  llmx.framed = (f) => {
    let asked = false;
    return () => {
      if (asked) return;
      asked = true;
      requestAnimationFrame(() => {
        asked = false;
        f();
      });
    };
  };
})();

// Form controls with labels, and the tooltip.
"use strict";
(() => {
  const h = llmx.h;

  /** A labelled list of choices: [[value, text] or {label, options: [[value, text]]}]. */
  llmx.select = ({ label, choices, value, onchange, name }) => {
    const id = llmx.id("select");
    /** @param {Choice} choice */
    const option = ([v, text]) => h("option", { value: v, selected: v === value, text });
    const select = h("select", { id, data: name ? { name } : {}, onchange: () => onchange(select.value) },
      choices.map((c) => (Array.isArray(c) ? option(c) : h("optgroup", { label: c.label }, c.options.map(option)))));
    return h("span", { class: "control" }, h("label", { for: id, text: label }), select);
  };

  /** Two or three choices side by side. */
  llmx.segmented = ({ label, choices, value, onchange, name }) => {
    const group = llmx.id("choice");
    return h("fieldset", { class: "control segmented", data: name ? { name } : {} }, h("legend", { text: label }),
      choices.map(([v, text]) => {
        const id = llmx.id("radio");
        return [h("input", { type: "radio", id, name: group, value: v, checked: v === value, onchange: () => onchange(v) }), h("label", { for: id, text })];
      }));
  };

  llmx.slider = ({ label, min, max, step, value, oninput, name, text = String }) => {
    const id = llmx.id("slider");
    const shown = h("output", { for: id, text: text(value) });
    const input = h("input", { type: "range", id, min, max, step, value, data: name ? { name } : {}, oninput: () => {
      shown.textContent = text(Number(input.value));
      oninput(Number(input.value));
    } });
    return h("span", { class: "control" }, h("label", { for: id, text: label }), input, shown);
  };

  llmx.checkbox = ({ label, value, onchange, name }) => {
    const id = llmx.id("check");
    const input = h("input", { type: "checkbox", id, checked: value, data: name ? { name } : {}, onchange: () => onchange(input.checked) });
    return h("span", { class: "control check" }, input, h("label", { for: id, text: label }));
  };

  /** Arrow keys move among `items()`, of which one can be reached by Tab. `pick(index, event)` follows the focus. */
  llmx.roving = (root, items, pick) => {
    const focus = (list, i, event) => {
      if (i < 0 || i >= list.length) return;
      for (const item of list) if (item.tabIndex === 0) item.tabIndex = -1;
      list[i].tabIndex = 0;
      list[i].focus();
      pick?.(i, event);
    };
    root.addEventListener("keydown", (e) => {
      const event = /** @type {KeyboardEvent} */ (e);
      const list = items();
      const item = llmx.closest(event, "[tabindex]");
      const at = item === null ? -1 : list.indexOf(item);
      if (at < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
      const moves = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: list.length - 1 };
      if (event.key === "ArrowDown" || event.key === "ArrowUp") moves[event.key] = llmx.lineStep(list, at, event.key === "ArrowDown");
      if (!(event.key in moves)) return;
      event.preventDefault();
      focus(list, moves[event.key], event);
    });
  };

  /** The item of the next (or previous) line that stands nearest under (over) item `at`. */
  llmx.lineStep = (list, at, down) => {
    const from = list[at].getBoundingClientRect();
    const x = (from.left + from.right) / 2;
    let best = at;
    let distance = Infinity;
    let line = null;
    for (let i = down ? at + 1 : at - 1; i >= 0 && i < list.length; i += down ? 1 : -1) {
      const r = list[i].getBoundingClientRect();
      if (r.width === 0 || (down ? r.top < from.bottom - 2 : r.bottom > from.top + 2)) continue;
      if (line !== null && Math.abs(r.top - line) > 4) break;
      line ??= r.top;
      const d = Math.abs((r.left + r.right) / 2 - x);
      if (d < distance) [best, distance] = [i, d];
    }
    return best;
  };

  const box = h("div", { class: "tooltip", role: "tooltip", id: "tooltip", hidden: true });
  /** The one tooltip: show(element or {x, y}, nodes), hide(). */
  llmx.tooltip = {
    show(anchor, ...content) {
      if (!box.isConnected) document.body.append(box);
      box.replaceChildren(...h("div", {}, content).childNodes);
      box.hidden = false;
      const at = anchor instanceof Element ? (anchor.getClientRects()[0] ?? anchor.getBoundingClientRect()) : { left: anchor.x, right: anchor.x, top: anchor.y, bottom: anchor.y };
      const size = box.getBoundingClientRect();
      const left = Math.min(Math.max(8, (at.left + at.right) / 2 - size.width / 2), document.documentElement.clientWidth - size.width - 8);
      const over = at.top - size.height - 8;
      box.style.left = `${left}px`;
      box.style.top = `${over >= 4 ? over : at.bottom + 8}px`;
    },
    hide() {
      box.hidden = true;
    },
  };
  /** Rows of a tooltip: a heading, then [name, value] pairs. */
  llmx.tooltipRows = (heading, rows) => [
    h("div", { class: "tooltip-head", text: heading }),
    h("table", {}, h("tbody", {}, rows.map((row) => row && h("tr", {}, h("th", { scope: "row", text: row[0] }), h("td", { text: row[1] }))))),
  ];

  /** The bar that tells which colour is which score. */
  llmx.legend = (scale, clipped) => {
    const stops = 48;
    const from = scale.signed ? -1 : 0;
    const bars = Array.from({ length: stops }, (_, i) => {
      const v = (from + ((1 - from) * i) / (stops - 1)) * scale.top;
      return llmx.s("rect", { x: i * 3, y: 0, width: 3.2, height: 10, fill: scale.css(v) });
    });
    const text = (v) => llmx.number(v);
    return h("div", { class: "legend" }, h("span", { text: scale.signed ? text(-scale.top) : "0" }),
      llmx.s("svg", { width: stops * 3, height: 10, role: "img", "aria-label": `Colours from ${scale.signed ? text(-scale.top) : 0} to ${text(scale.top)}` }, bars),
      h("span", { text: text(scale.top) }),
      clipped !== null && clipped !== undefined && h("span", { class: "quiet", text: `(one unit reaches ${text(clipped)})` }));
  };
})();

// What can be taken out of the page: the picture, the scores, the result.
"use strict";
(() => {
  const h = llmx.h;

  llmx.save = (name, content, type) => {
    const blob = content instanceof Blob ? content : new Blob([content], { type });
    const url = URL.createObjectURL(blob);
    const link = h("a", { href: url, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  };

  /** RFC 4180. A cell that a spreadsheet would take for a formula gets an apostrophe, numbers never. */
  llmx.csv = (rows) => {
    const cell = (v) => {
      if (typeof v === "number") return String(v);
      let text = String(v ?? "");
      if (/^[=+\-@\t\r]/.test(text)) text = `'${text}`;
      return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    };
    return rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
  };

  /** Every score of the map at hand, in the units at hand: one line a target and unit. */
  const mapCsv = (context) => {
    const map = context.map();
    const units = llmx.unitsOf(map, context.prompt, context.state.unit);
    /** @type {Table} */
    const rows = [["method", "target", "target_text", "unit", "unit_text", "kind", "first_token", "last_token", "score"]];
    map.targets.forEach((target, t) => {
      llmx.aggregate(map.scores[t], units, context.state.aggregation).forEach((v, u) => {
        const { text, kind, tokens } = units[u];
        rows.push([map.method, t, target.text, u, text, kind, tokens[0], tokens[tokens.length - 1], llmx.shortest(v)]);
      });
    });
    return { name: map.method, rows };
  };

  /** The result as the program writes it: typed arrays as lists, floats by their shortest digits. */
  llmx.resultText = (result) => JSON.stringify(result, (_, v) => (v instanceof Float32Array ? Array.from(v, llmx.shortest) : v));

  llmx.exports = {
    svg: (context) => llmx.save(`${context.state.view}.svg`, llmx.svgText(llmx.snapshot(context.current().element)), "image/svg+xml"),
    png: async (context) => llmx.save(`${context.state.view}.png`, await llmx.png(llmx.snapshot(context.current().element))),
    csv: (context) => {
      const { name, rows } = context.current().view.csv?.() ?? mapCsv(context);
      llmx.save(`${name}.csv`, llmx.csv(rows), "text/csv;charset=utf-8");
    },
    json: (context) => llmx.save(context.at().name || "result.json", llmx.resultText(context.result), "application/json"),
  };

  llmx.exportMenu = (context) => {
    const texts = { png: "Picture (PNG)", svg: "Picture (SVG)", csv: "Scores (CSV)", json: "Result (JSON)" };
    const menu = h("details", { class: "menu" }, h("summary", { text: "Export" }));
    const run = async (kind) => {
      menu.open = false;
      try {
        await llmx.exports[kind](context);
        context.announce(`${texts[kind]} saved`);
      } catch (error) {
        context.announce(`${texts[kind]}: ${/** @type {Error} */ (error).message}`);
        throw error;
      }
    };
    menu.append(h("div", { class: "menu-list" }, Object.keys(texts).map((kind) => h("button", { type: "button", data: { export: kind }, text: texts[kind], onclick: () => run(kind) })),
      h("button", { type: "button", data: { export: "print" }, text: "Print", onclick: () => window.print() })));
    menu.addEventListener("keydown", (e) => {
      if (e.key !== "Escape") return;
      menu.open = false;
      menu.querySelector("summary")?.focus();
    });
    return menu;
  };
})();

// The frame of a report: head, common controls, tabs, one view at a time, how far to trust its numbers, foot.
"use strict";
(() => {
  const h = llmx.h;

  /** What all views of a report share. `state` (read it, `set` changes it, `on` listens):
   *    view, which (index of the result), map (id), unit, aggregation, sign ("signed", "absolute"),
   *    contrast (-1 … 1), theme, span ({first, last} of answer tokens that is pinned, or null), hover (the same,
   *    while the pointer is there), stacks (alternatives under every token), row (a map's row chosen by itself, or null), source (a unit's index, or null). */
  /** @param {ReportData} data
   *  @returns {Context} */
  const makeContext = (data) => {
    const results = data.results.map(({ name, result }) => {
      const whole = llmx.unpack(result);
      return { name, result: whole, maps: llmx.maps(whole), prompt: llmx.prompt(whole) };
    });
    const store = llmx.store(/** @type {State} */ ({
      view: null, which: 0, map: results[0].maps[0]?.id ?? null, unit: "token", aggregation: "sum", sign: "signed",
      contrast: 0, theme: "auto", span: null, hover: null, row: null, source: null, stacks: false,
    }));
    const live = h("div", { class: "only-heard", "aria-live": "polite" });
    /** @type {Context} */
    const context = {
      version: data.version, results, state: store.state, set: store.set, on: store.on, live,
      at: () => results[store.state.which],
      get result() { return context.at().result; },
      get maps() { return context.at().maps; },
      get prompt() { return context.at().prompt; },
      map: () => context.maps.find((m) => m.id === store.state.map) ?? context.maps[0],
      announce: (text) => { live.textContent = text; },
      current: () => { throw new Error("report: no view is built yet"); },
    };
    return context;
  };

  /** What is shown now: units of the chosen kind, their values for the chosen rows, and the scale. */
  llmx.shown = (context, options = {}) => {
    const { state } = context;
    const map = options.map ?? context.map();
    const units = options.units ?? llmx.unitsOf(map, context.prompt, state.unit);
    const span = state.hover ?? state.span;
    const rows = state.row !== null && state.hover === null && state.row < map.targets.length ? [state.row] : llmx.rowsFor(map, span);
    const finish = (v) => (state.sign === "absolute" || !map.signed ? Math.abs(v) : v);
    const signed = map.signed && state.sign === "signed";
    const values = llmx.aggregate(llmx.sumRows(map, rows), units, state.aggregation).map(map.signed ? finish : (v) => v);
    const { top, clipped } = llmx.scaleTop(values);
    return { map, units, rows, values, clipped, signed, scale: llmx.scale({ top, contrast: state.contrast, signed }) };
  };

  const counted = (n) => {
    const [size, unit] = n >= 1e9 ? [1e9, " B"] : n >= 1e6 ? [1e6, " M"] : n >= 1e3 ? [1e3, " K"] : [1, ""];
    return `${Number((n / size).toPrecision(3))}${unit}`;
  };
  /** @param {Context} context */
  const headOf = (context) => {
    const { result } = context;
    const model = result.model;
    const facts = [model.architecture, model.type, model.parameters && `${counted(model.parameters)} parameters`, `${result.Prompt.length} prompt tokens`, `${result.Decode_output.length} answer tokens`].filter(Boolean);
    /** @type {Choice[]} */
    const themes = [["auto", "Auto"], ["light", "Light"], ["dark", "Dark"]];
    return h("header", { class: "head" },
      h("div", {}, h("p", { class: "brand", text: "LLM Explainer" }), h("h1", {}, "Why ", h("span", { class: "model", text: llmx.tokenLabel(model.path ?? "the model", 80) }), " wrote this"), h("p", { class: "quiet", text: facts.join(" · ") })),
      h("div", { class: "head-tools" },
        llmx.segmented({ label: "Theme", name: "theme", choices: themes, value: context.state.theme, onchange: (theme) => {
          if (theme === "auto") delete document.documentElement.dataset.theme;
          else document.documentElement.dataset.theme = theme;
          context.set({ theme });
        } }),
        llmx.exportMenu(context)));
  };

  /** @type {[string, (map: ScoreMap) => boolean][]} */
  const families = [["Requested methods", (m) => m.id.startsWith("attribution")], ["Raw attention and the original toolbox", () => true]];
  /** @type {Record<string, (context: Context) => Child>} */
  const controlsFor = {
    which: (context) => llmx.segmented({ label: "Result", name: "which", value: context.state.which, choices: context.results.map((r, i) => [i, `${"AB"[i]}: ${llmx.tokenLabel(r.name || ["first", "second"][i], 24)}`]), onchange: (which) => context.set({ which, map: context.results[which].maps[0]?.id ?? null, span: null, hover: null, row: null, source: null }) }),
    map: (context) => {
      const left = [...context.maps];
      const twice = new Set(left.map((m) => m.label).filter((l, i, all) => all.indexOf(l) !== i));
      const text = (m) => (twice.has(m.label) ? `${m.label}: ${m.objective}` : m.label);
      const groups = families.map(([label, belongs]) => {
        const options = left.filter(belongs);
        for (const m of options) left.splice(left.indexOf(m), 1);
        return { label, options: options.map((m) => /** @type {Choice} */ ([m.id, text(m)])) };
      }).filter((g) => g.options.length > 0);
      return llmx.select({ label: "Method", name: "map", choices: groups.length === 1 ? groups[0].options : groups, value: context.map().id, onchange: (map) => context.set({ map, row: null, source: null }) });
    },
    unit: (context) => {
      const map = context.map();
      if (!map.tokenwise) return h("span", { class: "control quiet", text: `computed for ${context.result.command?.unit ? `each ${context.result.command.unit}` : "the given units"}` });
      const turns = context.prompt.turns.some((t) => t.role !== "prompt" && t.role !== "template");
      const kinds = Object.entries(llmx.unitKinds).filter(([k]) => turns || k !== "turn");
      const { unit, aggregation } = context.state;
      return [
        llmx.select({ label: "Unit", name: "unit", choices: kinds, value: unit, onchange: (u) => context.set({ unit: u, source: null }) }),
        unit !== "token" && llmx.select({ label: "combined by", name: "aggregation", choices: Object.entries(llmx.aggregations), value: aggregation, onchange: (a) => context.set({ aggregation: a }) }),
      ];
    },
    sign: (context) => context.map().signed && llmx.segmented({ label: "Values", name: "sign", choices: [["signed", "± signed"], ["absolute", "absolute"]], value: context.state.sign, onchange: (sign) => context.set({ sign }) }),
    contrast: (context) => llmx.slider({ label: "Contrast", name: "contrast", min: -1, max: 1, step: 0.05, value: context.state.contrast, text: (v) => (v === 0 ? "linear" : v > 0 ? "more" : "less"), oninput: (contrast) => context.set({ contrast }) }),
  };
  controlsFor.stacks = (context) => context.maps.some((m) => m.alternatives) && llmx.checkbox({ label: "Alternatives under each token (%)", name: "stacks", value: context.state.stacks, onchange: (stacks) => context.set({ stacks }) });
  const rebuildsControls = ["view", "which", "map", "unit", "theme"];

  /** @param {Context} context */
  const footOf = (context) => {
    const { result } = context;
    const seconds = Object.entries(result.timings_s ?? {}).map(([k, v]) => `${k} ${llmx.number(v)} s`).join(", ");
    return h("footer", { class: "foot" },
      result.warnings && result.warnings.length > 0 && h("section", { class: "warnings" }, h("h2", { text: "Warnings" }), h("ul", {}, result.warnings.map((w) => h("li", { text: w })))),
      h("details", {}, h("summary", { text: "Request and resources used" }), h("pre", { tabindex: "0", text: JSON.stringify(result.command ?? {}, null, 2) }), h("p", { class: "quiet", text: [seconds, result.peak_rss_bytes && `${llmx.number(result.peak_rss_bytes / 1e6)} MB of memory at most`].filter(Boolean).join("; ") })),
      h("p", { class: "quiet", text: `llm-explainer ${context.version ?? ""} · model file sha256 ${result.model.sha256_16 ?? ""}… · this page loads nothing from elsewhere` }));
  };

  /** Tabs by the pattern of WAI-ARIA: arrows move, the tab that has the focus is shown.
   *  @param {Context} context */
  const tabsOf = (context, views) => {
    const tabs = views.map((v) => h("button", { type: "button", role: "tab", id: `tab-${v.name}`, "aria-controls": "panel", data: { view: v.name }, text: v.title, onclick: () => context.set({ view: v.name }) }));
    const list = h("div", { role: "tablist", class: "tabs", "aria-label": "Views" }, tabs);
    const select = () => tabs.forEach((tab) => {
      const on = tab.dataset.view === context.state.view;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
    });
    llmx.roving(list, () => tabs, (i) => context.set({ view: views[i].name }));
    return { list, select };
  };

  /** Builds a report of `data` ({version, results: [{name, result}]}) in `root`. Returns {context, close()}. */
  llmx.report = (root, data) => {
    const context = makeContext(data);
    // Tabs of all results; what a view needs may be in one of them alone.
    const views = llmx.views().filter((v) => context.results.some((_, which) => {
      context.state.which = which;
      return v.serves(context.result, context);
    }));
    context.state.which = 0;
    /** The result that other views showed, while the comparison is shown.
     *  @type {number | null} */
    let beside = null;
    const { list, select } = tabsOf(context, views);
    const controls = h("div", { class: "controls", role: "group", "aria-label": "Display options" });
    const panel = h("section", { id: "panel", role: "tabpanel", class: "panel", tabindex: "-1" });
    const worth = h("section", { class: "worth", "aria-label": "How far to trust these numbers" });
    /** @type {ReturnType<Context["current"]>} */
    let current; // undefined until the first view is built
    const close = () => {
      current?.view.close?.();
      llmx.tooltip.hide();
    };

    const drawControls = () => {
      const several = context.results.length > 1 && current.definition.name !== "compare";
      const wanted = [...(several ? ["which"] : []), ...(current.definition.controls ?? [])];
      const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.name : undefined;
      controls.replaceChildren(...h("div", {}, wanted.map((c) => controlsFor[c](context))).childNodes);
      controls.hidden = controls.childElementCount === 0;
      llmx.focus(controls, focused);
    };
    const drawWorth = () => {
      worth.hidden = !(current?.definition.controls ?? []).includes("map") || context.maps.length === 0;
      if (worth.hidden) return;
      const { map, rows } = llmx.shown(context);
      worth.replaceChildren(h("h2", { text: "How far to trust these numbers" }), h("p", {}, h("strong", { text: llmx.methodName(map.method) }), ` · explains ${map.objective}`, map.options && Object.keys(map.options).length > 0 && ` · ${Object.entries(map.options).map(([k, v]) => `${k} ${v}`).join(", ")}`), ...llmx.worth(map, rows));
    };
    /** The comparison is of the first result's maps with the second's; the others show one result. */
    const turnTo = (which) => {
      const before = context.state.which;
      if (before === which) return;
      const { maps } = context.results[which];
      const map = maps.find((m) => m.id === context.state.map) ?? maps[0];
      Object.assign(context.state, { which, map: map?.id ?? null, span: null, row: null, source: null });
      beside = before;
    };
    const build = () => {
      close();
      const definition = views.find((v) => v.name === context.state.view) ?? views[0];
      panel.replaceChildren();
      panel.setAttribute("aria-labelledby", `tab-${definition.name}`);
      panel.dataset.view = definition.name;
      if (definition.hint) panel.append(h("p", { class: "hint", text: definition.hint }));
      if (definition.name === "compare") turnTo(0);
      else if (beside !== null) turnTo(beside);
      beside = definition.name === "compare" ? beside ?? 0 : null;
      const place = h("div", { class: "view" });
      panel.append(place);
      current = { definition, view: {}, element: place };
      drawControls();
      const serves = definition.serves(context.result, context);
      if (serves) current.view = definition.view(place, context.result, context) ?? {};
      else place.append(h("p", { text: "This result has nothing to show here." }));
      drawWorth();
    };
    context.current = () => current;

    const off = context.on((changes) => {
      select();
      if (["view", "which", "theme"].some((k) => changes.has(k)) || !current.view.update) return build();
      if (rebuildsControls.some((k) => changes.has(k))) drawControls();
      current.view.update(changes);
      if (["map", "span", "row"].some((k) => changes.has(k))) drawWorth();
    });
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const retheme = () => context.state.theme === "auto" && build();
    dark.addEventListener("change", retheme);

    // Paper is white: what is printed is drawn in light colours.
    let asked = null;
    const paint = (theme) => {
      if (theme === "auto") delete document.documentElement.dataset.theme;
      else document.documentElement.dataset.theme = theme;
      context.set({ theme });
    };
    const beforePrint = () => {
      asked = context.state.theme;
      paint("light");
    };
    const afterPrint = () => asked !== null && paint(asked);
    window.addEventListener("beforeprint", beforePrint);
    window.addEventListener("afterprint", afterPrint);

    document.title = `LLM Explainer: ${context.result.model.path ?? ""}`;
    if (views.length === 0) {
      root.replaceChildren(headOf(context), h("p", { text: "This result has no scores: no method was requested." }), footOf(context));
    } else {
      root.replaceChildren(headOf(context), list, controls, panel, worth, footOf(context), context.live);
      context.state.view = (views.find((v) => v.serves(context.result, context)) ?? views[0]).name;
      select();
      build();
    }
    return { context, close: () => {
      close();
      off();
      dark.removeEventListener("change", retheme);
      window.removeEventListener("beforeprint", beforePrint);
      window.removeEventListener("afterprint", afterPrint);
    } };
  };
})();

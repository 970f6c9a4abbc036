// Text map: the prompt coloured by the scores of what is pointed at in the answer.
"use strict";
(() => {
  const h = llmx.h;
  const roles = { system: "System", user: "User", assistant: "Assistant", tool: "Tool", question: "Question", context: "Context", source: "Source", prompt: "Prompt", template: "Template" };

  /** The units of the prompt, in turns that fold. `spans[i]` is the element of unit i. */
  const promptOf = (context, units) => {
    const promptTokens = context.prompt.tokens.length;
    const spans = new Map();
    const turns = context.prompt.turns.map((turn) => ({ ...turn, units: [] }));
    units.forEach((u, i) => {
      if (u.tokens[0] >= promptTokens) return;
      let t = 0;
      while (t + 1 < turns.length && turns[t].last <= u.tokens[0]) ++t;
      turns[t].units.push(i);
    });
    const elements = turns.filter((t) => t.units.length > 0).map((turn) => {
      const body = h("div", { class: "turn-text", dir: "auto" }, turn.units.map((i) => {
        const span = h("span", { class: "unit", role: "button", tabindex: "-1", "aria-pressed": "false", "aria-label": llmx.tokenName(units[i].text), data: { unit: i } }, llmx.tokenNodes(units[i].text));
        spans.set(i, span);
        return span;
      }));
      if (turn.role === "template") return h("div", { class: "turn template" }, body);
      turn.share = h("span", { class: "quiet share" });
      return h("details", { class: `turn role-${turn.role}`, open: true }, h("summary", {}, h("span", { class: "role", text: roles[turn.role] ?? turn.role }), turn.share), body);
    });
    const first = [...spans.values()][0];
    if (first) first.tabIndex = 0;
    return { spans, turns, element: h("div", { class: "prompt", role: "group", "aria-label": "Prompt" }, elements) };
  };

  /** The tokens that were explained: the answer's; with objective teacher the label's, in its place. */
  const explainedTokens = (context) => {
    const { result } = context;
    const map = context.map();
    if (result.objective?.name !== "teacher" || !map.id.startsWith("attribution")) return { title: "Answer", tokens: result.Decode_output };
    const each = map.targets.every((t) => t.last - t.first === 1);
    return { title: "Label, explained instead of the answer", tokens: each ? map.targets.map((t) => t.text) : [result.label_text] };
  };

  /** The most probable tokens at place t: of maps that explain alternatives, [{text, p, map, row, written}]. */
  llmx.alternatives = (context, t) => {
    const map = context.maps.find((m) => m.alternatives && /^(logprob|probability)/.test(m.objective));
    if (!map) return [];
    const log = map.objective.startsWith("logprob");
    const found = [];
    map.targets.forEach((target, row) => {
      if (target.first === t) found.push({ text: target.text, p: log ? Math.exp(target.value ?? -Infinity) : target.value ?? 0, map: map.id, row, written: target.text === context.result.Decode_output[t] });
    });
    return found;
  };

  /** What could have been written at a place, under its token. */
  const stackOf = (context, t) => h("span", { class: "stack", "aria-hidden": "true" }, llmx.alternatives(context, t).map((o) =>
    h("span", { class: o.written ? "written" : "" }, h("span", { class: "stack-text", text: llmx.tokenLabel(o.text, 14) }), h("span", { class: "stack-p", text: `${Math.round(100 * o.p)}` }))));

  const answerOf = (context) => {
    const { title, tokens } = explainedTokens(context);
    const logprobs = context.result.token_logprobs ?? [];
    const stacked = context.state.stacks;
    const options = tokens.map((text, t) => h("span", { class: stacked ? "token stacked" : "token", role: "option", tabindex: t === 0 ? "0" : "-1", "aria-selected": "false", "aria-label": llmx.tokenName(text), data: { token: t } }, llmx.tokenNodes(stacked ? text.replace(/\n/g, "↵") : text), stacked && stackOf(context, t)));
    const list = h("div", { class: "answer-text", role: "listbox", "aria-label": title, "aria-multiselectable": "true", dir: "auto" }, options.map((o, t) => [o, stacked && tokens[t].includes("\n") && "\n"]));
    const detail = h("div", { class: "answer-detail" });
    const element = h("section", { class: "answer", "aria-label": title }, h("h2", {}, title, h("span", { class: "quiet", text: `  ${tokens.length} tokens` })), list, detail);
    return { tokens, options, list, detail, element, logprobs };
  };

  /** Pointer and keys on the answer: pointing previews a row, a click pins it, dragging takes a span. */
  const wireAnswer = (context, answer) => {
    const { list, options } = answer;
    const at = (event) => {
      const token = llmx.closest(event, "[data-token]");
      return token && list.contains(token) ? Number(token.dataset.token) : null;
    };
    const one = (t) => ({ first: t, last: t + 1 });
    const between = (a, b) => ({ first: Math.min(a, b), last: Math.max(a, b) + 1 });
    const pinned = (span) => context.state.span && context.state.span.first === span.first && context.state.span.last === span.last;
    const pin = (span) => {
      context.set({ span: pinned(span) ? null : span, hover: null, row: null, source: null });
      const s = context.state.span;
      context.announce(s ? `Row of ${s.last - s.first === 1 ? llmx.tokenLabel(answer.tokens[s.first]) : `${s.last - s.first} answer tokens`} pinned` : "Whole answer");
    };
    let anchor = null;
    let dragged = false;
    list.addEventListener("pointerdown", (e) => {
      anchor = e.button === 0 ? at(e) : null;
      // A finger is held by what it touched first; it is to tell what it is over.
      if (e.target.hasPointerCapture?.(e.pointerId)) e.target.releasePointerCapture(e.pointerId);
      dragged = false;
    });
    list.addEventListener("pointerover", (e) => {
      const t = at(e);
      if (t === null || (e.pointerType === "touch" && anchor === null)) return;
      dragged ||= anchor !== null && t !== anchor;
      context.set({ hover: dragged ? between(anchor, t) : one(t) });
    });
    list.addEventListener("pointerleave", () => anchor === null && context.set({ hover: null }));
    const release = (e) => {
      if (anchor === null) return;
      const t = e.type === "pointerup" ? (at(e) ?? (dragged && context.state.hover ? (context.state.hover.first === anchor ? context.state.hover.last - 1 : context.state.hover.first) : null)) : null;
      if (t !== null) {
        if (dragged) context.set({ span: between(anchor, t), hover: null, row: null, source: null });
        else pin(one(t));
        options.forEach((o, i) => { o.tabIndex = i === t ? 0 : -1; });
      }
      anchor = null;
    };
    window.addEventListener("pointerup", release);
    window.addEventListener("pointercancel", release);
    let held = null;
    llmx.roving(list, () => options, (t, e) => {
      if (e.shiftKey) {
        held ??= context.state.span ? context.state.span.first : Math.max(0, t - 1);
        context.set({ span: between(held, t), hover: null, row: null });
      } else {
        held = t;
        context.set({ hover: one(t) });
      }
    });
    list.addEventListener("focusin", (e) => at(e) !== null && anchor === null && e.target.matches(":focus-visible") && context.set({ hover: one(at(e)) }));
    list.addEventListener("focusout", () => anchor === null && context.set({ hover: null }));
    list.addEventListener("keydown", (e) => {
      const t = at(e);
      if (t !== null && (e.key === "Enter" || e.key === " ")) {
        e.preventDefault();
        held = t;
        pin(one(t));
      } else if (e.key === "Escape") {
        context.set({ span: null, hover: null, row: null, source: null });
      }
    });
    return () => {
      window.removeEventListener("pointerup", release);
      window.removeEventListener("pointercancel", release);
    };
  };

  /** Tooltips of the prompt's units, and the way back: a unit that is clicked colours the answer. */
  const wirePrompt = (context, prompt, tell) => {
    const at = (event) => {
      const unit = llmx.closest(event, "[data-unit]");
      return unit ? Number(unit.dataset.unit) : null;
    };
    const toggle = (i) => {
      context.set({ source: context.state.source === i ? null : i });
      context.announce(context.state.source === null ? "Selection cleared" : "Answer coloured by how much it depends on this unit");
    };
    const show = (e) => (at(e) === null ? llmx.tooltip.hide() : tell(at(e)));
    prompt.element.addEventListener("pointerover", show);
    prompt.element.addEventListener("pointerleave", llmx.tooltip.hide);
    prompt.element.addEventListener("focusin", show);
    prompt.element.addEventListener("focusout", llmx.tooltip.hide);
    prompt.element.addEventListener("click", (e) => at(e) !== null && toggle(at(e)));
    prompt.element.addEventListener("keydown", (e) => {
      if (e.key === "Escape") return context.set({ source: null });
      if (at(e) === null || (e.key !== "Enter" && e.key !== " ")) return undefined;
      e.preventDefault();
      return toggle(at(e));
    });
    llmx.roving(prompt.element, () => [...prompt.spans.values()].filter((s) => s.closest("details:not([open])") === null));
  };

  const draw = (context, root) => {
    const units = llmx.unitsOf(context.map(), context.prompt, context.state.unit);
    const prompt = promptOf(context, units);
    const answer = answerOf(context);
    const legend = h("div", { class: "legend-place" });
    const says = h("p", { class: "says" });
    root.replaceChildren(h("div", { class: "map-head" }, says, legend), prompt.element, answer.element);
    let seen = null;

    const ranks = () => (seen.ranks ??= llmx.ranks(seen.values));
    const tell = (i) => {
      const total = seen.values.reduce((s, v) => s + Math.abs(v), 0);
      llmx.tooltip.show(prompt.spans.get(i), llmx.tooltipRows(llmx.tokenLabel(units[i].text), [
        ["score", llmx.number(seen.values[i])],
        ["rank", `${ranks()[i]} of ${units.length}`],
        ["share", total > 0 ? llmx.percent(Math.abs(seen.values[i]) / total) : "–"],
        seen.map.errors && seen.rows.length === 1 && units[i].of.length === 1 && ["standard error", llmx.number(seen.map.errors[seen.rows[0]][units[i].of[0]])],
        units[i].tokens.length > 1 && ["tokens", String(units[i].tokens.length)],
      ]));
    };
    const shift = context.result.model.kind === "encoder-decoder" ? 1 : 0; // its decoder reads a start token first

    const paintPrompt = () => {
      for (const [i, span] of prompt.spans) {
        span.style.backgroundColor = seen.scale.css(seen.values[i]);
        span.style.color = seen.scale.ink(seen.values[i]);
        span.setAttribute("aria-pressed", String(context.state.source === i));
      }
      const total = seen.values.reduce((s, v) => s + Math.abs(v), 0);
      for (const turn of prompt.turns) {
        if (!turn.share) continue;
        const part = turn.units.reduce((s, i) => s + Math.abs(seen.values[i]), 0);
        turn.share.textContent = total > 0 ? `${llmx.percent(part / total)} of the total` : "";
      }
    };
    const paintAnswer = () => {
      const span = context.state.hover ?? context.state.span;
      const own = new Map(); // answer tokens that are sources themselves
      units.forEach((u, i) => {
        const t = u.tokens[0] - context.prompt.tokens.length - shift;
        if (t >= 0) own.set(t, i);
      });
      const column = llmx.answerColumn(context, units);
      const scale = column && llmx.scale({ ...llmx.scaleTop(column), contrast: context.state.contrast, signed: seen.signed });
      answer.options.forEach((option, t) => {
        const on = Boolean(span) && t >= span.first && t < span.last;
        option.setAttribute("aria-selected", String(on));
        const colour = column ? [scale, column[t]] : own.has(t) && span ? [seen.scale, seen.values[own.get(t)]] : null;
        option.style.backgroundColor = colour && !on ? colour[0].css(colour[1]) : "";
        option.style.color = colour && !on ? colour[0].ink(colour[1]) : "";
      });
    };
    const detail = () => {
      const span = context.state.hover ?? context.state.span;
      answer.detail.replaceChildren(...llmx.tokenDetail(context, answer, span));
    };
    const update = () => {
      seen = llmx.shown(context, { units });
      paintPrompt();
      paintAnswer();
      detail();
      legend.replaceChildren(llmx.legend(seen.scale, seen.clipped));
      says.textContent = llmx.saysOf(context, answer, seen);
      answer.element.classList.toggle("pinned", context.state.span !== null);
    };
    wirePrompt(context, prompt, tell);
    const unwire = wireAnswer(context, answer);
    update();
    return { update, unwire };
  };

  llmx.view({
    name: "text", title: "Text map", order: 10, controls: ["map", "unit", "sign", "contrast", "stacks"],
    serves: (result, context) => context.maps.length > 0,
    view(root, result, context) {
      let drawn = draw(context, root);
      const paint = llmx.framed(() => drawn.update());
      return {
        update(changes) {
          if (!["map", "unit", "stacks"].some((k) => changes.has(k))) return paint();
          drawn.unwire();
          llmx.tooltip.hide();
          drawn = draw(context, root);
          return undefined;
        },
        close: () => drawn.unwire(),
      };
    },
  });
})();

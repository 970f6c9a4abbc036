// Why: the answer's sentences beside the passages of the prompt, and which of them rest on which.
"use strict";
(() => {
  const h = llmx.h;
  const ungrounded = "rests on no passage: from the model itself";
  const roles = { document: "Document", context: "Context", tool: "Tool result", system: "System message", user: "User's message", assistant: "Assistant's message", question: "Question", source: "Source", "": "Prompt" };

  /** @type {(why: WhyJson) => Map<number, number>} Numbers of the passages, in the order in which sentences name them. */
  const footnotes = (why) => {
    const numbers = new Map();
    for (const { sources } of why.sentences) {
      for (const { passage } of sources) if (!numbers.has(passage)) numbers.set(passage, numbers.size + 1);
    }
    return numbers;
  };

  /** @type {(why: WhyJson) => WhyRest[][]} For each passage the sentences that rest on it, the most dependent one first. */
  const restsOf = (why) => {
    const rests = why.passages.map(() => /** @type {WhyRest[]} */ ([]));
    why.sentences.forEach(({ sources }, sentence) => {
      for (const source of sources) rests[source.passage].push({ sentence, source });
    });
    for (const list of rests) list.sort((a, b) => b.source.strength - a.source.strength);
    return rests;
  };

  /** One line that may be broken at its spaces. */
  const label = (text, most) => llmx.tokenLabel(text.replace(/\s+/g, " ").trim(), most).replaceAll("\u00a0", " ");
  const quoted = (text, most = 40) => `“${label(text, most)}”`;
  const counted = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;
  /** Running text with its line ends, without the marks that tokens have for them. */
  const textNodes = (text) => text.trim().split(/\r?\n/).flatMap((line, i) => [i > 0 && "\n", ...llmx.tokenNodes(line)]);

  /** @param {WhyPassage} passage
   *  @param {WhyPassage[]} all */
  const headingOf = ({ role, part, title }, all) => {
    const name = roles[role] ?? label(role, 40);
    const several = role === "document" || all.some((p) => p.role === role && p.part !== part);
    return `${name}${several && role !== "" ? ` ${part}` : ""}${title === "" ? "" : `: ${label(title, 80)}`}`;
  };
  const linesOf = ({ lines: [first, last] }) => (first === last ? `line ${first}` : `lines ${first} to ${last}`);

  /** @param {WhySource} source
   *  @param {WhySentence} sentence */
  const factsOf = (source, sentence) => [
    `${llmx.number(source.strength)} nats`,
    `without it${source.substitute ? " and those that say the same" : ""} ${llmx.percent(source.probability_without)} instead of ${llmx.percent(sentence.probability)} a token`,
    source.p_value !== undefined && (source.p_value < 0.001 ? "p < 0.001" : `p = ${llmx.number(source.p_value)}`),
    source.substitute && "said elsewhere too",
  ].filter(Boolean).join(" · ");

  /** @param {WhyJson} why
   *  @returns {WhyAnswer} */
  const answerOf = (why, numbers) => {
    const options = why.sentences.map(({ text, sources, grounded }, s) => {
      const named = sources.map(({ passage }) => numbers.get(passage));
      const rests = grounded ? `Rests on passage${named.length === 1 ? "" : "s"} ${named.join(", ")}.` : `It ${ungrounded}.`;
      return h("div", { class: "why-sentence", role: "option", tabindex: s === 0 ? "0" : "-1", "aria-selected": "false", "aria-label": `${label(text, 1000)} ${rests}`, data: { sentence: s } },
        h("span", { class: "why-text", dir: "auto" }, textNodes(text)),
        named.map((n) => [" ", h("span", { class: "why-note", text: `[${n}]` })]),
        !grounded && h("span", { class: "why-ungrounded", text: ungrounded }));
    });
    const list = h("div", { role: "listbox", "aria-label": "Sentences of the answer" }, options);
    return { options, list, element: h("section", { class: "why-answer", "aria-label": "Answer" }, h("h2", {}, "Answer", h("span", { class: "quiet", text: `  ${counted(options.length, "sentence")}` })), list) };
  };

  /** A passage, and its lines of numbers: of the chosen sentence one at a time, all of them on paper.
   *  @param {WhyJson} why
   *  @param {WhyRest[]} rests */
  const passageOf = (why, p, number, rests) => {
    const passage = why.passages[p];
    /** @type {Map<number, HTMLElement>} */
    const facts = new Map();
    for (const { sentence, source } of rests) {
      const whose = rests.length > 1 && h("span", { class: "why-whose", text: `${quoted(why.sentences[sentence].text, 32)}: ` });
      facts.set(sentence, h("li", {}, whose, factsOf(source, why.sentences[sentence])));
    }
    const lines = [...facts.values()];
    if (rests.length > 1) {
      const summary = h("li", { class: "why-summary", text: `${rests.length} sentences rest on this, with up to ${llmx.number(rests[0].source.strength)} nats` });
      lines.unshift(summary);
      facts.set(-1, summary);
    } else if (rests.length === 1) {
      facts.set(-1, lines[0]);
    }
    const where = `${headingOf(passage, why.passages)}, ${linesOf(passage)}.`;
    const said = rests.length === 0 ? "No sentence rests on it." : rests.map(({ sentence, source }) => `${quoted(why.sentences[sentence].text)} rests on it: ${factsOf(source, why.sentences[sentence])}.`).join(" ");
    const element = h("div", { class: number === undefined ? "why-passage" : "why-passage named", role: "button", tabindex: p === 0 ? "0" : "-1", "aria-pressed": "false", "aria-label": `${number === undefined ? "" : `Passage ${number}: `}${label(passage.text, 1000)} ${where} ${said}`, data: { passage: p } },
      h("span", { class: "why-note", text: number === undefined ? "" : `[${number}]` }),
      h("div", { class: "why-body" }, h("div", { class: "why-text", dir: "auto" }, textNodes(passage.text)), lines.length > 0 && h("ul", { class: "why-facts" }, lines)));
    return { element, facts };
  };

  /** Neighbours that stand in the same document or message.
   *  @param {WhyPassage[]} passages */
  const partsOf = (passages) => {
    /** @type {{first: WhyPassage, indices: number[]}[]} */
    const parts = [];
    passages.forEach((passage, p) => {
      const last = parts[parts.length - 1];
      if (last && last.first.role === passage.role && last.first.part === passage.part) last.indices.push(p);
      else parts.push({ first: passage, indices: [p] });
    });
    return parts;
  };

  /** @param {WhyJson} why
   *  @param {WhyRest[][]} rests
   *  @returns {WhyPrompt} */
  const promptOf = (why, numbers, rests) => {
    const drawn = why.passages.map((_, p) => passageOf(why, p, numbers.get(p), rests[p]));
    const parts = partsOf(why.passages).map(({ first, indices }) => {
      const named = indices.filter((p) => numbers.has(p)).length;
      return h("details", { class: "turn", open: true },
        h("summary", {}, h("h3", { class: "role", text: headingOf(first, why.passages) }), h("span", { class: "quiet", text: named === 0 ? "" : counted(named, "source") })),
        h("div", { class: "why-part" }, indices.map((p) => drawn[p].element)));
    });
    const list = h("div", { role: "group", "aria-label": "Passages of the prompt" }, parts);
    const asked = partsOf(why.asked).map(({ first, indices }) => h("p", { class: "quiet" },
      h("strong", { text: `${headingOf(first, why.asked)}: ` }), h("span", { class: "why-text", dir: "auto" }, indices.map((a, i) => [i > 0 && " ", textNodes(why.asked[a].text)]))));
    const element = h("section", { class: "why-prompt", "aria-label": "Prompt" },
      h("h2", {}, "Prompt", h("span", { class: "quiet", text: `  ${counted(drawn.length, "passage")}` })),
      drawn.length === 0 && h("p", { class: "quiet", text: "The prompt holds nothing but question and instructions." }), list,
      asked.length > 0 && h("section", { class: "why-asked", "aria-label": "Question and instructions" }, h("h2", { class: "quiet", text: "Question and instructions" }), asked));
    return { items: drawn.map((d) => d.element), facts: drawn.map((d) => d.facts), list, element };
  };

  /** One sentence on what is shown.
   *  @param {WhyJson} why
   *  @param {WhyRest[][]} rests
   *  @param {WhyPlace | null} chosen */
  const saysOf = (why, rests, chosen) => {
    if (chosen === null) return "Point at a sentence to see the passages that it rests on, or at a passage to see the sentences that rest on it. Click to pin.";
    if (chosen.side === "passage") {
      const count = rests[chosen.index].length;
      return count === 0 ? "No sentence of the answer rests on this passage." : `${counted(count, "sentence")} ${count === 1 ? "rests" : "rest"} on this passage.`;
    }
    const { grounded, sources, probability, probability_alone: alone } = why.sentences[chosen.index];
    return `This sentence ${grounded ? `rests on ${counted(sources.length, "passage")}` : ungrounded}. Without any passage, the probability of a token is ${llmx.percent(alone)} instead of ${llmx.percent(probability)}.`;
  };

  /** What is heard when something is pinned: what lights up, in words. */
  const heard = (why, numbers, rests, { side, index }) => {
    if (side === "passage") return [`Pinned. ${saysOf(why, rests, { side, index })}`, ...rests[index].map(({ sentence, source }) => `${quoted(why.sentences[sentence].text, 80)}, ${llmx.number(source.strength)} nats.`)].join(" ");
    const sentence = why.sentences[index];
    return [`Pinned. ${saysOf(why, rests, { side, index })}`, ...sentence.sources.map((source) => `Passage ${numbers.get(source.passage)}: ${factsOf(source, sentence)}.`)].join(" ");
  };

  const sameAs = (a, b) => a === b || (a !== null && b !== null && a.side === b.side && a.index === b.index);

  /** Pointer and keys on one of the two lists: pointing and the focus light, a click or Enter pins, Escape releases. */
  const wire = (list, side, items, { point, pin }) => {
    const at = (event) => {
      const item = llmx.closest(event, `[data-${side}]`);
      return item ? { side, index: Number(item.dataset[side]) } : null;
    };
    // Not pointerover: where a click scrolls, it is not the pointer that moves.
    list.addEventListener("pointermove", (e) => e.pointerType !== "touch" && point(at(e)));
    list.addEventListener("pointerleave", () => point(null));
    list.addEventListener("focusin", (e) => e.target.matches(":focus-visible") && point(at(e)));
    list.addEventListener("focusout", () => point(null));
    list.addEventListener("click", (e) => {
      const place = at(e);
      if (place === null) return;
      items.forEach((item, i) => { item.tabIndex = i === place.index ? 0 : -1; });
      pin(place);
    });
    list.addEventListener("keydown", (e) => {
      const place = at(e);
      if (e.key === "Escape") return pin(null);
      if (place === null || (e.key !== "Enter" && e.key !== " ")) return undefined;
      e.preventDefault();
      return pin(place);
    });
    llmx.roving(list, () => items.filter((item) => item.closest("details:not([open])") === null));
  };

  /** Colours both lists by what is chosen: a sentence, a passage or nothing.
   *  @param {WhyJson} why
   *  @param {WhyRest[][]} rests
   *  @param {WhyAnswer} answer
   *  @param {WhyPrompt} prompt
   *  @param {Scale} scale */
  const painter = (why, rests, answer, prompt, scale) => {
    /** @param {WhyRest | undefined} rest */
    const light = (element, rest) => {
      element.classList.toggle("lit", rest !== undefined);
      element.style.backgroundColor = rest ? scale.css(rest.source.strength) : "";
      element.style.color = rest ? scale.ink(rest.source.strength) : "";
    };
    /** @param {WhyPlace | null} chosen
     *  @param {WhyPlace | null} pinned */
    return (chosen, pinned) => {
      const [sentence, passage] = ["sentence", "passage"].map((side) => (chosen?.side === side ? chosen.index : null));
      const mark = (item, place, name) => {
        item.classList.toggle("chosen", sameAs(chosen, place));
        item.setAttribute(name, String(sameAs(pinned, place)));
      };
      answer.options.forEach((option, index) => {
        const rest = passage === null ? undefined : rests[passage].find((r) => r.sentence === index);
        light(option, rest);
        mark(option, { side: "sentence", index }, "aria-selected");
      });
      prompt.items.forEach((item, index) => {
        const all = rests[index];
        const rest = sentence !== null ? all.find((r) => r.sentence === sentence) : passage === null || passage === index ? all[0] : undefined;
        light(item, rest);
        mark(item, { side: "passage", index }, "aria-pressed");
        const shown = prompt.facts[index].get(rest && sentence !== null ? sentence : -1);
        for (const line of prompt.facts[index].values()) line.classList.toggle("shown", line === shown);
      });
    };
  };

  /** @type {ViewDefinition["view"]} */
  const build = (root, result, context) => {
    const { why } = result;
    if (!why) return undefined;
    const numbers = footnotes(why);
    const rests = restsOf(why);
    const answer = answerOf(why, numbers);
    const prompt = promptOf(why, numbers, rests);
    // The lighter half of the colours: passages are there to be read.
    const scale = llmx.scale({ top: 2 * Math.max(0, ...rests.map((r) => r[0]?.source.strength ?? 0)), signed: false });
    const paint = painter(why, rests, answer, prompt, scale);
    const says = h("p", { class: "says" });
    const state = llmx.remembered(context, "why", { pinned: /** @type {WhyPlace | null} */ (null) });
    /** @type {WhyPlace | null} */
    let hover = null;
    const draw = () => {
      const chosen = hover ?? state.pinned;
      says.textContent = saysOf(why, rests, chosen) + (hover === null && state.pinned !== null ? " Press Escape to unpin." : "");
      paint(chosen, state.pinned);
    };
    const point = (place) => {
      if (sameAs(hover, place)) return;
      hover = place;
      draw();
    };
    /** The first of what lights up comes into sight. */
    const reveal = ({ side, index }) => {
      const first = side === "passage" ? answer.options[rests[index][0]?.sentence] : prompt.items[why.sentences[index].sources[0]?.passage];
      first?.closest("details")?.setAttribute("open", "");
      first?.scrollIntoView({ block: "nearest" });
    };
    const pin = (place) => {
      const before = state.pinned;
      state.pinned = sameAs(before, place) ? null : place;
      hover = null;
      draw();
      if (state.pinned !== null) reveal(state.pinned);
      if (state.pinned !== null || before !== null) context.announce(state.pinned === null ? "Released" : heard(why, numbers, rests, state.pinned));
    };
    wire(answer.list, "sentence", answer.options, { point, pin });
    wire(prompt.list, "passage", prompt.items, { point, pin });
    root.replaceChildren(h("div", { class: "map-head" }, says),
      h("div", { class: "why" }, answer.element, prompt.element),
      h("p", { class: "quiet why-cost", text: `${counted(why.passages.length, "passage")}, ${counted(why.runs, "text")} run, ${llmx.number(why.passes)} passes of prompt and answer` }));
    draw();
    return { update: () => {}, csv: () => ({ name: "why", rows: table(why, numbers) }) };
  };

  /** Every sentence with every passage.
   *  @param {WhyJson} why */
  const table = (why, numbers) => {
    /** @type {Table} */
    const rows = [["sentence", "sentence_text", "passage", "passage_text", "role", "part", "title", "first_line", "last_line", "footnote", "strength", "probability", "probability_without", "p_value", "substitute"]];
    why.sentences.forEach((sentence, s) => why.passages.forEach((passage, p) => {
      const source = sentence.sources.find((one) => one.passage === p);
      rows.push([s, sentence.text, p, passage.text, passage.role, passage.part, passage.title, ...passage.lines, source ? numbers.get(p) : "",
        llmx.shortest(why.strengths[s][p]), sentence.probability, source?.probability_without ?? "", source?.p_value ?? "", source ? Number(source.substitute) : ""]);
    }));
    return rows;
  };

  llmx.view({
    name: "why", title: "Why", order: 1, controls: [],
    serves: (result) => (result.why?.sentences.length ?? 0) > 0,
    view: build,
  });
})();

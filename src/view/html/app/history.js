// The runs of this page, newest first: to look at again, to edit, to compare with.
"use strict";
(() => {
  const h = llmx.h;
  const short = (text, most) => (text.length > most ? `${text.slice(0, most)}…` : text);

  /** Returns {element, add(run), runs, shown, other}. onchange() after the choice has changed; onedit(run). */
  llmx.history = ({ onchange, onedit }) => {
    /** @type {Run[]} */
    const runs = [];
    const list = h("ol", { class: "runs", reversed: true });
    const compare = h("span", {});
    const element = h("section", { class: "history", "aria-label": "History", hidden: true }, h("h2", { text: "History" }), compare, list);
    /** @type {RunHistory} */
    const history = { element, runs, shown: null, other: null, show: (run) => {
      history.shown = run;
      if (history.other === run) history.other = null;
      draw();
      onchange();
    }, add: (body, result) => {
      const before = history.shown;
      const run = { number: runs.length + 1, body, result };
      runs.push(run);
      history.other = before;
      history.show(run);
      return run;
    } };

    const name = (run) => `${run.number}: ${short(llmx.asked(run.body), 40)}`;
    const row = (run) => h("li", { value: String(run.number), class: run === history.shown ? "shown" : null },
      h("button", { type: "button", class: "run-pick", "aria-pressed": String(run === history.shown), onclick: () => history.show(run) },
        h("span", { class: "run-question", text: short(llmx.asked(run.body), 60) }),
        h("span", { class: "quiet", text: short(run.result.answer_text ?? "", 60) })),
      h("button", { type: "button", class: "plain-button", "aria-label": `Edit request ${run.number}`, text: "Edit", onclick: () => onedit(run) }));
    const draw = () => {
      element.hidden = runs.length === 0;
      list.replaceChildren(...runs.map(row).reverse());
      const others = runs.filter((run) => run !== history.shown);
      compare.replaceChildren();
      if (others.length === 0) return;
      compare.append(llmx.select({ label: "Compare with", name: "compare", value: history.other ? String(history.other.number) : "", choices: [["", "no other run"], ...others.reverse().map((run) => /** @type {Choice} */ ([String(run.number), name(run)]))], onchange: (v) => {
        history.other = runs.find((run) => String(run.number) === v) ?? null;
        onchange();
      } }));
    };
    return history;
  };
})();

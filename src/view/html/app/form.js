// The request: what to ask, and how to explain the answer.
"use strict";
(() => {
  const h = llmx.h;
  /** @type {Choice[]} */
  const units = [["token", "Tokens"], ["word", "Words"], ["sentence", "Sentences"], ["turn", "Turns"]];
  const takesContext = "context_reliance";

  const number = ({ label, name, value, min, max }) => {
    const id = llmx.id(name);
    const input = h("input", { type: "number", id, name, value, min, max, required: true });
    return { input, element: h("span", { class: "control" }, h("label", { for: id, text: label }), input) };
  };

  /** @param {{name: string, value: string, label: string, help?: string, checked: boolean}} options */
  const box = ({ name, value, label, help, checked }) => {
    const id = llmx.id(name);
    const input = h("input", { type: "checkbox", id, name, value, checked });
    return { input, element: h("span", { class: "method" }, input, h("label", { for: id, title: help, text: label })) };
  };
  const methodBoxes = (methods, first) => methods.map((m) => box({ name: "method", value: m.name, label: llmx.methodName?.(m.name) ?? m.name, help: m.help, checked: first.includes(m.name) }));

  /** Builds the form for a model, with `work` under its buttons. Returns {element, body(), problem(), fill(body),
   *  setBusy(busy)}; calls onsubmit() and oncancel(). */
  llmx.requestForm = ({ model, methods, work, onsubmit, oncancel }) => {
    const inputs = llmx.inputs(model);
    const writes = model.kind !== "encoder"; // one token after another
    const answer = llmx.textField({ label: "Existing answer", name: "answer", rows: 2, hint: "Leave empty to let the model write one." });
    const length = number({ label: "Maximum answer length in tokens", name: "max_new_tokens", value: 60, min: 1, max: 100000 });
    const boxes = methodBoxes(methods.filter((m) => writes || m.name !== takesContext), model.default_methods ?? []);
    const context = llmx.textField({ label: "Context", name: "context_span", rows: 2, hint: "The part of the prompt that is the context, in its own words: for methods that take it away." });
    const heads = box({ name: "views", value: "attention", label: "Attention by head, neurons", checked: true });
    const lens = box({ name: "logit_lens", value: "5", label: "Logit lens", checked: false });
    let unit = "token";
    const unitPlace = h("span", {});
    const drawUnit = () => unitPlace.replaceChildren(llmx.select({ label: "Scores for", name: "request-unit", choices: units, value: unit, onchange: (v) => { unit = v; } }));
    drawUnit();
    const run = h("button", { type: "submit", class: "primary", text: "Explain" });
    const cancel = h("button", { type: "button", class: "plain-button", text: "Cancel", hidden: true, onclick: oncancel });
    const own = llmx.examples.filter(inputs.takes);
    const examples = own.length > 0 && llmx.select({ label: "Start from", name: "example", choices: [["", "an example …"], ...own.map((e, i) => /** @type {Choice} */ ([String(i), e.name]))], value: "", onchange: (v) => v !== "" && fill(own[Number(v)]) });
    const options = h("details", { class: "options" }, h("summary", { text: "Methods and options" }),
      h("fieldset", { class: "methods" }, h("legend", { text: "Methods" }), boxes.map((b) => b.element)),
      h("fieldset", { class: "methods" }, h("legend", { text: "Also record" }), heads.element, writes && lens.element),
      h("div", { class: "controls" }, unitPlace, writes && length.element), writes && answer.element, writes && context.element);
    const form = h("form", { class: "request", "aria-label": "Request", novalidate: true, onsubmit: (event) => {
      event.preventDefault();
      if (!run.disabled) onsubmit();
    } }, examples && h("div", { class: "controls" }, examples), inputs.elements,
      h("div", { class: "run" }, run, cancel, h("span", { class: "quiet", text: "Ctrl + Enter" })), work, options);
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || (!event.ctrlKey && !event.metaKey)) return;
      event.preventDefault(); // else the same stroke presses the button that gets the focus: Cancel
      form.requestSubmit();
    });

    function fill(body) {
      inputs.fill(body);
      answer.input.value = body.answer ?? "";
      context.input.value = body.context_span ?? "";
      if (body.max_new_tokens) length.input.value = body.max_new_tokens;
      if (body.method) for (const b of boxes) b.input.checked = body.method.includes(b.input.value);
      if (body.views) heads.input.checked = body.views.includes("attention");
      if (body.logit_lens !== undefined) lens.input.checked = body.logit_lens > 0;
      if (body.unit) unit = body.unit;
      drawUnit();
    }
    const body = () => {
      /** @type {RequestBody} */
      const request = { ...inputs.body(), unit, method: boxes.filter((b) => b.input.checked).map((b) => b.input.value), views: heads.input.checked ? ["attention", "neuron"] : ["none"] };
      if (!writes) return request;
      if (answer.input.value !== "") request.answer = answer.input.value;
      if (context.input.value !== "") request.context_span = context.input.value;
      return { ...request, per_token: true, logit_lens: lens.input.checked ? 5 : 0, max_new_tokens: Number(length.input.value) };
    };
    /** Why the request cannot be sent, or null. */
    const problem = () => {
      const chosen = boxes.filter((b) => b.input.checked).map((b) => b.input.value);
      if (chosen.length === 0) return "No method is chosen: choose at least one.";
      if (chosen.includes(takesContext) && context.input.value === "") return `${llmx.methodName?.(takesContext) ?? takesContext} needs a context: give its words under “Context”, or leave the method out.`;
      return null;
    };
    const setBusy = (busy) => {
      run.disabled = busy;
      cancel.hidden = !busy;
      (busy ? cancel : run).focus({ preventScroll: true });
    };
    return { element: form, body, problem, fill, setBusy };
  };
})();

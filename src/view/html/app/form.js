// The request: what to ask, and how to explain the answer.
"use strict";
(() => {
  const h = llmx.h;
  const units = [["token", "Tokens"], ["word", "Words"], ["sentence", "Sentences"], ["turn", "Turns"]];
  const firstMethods = ["input_x_gradient", "attention"];

  const area = ({ label, name, rows, hint }) => {
    const id = llmx.id(name);
    const input = h("textarea", { id, name, rows, spellcheck: "false", dir: "auto", "aria-describedby": hint ? `${id}-hint` : null });
    return { input, element: h("div", { class: "field" }, h("label", { for: id, text: label }), input, hint && h("p", { class: "quiet", id: `${id}-hint`, text: hint })) };
  };

  const number = ({ label, name, value, min, max }) => {
    const id = llmx.id(name);
    const input = h("input", { type: "number", id, name, value, min, max, required: true });
    return { input, element: h("span", { class: "control" }, h("label", { for: id, text: label }), input) };
  };

  const methodBoxes = (methods) => methods.map((m) => {
    const id = llmx.id("method");
    const input = h("input", { type: "checkbox", id, name: "method", value: m.name, checked: firstMethods.includes(m.name) });
    return { input, element: h("span", { class: "method" }, input, h("label", { for: id, title: m.help, text: llmx.methodName?.(m.name) ?? m.name })) };
  });

  /** Builds the form. `has_template`: the model takes chats. Returns {element, body(), fill(body), setBusy(busy)}.
   *  onsubmit() and oncancel() are told. */
  llmx.requestForm = ({ has_template, methods, onsubmit, oncancel }) => {
    const system = area({ label: "System prompt", name: "system", rows: 3 });
    const user = area({ label: has_template ? "Question" : "Prompt", name: "user", rows: 4, hint: has_template ? null : "This model has no chat template: the prompt is taken as it is, and continued." });
    const answer = area({ label: "Answer from elsewhere", name: "answer", rows: 2, hint: "Left empty, the model writes one." });
    const length = number({ label: "Longest answer, in tokens", name: "max_new_tokens", value: 60, min: 1, max: 100000 });
    const boxes = methodBoxes(methods);
    let unit = "token";
    const unitPlace = h("span", {});
    const drawUnit = () => unitPlace.replaceChildren(llmx.select({ label: "Scores for", name: "request-unit", choices: units, value: unit, onchange: (v) => { unit = v; } }));
    drawUnit();
    const run = h("button", { type: "submit", class: "primary", text: "Explain" });
    const cancel = h("button", { type: "button", class: "plain-button", text: "Cancel", hidden: true, onclick: oncancel });
    const examples = llmx.select({ label: "Start from", name: "example", choices: [["", "an example …"], ...llmx.examples.map((e, i) => [String(i), e.name])], value: "", onchange: (v) => v !== "" && fill(llmx.examples[Number(v)]) });
    const options = h("details", { class: "options" }, h("summary", { text: "Methods and options" }),
      h("fieldset", { class: "methods" }, h("legend", { text: "Methods" }), boxes.map((b) => b.element)),
      h("div", { class: "controls" }, unitPlace, length.element), answer.element);
    const form = h("form", { class: "request", "aria-label": "Request", novalidate: true, onsubmit: (event) => {
      event.preventDefault();
      if (!run.disabled) onsubmit();
    } }, h("div", { class: "controls" }, examples), has_template && system.element, user.element, options,
      h("div", { class: "run" }, run, cancel, h("span", { class: "quiet", text: "Ctrl + Enter" })));
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || (!event.ctrlKey && !event.metaKey)) return;
      event.preventDefault(); // else the same stroke presses the button that gets the focus: Cancel
      form.requestSubmit();
    });

    function fill(body) {
      system.input.value = body.system ?? "";
      user.input.value = body.user ?? body.prompt ?? "";
      answer.input.value = body.answer ?? "";
      if (body.max_new_tokens) length.input.value = body.max_new_tokens;
      if (body.method) for (const b of boxes) b.input.checked = body.method.includes(b.input.value);
      if (body.unit) unit = body.unit;
      drawUnit();
      user.input.focus();
    }
    const body = () => {
      const request = has_template ? { user: user.input.value } : { prompt: user.input.value };
      if (has_template && system.input.value !== "") request.system = system.input.value;
      if (answer.input.value !== "") request.answer = answer.input.value;
      return { ...request, method: boxes.filter((b) => b.input.checked).map((b) => b.input.value), per_token: true, unit, max_new_tokens: Number(length.input.value) };
    };
    const setBusy = (busy) => {
      run.disabled = busy;
      cancel.hidden = !busy;
      if (busy) cancel.focus();
      else run.focus();
    };
    return { element: form, body, fill, setBusy };
  };
})();

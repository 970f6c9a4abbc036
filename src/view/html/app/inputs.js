// What a model is asked, by its kind: a chat, a text to continue, a question about a text, a text to rewrite.
"use strict";
(() => {
  const h = llmx.h;

  llmx.textField = ({ label, name, rows, hint }) => {
    const id = llmx.id(name);
    const input = h("textarea", { id, name, rows, spellcheck: "false", dir: "auto", "aria-describedby": hint ? `${id}-hint` : null });
    return { input, element: h("div", { class: "field" }, h("label", { for: id, text: label }), input, hint && h("p", { class: "quiet", id: `${id}-hint`, text: hint })) };
  };

  /** Fields by the request's keys; `fixed` is sent as it is; `optional` keys are left out where they are empty. */
  const kinds = {
    chat: { fields: [{ name: "system", label: "System prompt", rows: 3 }, { name: "user", label: "Question", rows: 4 }], optional: ["system"] },
    text: { fields: [{ name: "prompt", label: "Prompt", rows: 4, hint: "This model has no chat template; it continues the prompt as written." }], optional: [] },
    encoder: { fields: [{ name: "context", label: "Text", rows: 5, hint: "The answer is a span of this text." }, { name: "question", label: "Question", rows: 2 }], optional: [], fixed: { task: "question_answering" } },
    "encoder-decoder": { fields: [{ name: "prefix", label: "Task prefix", rows: 1, hint: "What the model was trained to see before the text, such as “translate English to German: ”. Leave empty to use the checkpoint's own." }, { name: "source", label: "Text", rows: 5 }], optional: ["prefix"], task: [["translation", "Translation"], ["summarization", "Summary"]] },
  };
  const kindOf = (model) => (model.kind !== "decoder" ? model.kind : model.has_chat_template ? "chat" : "text");

  /** What a request asks, in one line of a list. */
  llmx.asked = (body) => body.user ?? body.prompt ?? body.question ?? body.source ?? "";

  /** The fields of a model's inputs: {elements, body(), fill(body), takes(body)}. */
  llmx.inputs = (model) => {
    const kind = kinds[kindOf(model)];
    const fields = kind.fields.map((field) => ({ ...llmx.textField(field), name: field.name }));
    let task = kind.task?.[0][0];
    const taskPlace = h("div", { class: "controls" });
    const drawTask = () => kind.task && taskPlace.replaceChildren(llmx.select({ label: "Task", name: "task", choices: kind.task, value: task, onchange: (v) => { task = v; } }));
    drawTask();
    return {
      elements: [kind.task && taskPlace, ...fields.map((f) => f.element)],
      body: () => {
        const given = fields.filter((f) => f.input.value !== "" || !kind.optional.includes(f.name));
        return { ...kind.fixed, ...(task ? { task } : {}), ...Object.fromEntries(given.map((f) => [f.name, f.input.value])) };
      },
      takes: (body) => fields[fields.length - 1].name in body,
      fill: (body) => {
        for (const f of fields) f.input.value = body[f.name] ?? "";
        if (body.task && kind.task) task = body.task;
        drawTask();
        fields[fields.length - 1].input.focus();
      },
    };
  };
})();

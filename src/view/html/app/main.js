// The application: a request, its answer as it comes, the report of it, and the runs before.
"use strict";
(() => {
  const h = llmx.h;

  const keyForm = (message, onkey) => {
    const id = llmx.id("key");
    const input = h("input", { type: "password", id, autocomplete: "off", required: true });
    return h("form", { class: "request", "aria-label": "API key", onsubmit: (event) => {
      event.preventDefault();
      llmx.client.setKey(input.value);
      onkey();
    } }, h("p", { role: "alert", text: message }), h("div", { class: "field" }, h("label", { for: id, text: "API key" }), input), h("button", { type: "submit", class: "primary", text: "Continue" }));
  };

  const application = (root, data, model, methods) => {
    const place = h("div", { class: "report-place" });
    const work = llmx.work();
    /** @type {Report | null} */
    let report = null;
    /** @type {AbortController | null} */
    let abort = null;

    const draw = () => {
      const view = report?.context.state.view;
      report?.close();
      place.replaceChildren();
      const { shown, other } = history;
      if (!shown) return;
      const named = (run) => ({ name: `run ${run.number}`, result: structuredClone(run.result) });
      // The comparison shows what changed from its first result to its second.
      const next = llmx.report(place, { version: data.version, results: [...(other ? [named(other)] : []), named(shown)] });
      report = next;
      if (other) next.context.set({ which: 1 });
      const views = llmx.views().filter((v) => v.serves(next.context.result, next.context)).map((v) => v.name);
      if (other && views.includes("compare")) next.context.set({ view: "compare" });
      else if (view && views.includes(view)) next.context.set({ view });
      document.title = "LLM Explainer";
    };
    const history = llmx.history({ onchange: draw, onedit: (run) => form.fill(run.body) });

    /** The result of a request without the methods that fail in it, and what the service says of those. */
    const withoutFailing = async (body, signal) => {
      const left = [];
      for (let { method } = body; ;) {
        work.begin();
        try {
          return { result: await llmx.client.explain({ ...body, method }, signal, work), left };
        } catch (error) {
          const { name, message } = /** @type {Error} */ (error);
          const failed = name === "ServiceError" ? method.find((m) => message.startsWith(`${m}: `)) : undefined;
          if (failed === undefined || method.length === 1) throw error;
          left.push(`Left out: ${message}`);
          method = method.filter((m) => m !== failed);
        }
      }
    };
    const explain = async () => {
      const problem = form.problem();
      if (problem) return work.fail(problem);
      const body = form.body();
      abort = new AbortController();
      form.setBusy(true);
      try {
        const { result, left } = await withoutFailing(body, abort.signal);
        work.end();
        history.add(body, result);
        if (left.length > 0) work.fail(left.join("\n"));
        // Beside each other, both are seen already.
        else if (place.getBoundingClientRect().top > innerHeight / 2) place.scrollIntoView();
      } catch (error) {
        const { name, message } = /** @type {Error} */ (error);
        work.fail(name === "AbortError" ? "Cancelled." : message);
      } finally {
        abort = null;
        form.setBusy(false);
      }
    };
    const form = llmx.requestForm({ model, methods, work: work.element, onsubmit: explain, oncancel: () => abort?.abort() });

    root.replaceChildren(h("header", { class: "head" }, h("div", {}, h("p", { class: "brand", text: "LLM Explainer" }), h("h1", {}, "Ask ", h("span", { class: "model", text: model.id })))),
      h("div", { class: "app" }, h("div", { class: "ask" }, form.element, history.element), place));
  };

  /** `data`: {version}. */
  const main = async (root, data) => {
    root.replaceChildren(h("p", { role: "status", text: "Loading model information …" }));
    try {
      const [models, methods] = await Promise.all([llmx.client.get("/v1/models"), llmx.client.get("/v1/methods")]);
      application(root, data, models.data[0], methods.methods);
    } catch (error) {
      const { message, status } = /** @type {Error & {status?: number}} */ (error);
      if (status === 401) root.replaceChildren(keyForm(message, () => main(root, data)));
      else root.replaceChildren(h("p", { role: "alert", text: message }), h("button", { type: "button", class: "primary", text: "Try again", onclick: () => main(root, data) }));
    }
  };
  llmx.main = main;
})();

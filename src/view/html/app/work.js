// What is going on: the answer as it is written, and how far its explanation is.
"use strict";
(() => {
  const h = llmx.h;
  const stages = { queue: "waiting", load: "loading the model", generate: "writing the answer", replay: "replaying the answer", gradient: "computing gradients" };

  llmx.work = () => {
    const stage = h("p", { class: "stage", role: "status" });
    const bar = h("progress", { max: "1", value: "0", "aria-label": "Progress of this step" });
    const answer = h("p", { class: "written", dir: "auto", "aria-label": "The answer so far" });
    const trouble = h("p", { class: "trouble", role: "alert", hidden: true });
    const going = h("div", { hidden: true }, stage, bar, answer);
    const element = h("section", { class: "work", "aria-label": "Progress" }, going, trouble);
    let named = "";
    return {
      element,
      begin: () => {
        trouble.hidden = true;
        going.hidden = false;
        element.scrollIntoView({ block: "nearest" });
        named = "";
        stage.textContent = "sending the request";
        bar.removeAttribute("value");
        answer.textContent = "";
      },
      token: (text) => { answer.append(text); },
      progress: ({ stage: name, done, ahead }) => {
        const text = name === "queue" ? `waiting for ${ahead} other request${ahead === 1 ? "" : "s"}` : stages[name] ?? name.replaceAll("_", " ");
        if (text !== named) stage.textContent = named = text;
        bar.value = done;
      },
      end: () => { going.hidden = true; },
      fail: (message) => {
        going.hidden = true;
        trouble.hidden = false;
        trouble.textContent = message;
        element.scrollIntoView({ block: "nearest" });
      },
    };
  };
})();

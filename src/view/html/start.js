// The last script of a page: reads its data and builds what it is (the application's files set llmx.main).
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data")?.textContent ?? "");
  const root = llmx.h("main", { id: "report" });
  document.body.append(root);
  (llmx.main ?? llmx.report)(root, data);
  document.documentElement.dataset.ready = "true";
})();

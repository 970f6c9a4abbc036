#!/usr/bin/env python3
"""Measures which defaults are the most faithful: `llmx evaluate` over texts.jsonl, for every model given.

usage: bench/defaults/run.py LLMX OUT.json MODEL...

Each configuration is evaluated under two absences (token, deletion), so that a method is not measured only by what it
is made of. OUT.json gets the means, standard errors and seconds; the table goes to standard output as Markdown.
"""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import tempfile
import time
from typing import Any

TEXTS = pathlib.Path(__file__).with_name("texts.jsonl")
METHODS = ",".join([
    "attention", "gradient", "saliency", "input_x_gradient", "integrated_gradients:steps=20",
    "smoothgrad:samples=10:noise=0.02", "smoothgrad:samples=10:noise=0.1", "smoothgrad:samples=10:noise=0.5",
    "gradient_shap:samples=10:noise=0.1", "attention_weights", "attention_x_gradient", "value_norm",
    "leave_one_out:baseline=token", "leave_one_out:baseline=deletion", "leave_one_out:baseline=attention_mask",
    "sparse_linear:samples=128:baseline=token", "sparse_linear:samples=128:baseline=deletion",
])
FORMS = {  # of a request: what is varied beside the methods
    "new": ["--hold", "template", "--aggregation", "automatic"],
    "hold none": ["--hold", "none", "--aggregation", "automatic"],
    "aggregation sum": ["--hold", "template", "--aggregation", "sum"],
}
KEYS = ["comprehensiveness", "sufficiency", "kendall_tau"]


def evaluated(llmx: str, model: str, form: list[str], absence: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as place:
        out = pathlib.Path(place) / "out.json"
        start = time.monotonic()
        subprocess.run([llmx, "evaluate", "--model", model, "--requests", str(TEXTS), "--unit", "word", "--method",
                        METHODS, "--absence", absence, "--quiet", "--json", str(out), *form], check=True)
        found: dict[str, Any] = json.loads(out.read_text())
        return {"seconds": time.monotonic() - start, "means": found["means"], "requests": len(found["requests"])}


def main() -> None:
    llmx, out, *models = sys.argv[1:]
    runs = []
    for model in models:
        for name, form in FORMS.items():
            for absence in ("token", "deletion"):
                run = {"model": pathlib.Path(model).name, "form": name, "absence": absence,
                       **evaluated(llmx, model, form, absence)}
                runs.append(run)
                pathlib.Path(out).write_text(json.dumps(runs, indent=1))
                print(f"\n**{run['model']}, {name}, absent: {absence}** ({run['requests']} texts, "
                      f"{run['seconds']:.0f} s)\n")
                print("| method | " + " | ".join(KEYS) + " |")
                print("| --- |" + " --- |" * len(KEYS))
                for mean in run["means"]:
                    cells = [f"{mean[key]['mean']:.3f} ± {mean[key]['standard_error']:.3f}" for key in KEYS]
                    print(f"| `{mean['method']}` | " + " | ".join(cells) + " |", flush=True)


main()
